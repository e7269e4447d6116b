//! Plans of services.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{Pool, money, plan, service};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_are_listed_with_what_is_left_of_them(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let (key, client) = (&tenant.key, &app.client);
    let service = service(&app, tenant, "n8n").await;
    let admin = format!("/api/admin/catalog/services/{service}/plans");
    let free = json!({
        "name": "Free", "tier": "FREE", "price": money(&app, tenant, 0).await,
        "interval": {"unit": "month"},
        "features": ["Community support"], "limits": {"workflows": 3},
    });
    let pro = plan(&app, tenant, &service, "Pro", json!(2)).await;
    let made = client.post(&admin, &free).bearer(key).once("k1");
    let made = made.expect(201).await;
    let again = client.post(&admin, &free).bearer(key).once("k1");
    assert_eq!(again.expect(201).await.body, made.body);
    let taken = client.post(&admin, &free).bearer(key);
    taken.refused(409, "plan.slug_taken").await;

    let pool = Pool::new(&app, tenant, &pro);
    pool.give("one").await.expect("a unit");
    let public = "/api/catalog/services/n8n/plans";
    let seen = client.get(public).expect(200).await;
    assert_eq!(seen.text_at("/data/0/tier"), "FREE");
    assert_eq!(
        seen.body["data"][0]["availability"],
        json!({"available": true, "total_quota": null, "used_quota": 0, "left": null})
    );
    assert_eq!(seen.body["data"][0]["limits"], json!({"workflows": 3}));
    assert_eq!(
        seen.body["data"][1]["availability"],
        json!({"available": true, "total_quota": 2, "used_quota": 1, "left": 1})
    );
    pool.give("two").await.expect("a unit");
    let seen = client.get(public).expect(200).await;
    assert_eq!(seen.body["data"][1]["availability"]["available"], false);

    // Edited and archived by version.
    let path = format!("/api/admin/catalog/plans/{}", pro.text_at("/id"));
    let price = json!({"price": money(&app, tenant, 1200).await, "trial_days": 14});
    let edit = client.patch(&path, &price).bearer(key);
    edit.refused(428, "request.if_match_missing").await;
    let edit = client.patch(&path, &price).bearer(key);
    let edited = edit.header("if-match", "\"1\"").expect(200).await;
    assert_eq!(edited.number_at("/price/amount"), 1200);
    assert_eq!(edited.number_at("/availability/used_quota"), 2);
    let archive = client.post(&format!("{path}/archive"), &Value::Null);
    let late = archive.bearer(key).header("if-match", "\"1\"");
    late.refused(412, "version_mismatch").await;
    let archive = client.post(&format!("{path}/archive"), &Value::Null);
    let archive = archive.bearer(key).header("if-match", "\"2\"");
    archive.expect(200).await;
    let seen = client.get(public).expect(200).await;
    assert_eq!(seen.body["data"].as_array().map(Vec::len), Some(1));
    let all = client.get(&admin).bearer(key).expect(200).await;
    assert_eq!(all.body["data"][1]["status"], "archived");
    let other = client.get(&path).bearer(&shop.second.key);
    other.refused(404, "plan.not_found").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_that_make_no_sense_are_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let service = service(&app, tenant, "n8n").await;
    let path = format!("/api/admin/catalog/services/{service}/plans");
    let price = money(&app, tenant, 900).await;
    for (field, value, code, pointer) in [
        ("tier", json!("FREE"), "plan.invalid", "/price/amount"),
        (
            "price",
            money(&app, tenant, 0).await,
            "plan.invalid",
            "/price/amount",
        ),
        (
            "price",
            money(&app, tenant, -1).await,
            "plan.invalid",
            "/price/amount",
        ),
        (
            "price",
            json!({"amount": 900, "currency": "GBP"}),
            "plan.invalid",
            "/price/currency",
        ),
        (
            "interval",
            json!({"unit": "month", "count": 37}),
            "plan.invalid",
            "/interval/count",
        ),
        (
            "interval",
            json!({"unit": "year", "count": 0}),
            "plan.invalid",
            "/interval/count",
        ),
        ("trial_days", json!(366), "plan.invalid", "/trial_days"),
        (
            "limits",
            json!({"Work flows": 1}),
            "plan.invalid",
            "/limits",
        ),
        (
            "limits",
            json!({"workflows": -1}),
            "plan.invalid",
            "/limits",
        ),
        (
            "resources",
            json!({"cpu_request": "2", "cpu_limit": "1", "memory_request": "1Mi", "memory_limit": "1Gi"}),
            "plan.invalid",
            "/resources/cpu_request",
        ),
        (
            "features",
            json!([" "]),
            "request.invalid_body",
            "/features",
        ),
        ("total_quota", json!(-1), "quota.total", "/total"),
        ("slug", json!("A B"), "catalog.invalid_slug", "/slug"),
    ] {
        let mut body =
            json!({"name": "Pro", "tier": "PRO", "price": price, "interval": {"unit": "month"}});
        body[field] = value.clone();
        let refused = app.client.post(&path, &body).bearer(&tenant.key);
        let refused = refused.refused(422, code).await;
        assert_eq!(
            refused.text_at("/errors/0/pointer"),
            pointer,
            "{field} {value}"
        );
    }
    // Nothing is left of those that were refused.
    let all = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    assert_eq!(all.body["data"], json!([]));
    let missing = "/api/admin/catalog/services/svc_01h455vb4pex5vsknk084sn02q/plans";
    let body = json!({"name": "Pro", "tier": "PRO", "price": price, "interval": {"unit": "month"}});
    let refused = app.client.post(missing, &body).bearer(&tenant.key);
    refused.refused(404, "service.not_found").await;
}
