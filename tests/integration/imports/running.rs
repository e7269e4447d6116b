//! How imports run: one at a time, until they are canceled, on the next worker
//! when theirs dies.

use rstest::rstest;
use serde_json::Value;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{product, seen, send};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_can_be_canceled_and_come_one_at_a_time(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let file = "handle,name\nlamp,Lamp\n";
    let begun = send(&app, tenant, "", file).expect(202).await;
    let id = begun.text_at("/id");
    send(&app, tenant, "", file)
        .refused(409, "import.going_on")
        .await;
    // Another shop's are its own.
    let theirs = send(&app, &shop.second, "", file).expect(202).await;
    let cancel = |id: &str, key: &str| {
        let path = format!("/api/admin/imports/{id}/cancel");
        app.client.post(&path, &Value::Null).bearer(key)
    };
    cancel(&id, &shop.second.key)
        .refused(404, "import.not_found")
        .await;
    let canceled = cancel(&id, &tenant.key).expect(200).await;
    assert_eq!(canceled.text_at("/state"), "canceled");
    app.drain().await;
    assert_eq!(seen(&app, tenant, &id).await.text_at("/state"), "canceled");
    assert_eq!(product(&app, tenant, "lamp").await.status, 404);
    assert_eq!(product(&app, &shop.second, "lamp").await.status, 200);
    cancel(&theirs.text_at("/id"), &shop.second.key)
        .refused(409, "import.over")
        .await;

    // Of many at once, one goes on.
    let calls = (0..6).map(|_| send(&app, tenant, "", file).send());
    let answers = futures::future::join_all(calls).await;
    let begun = answers.iter().filter(|answer| answer.status == 202).count();
    let refused = answers
        .iter()
        .filter(|answer| answer.body["code"] == "import.going_on")
        .count();
    assert_eq!((begun, refused), (1, 5));
    app.drain().await;

    // The same request twice is one import, while it goes on and after.
    let once = || {
        send(&app, tenant, "", file)
            .once("one-import-of-lamps")
            .expect(202)
    };
    let first = once().await;
    let second = once().await;
    assert_eq!(
        (first.text_at("/id"), second.header("idempotent-replayed")),
        (second.text_at("/id"), "true")
    );
    app.drain().await;
    assert_eq!(once().await.text_at("/id"), first.text_at("/id"));
    let other = send(&app, tenant, "", "handle,name\nlamp,Other\n").once("one-import-of-lamps");
    other.refused(422, "idempotency.key_reused").await;
    // An upload that was refused is in nobody's way.
    send(&app, tenant, "", file).expect(202).await;
    let list = app
        .client
        .get("/api/admin/imports?limit=2")
        .bearer(&tenant.key)
        .expect(200)
        .await;
    assert_eq!(list.body["has_more"], true);
}
