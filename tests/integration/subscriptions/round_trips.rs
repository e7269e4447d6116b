//! How often hosted services ask the database.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{fund, lasting, menu};
use crate::round_trips::{fewest, times};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosted_services_ask_as_often_as_ever(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    let mut people = Vec::new();
    for n in 0..4 {
        let email = format!("asks-{n}@mail.test");
        let person = app.register(&email, tenant.host).await;
        let person = lasting(&app, &person).await;
        fund(&app, tenant, &person, 10_000).await;
        people.push(person);
    }
    let subscribe = |plan: &str| {
        let call = |token: &str| {
            let call = app
                .client
                .post("/api/subscriptions", &json!({"plan_id": plan}));
            call.bearer(token)
        };
        people.iter().map(|one| call(&one.token)).collect()
    };
    let subscribed = fewest(&app, subscribe(&menu.basic)).await;
    let owner = &people[0].token;
    let list = app.client.get("/api/subscriptions").bearer(owner);
    let subscription = list.expect(200).await.text_at("/data/0/id");
    let list = times(|| app.client.get("/api/instances").bearer(owner));
    let listed = fewest(&app, list).await;
    let found = app.client.get("/api/instances").bearer(owner);
    let instance = found.expect(200).await.text_at("/data/0/id");
    let path = format!("/api/instances/{instance}");
    let seen = fewest(&app, times(|| app.client.get(&path).bearer(owner))).await;
    let path = format!("/api/subscriptions/{subscription}");
    let one = fewest(&app, times(|| app.client.get(&path).bearer(owner))).await;
    let own = times(|| {
        let call = app.client.get("/api/subscriptions?limit=20");
        call.bearer(owner)
    });
    let own = fewest(&app, own).await;
    let all = times(|| {
        let call = app.client.get("/api/admin/instances");
        call.bearer(&tenant.key)
    });
    let all = fewest(&app, all).await;
    let mut upgrades = Vec::new();
    for person in &people {
        let list = app.client.get("/api/subscriptions").bearer(&person.token);
        let id = list.expect(200).await.text_at("/data/0/id");
        let path = format!("/api/subscriptions/{id}/upgrade");
        let call = app.client.post(&path, &json!({"plan_id": menu.pro}));
        upgrades.push(call.bearer(&person.token));
    }
    let upgraded = fewest(&app, upgrades).await;
    let counted = [
        ("subscribe", subscribed),
        ("instances", listed),
        ("instance", seen),
        ("subscription", one),
        ("subscriptions", own),
        ("all instances", all),
        ("upgrade", upgraded),
    ];
    // On PostgreSQL writes that follow each other go in one statement.
    let postgres = backend == Postgres;
    let expected = [
        ("subscribe", if postgres { 22 } else { 25 }),
        ("instances", 1),
        ("instance", 1),
        ("subscription", 2),
        ("subscriptions", 1),
        ("all instances", 1),
        ("upgrade", if postgres { 22 } else { 26 }),
    ];
    assert_eq!(counted, expected);
}

/// However many hold units, none is locked to find that all is well.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn comparing_units_asks_once_for_many(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = lasting(&app, &tenant.user).await;
    let scope = super::scope(&app, tenant);
    let mut asked = Vec::new();
    for n in 0..4 {
        let menu = menu(&app, tenant, &format!("n8n {n}"), Value::Null).await;
        let body = json!({"plan_id": menu.free});
        let call = app.client.post("/api/subscriptions", &body);
        call.bearer(&person.token).expect(201).await;
        let mut fewest = u64::MAX;
        for _ in 0..3 {
            let before = app.sutler.database.round_trips();
            let mended = app.sutler.subscriptions.reconcile_quotas(&scope).await;
            assert_eq!(mended.expect("an answer"), (0, 0));
            fewest = fewest.min(app.sutler.database.round_trips() - before);
        }
        asked.push(fewest);
    }
    assert!(asked.iter().all(|&count| count == asked[0]), "{asked:?}");
}
