//! Traces, at a real receiver.

use testkit::Backend;
use testkit::programs::Rotel;
use testkit::store::Store;

use crate::binary::Binary;
use crate::day;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn traces_arrive_at_a_receiver() {
    let rotel = Rotel::start().await;
    let store = Store::new(Backend::Sqlite).await;
    let sutler = Binary::serve(&store, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &rotel.url())]).await;
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    sutler
        .client
        .get("/api/catalog/products")
        .header("x-request-id", "a-request-of-tests")
        .header("traceparent", &format!("00-{trace}-{parent}-01"))
        .expect(200)
        .await;
    let secrets = day::live(&sutler).await;
    // What is left is sent when it stops.
    sutler.stop().await;

    let continued = rotel
        .wait_for("the traced request", |span| span.trace == trace)
        .await;
    assert_eq!(continued.parent, parent);
    assert_eq!(continued.name, "GET /api/catalog/products");
    assert_eq!(continued.kind, "SPAN_KIND_SERVER");
    assert_eq!(continued.attributes["request_id"], "a-request-of-tests");
    assert!(
        continued.attributes["tenant"].starts_with("ten_"),
        "{continued:?}"
    );
    let me = rotel
        .wait_for("/api/auth/me", |span| span.name == "GET /api/auth/me")
        .await;
    assert!(me.attributes["user"].starts_with("usr_"), "{me:?}");
    assert_eq!(me.attributes["route"], "/api/auth/me");
    let job = rotel
        .wait_for("the confirmation", |span| {
            span.attributes
                .get("kind")
                .is_some_and(|kind| kind == "orders.send_confirmation")
        })
        .await;
    assert_eq!(job.name, "job");
    assert!(job.attributes["tenant"].starts_with("ten_"), "{job:?}");
    assert!(!job.attributes["request_id"].is_empty(), "{job:?}");
    assert!(rotel.program.log().contains("service.name: Str(sutler)"));
    secrets.assert_absent(&rotel.program.log());
}
