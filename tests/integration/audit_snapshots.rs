//! That the audit log tells what changed, and is found by what is asked for.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Tenant, eur};

use crate::promotions::{percent, promote};

async fn entries(app: &App, tenant: &Tenant, query: &str) -> Vec<Value> {
    let call = app.client.get(&format!("/api/admin/audit?{query}"));
    let answer = call.bearer(&tenant.key).expect(200).await;
    answer.body["data"].as_array().expect("a list").clone()
}

/// Changes something; the entry that this left.
async fn changed(app: &App, tenant: &Tenant, path: &str, body: &Value) -> Value {
    let seen = app.client.get(path).bearer(&tenant.key).expect(200).await;
    let change = app.client.patch(path, body).bearer(&tenant.key);
    let change = change
        .header("if-match", seen.header("etag"))
        .header("x-request-id", "the-change");
    change.expect(200).await;
    let mut found = entries(app, tenant, "request_id=the-change").await;
    found.remove(0)
}

async fn made(app: &App, tenant: &Tenant, path: &str, body: &Value) -> String {
    let call = app.client.post(path, body).bearer(&tenant.key);
    call.expect(201).await.text_at("/id")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_setting_is_in_the_log(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let body = json!({"return_window_days": 14, "language": "de", "time_zone": "Europe/Berlin"});
    let entry = changed(&app, &shop.first, "/api/admin/settings", &body).await;
    for (name, value) in body.as_object().expect("settings") {
        assert_eq!(&entry["after"][name], value, "{entry}");
        assert_ne!(&entry["before"][name], value, "{entry}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_in_the_log(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let lamp = app.simple(tenant, "Lamp", 5).await;
    let mut body = json!({"name": "A little", "needs_coupon": false, "rule": percent(100)});
    body["rule"]["products"] = json!([lamp.product]);
    let id = promote(&app, tenant, body).await;
    let path = format!("/api/admin/promotions/{id}");
    let all = json!({"rule": percent(10_000)});
    let entry = changed(&app, tenant, &path, &all).await;
    let (before, after) = (&entry["before"]["rule"], &entry["after"]["rule"]);
    assert_eq!(before["effect"]["basis_points"], 100);
    assert_eq!(before["products"], json!([lamp.product]));
    assert_eq!(after["effect"]["basis_points"], 10_000);
    assert_eq!(after["products"], json!([]));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn areas_and_steps_are_in_the_log(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let zones = "/api/admin/shipping-zones";
    let zone = json!({"name": "Berlin", "areas": [{"country": "DE", "postal_codes": ["10*"]}]});
    let zone = made(&app, tenant, zones, &zone).await;
    let wider = json!({"areas": [{"country": "DE", "postal_codes": ["10*", "12*"]},
        {"country": "US", "regions": ["CA"]}]});
    let entry = changed(&app, tenant, &format!("{zones}/{zone}"), &wider).await;
    assert_eq!(
        entry["before"]["areas"],
        json!([{"country": "DE", "postal_codes": ["10*"]}])
    );
    assert_eq!(entry["after"]["areas"], wider["areas"]);

    let methods = "/api/admin/shipping-methods";
    let step = |grams: i64| json!({"up_to_grams": grams, "below": eur(5000), "amount": eur(490)});
    let rates = |grams: i64| json!({"kind": "table", "steps": [step(grams)]});
    let parcel = json!({"code": "parcel", "name": "Parcel", "rates": rates(1000)});
    let parcel = made(&app, tenant, methods, &parcel).await;
    let heavier = json!({"rates": rates(2000)});
    let entry = changed(&app, tenant, &format!("{methods}/{parcel}"), &heavier).await;
    let logged = |grams: i64| json!({"kind": "table", "steps": [{"up_to_grams": grams, "below": 5000, "amount": 490}]});
    assert_eq!(entry["before"]["rates"], logged(1000));
    assert_eq!(entry["after"]["rates"], logged(2000));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_found_by_a_part_of_what_was_done(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    app.simple(tenant, "Lamp", 5).await;
    let language = json!({"language": "de"});
    changed(&app, tenant, "/api/admin/settings", &language).await;
    let found = entries(&app, tenant, "action=product.").await;
    assert!(!found.is_empty());
    for entry in &found {
        let action = entry["action"].as_str().expect("a word");
        assert!(action.starts_with("product."), "{action}");
    }
    let one = entries(&app, tenant, "action=settings.change").await;
    assert_eq!(entries(&app, tenant, "action=settings.").await, one);
    assert!(entries(&app, tenant, "action=set.").await.is_empty());
    assert!(entries(&app, tenant, "action=%25.").await.is_empty());

    let export = |query: &str| {
        let call = app.client.get(&format!("/api/admin/audit/export?{query}"));
        call.bearer(&tenant.key)
    };
    let lines = export("request_id=the-change").expect(200).await.text;
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.contains("settings.change"), "{lines}");
    let lines = export("action=product.").expect(200).await.text;
    assert_eq!(lines.lines().count(), found.len() + 1, "{lines}");
}
