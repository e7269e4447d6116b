//! Many at once: nothing is paid twice, and nothing is given twice.

use std::collections::BTreeMap;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use tokio::task::JoinSet;

use super::{balance, fund, lasting, menu, scope, see, used};
use crate::crowd::{counted, rounds};

/// Sends requests at the same moment; how often each status and code came.
async fn at_once(app: &App, calls: Vec<(String, String, Value)>) -> BTreeMap<(u16, String), usize> {
    let call = |n: usize| {
        let (client, (token, path, body)) = (app.client.clone(), calls[n].clone());
        async move {
            let answer = client.post(&path, &body).bearer(&token).send().await;
            let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
            (answer.status, code)
        }
    };
    counted(calls.len(), call).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_customer_who_subscribes_many_times_has_one(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    fund(&app, tenant, person, 100_000).await;
    let body = json!({"plan_id": menu.basic});
    let call = (person.token.clone(), "/api/subscriptions".to_owned(), body);
    let counts = at_once(&app, vec![call; 16]).await;
    let twice = "subscription.already_subscribed".to_owned();
    assert_eq!(
        counts,
        BTreeMap::from([((201, String::new()), 1), ((409, twice), 15)])
    );
    assert_eq!(balance(&app, person).await, 99_000);
    assert_eq!(used(&app, tenant, &menu.basic).await, 1);
    // The same for an upgrade, while it is canceled and renewed.
    let list = app.client.get("/api/subscriptions").bearer(&person.token);
    let id = list.expect(200).await.text_at("/data/0/id");
    let path = format!("/api/subscriptions/{id}/upgrade");
    let call = (person.token.clone(), path, json!({"plan_id": menu.pro}));
    let counts = at_once(&app, vec![call; 16]).await;
    assert_eq!(counts.get(&(200, String::new())), Some(&1), "{counts:?}");
    assert_eq!(balance(&app, person).await, 97_000);
    assert_eq!(used(&app, tenant, &menu.pro).await, 1);
    assert_eq!(used(&app, tenant, &menu.basic).await, 0);
    let path = format!("/api/subscriptions/{id}/cancel");
    let call = (person.token.clone(), path, json!({"now": true}));
    let counts = at_once(&app, vec![call; 16]).await;
    assert_eq!(counts.get(&(200, String::new())), Some(&1), "{counts:?}");
    assert_eq!(balance(&app, person).await, 100_000);
    assert_eq!(used(&app, tenant, &menu.pro).await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_customers_as_many_subscribe_as_there_is_room(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let menu = menu(&app, tenant, "n8n", json!(5)).await;
    let mut people = Vec::new();
    for n in 0..24 {
        let person = app
            .register(&format!("wants-{n}@mail.test"), tenant.host)
            .await;
        let person = lasting(&app, &person).await;
        fund(&app, tenant, &person, 1000).await;
        people.push(person);
    }
    let calls = people.iter().map(|person| {
        let body = json!({"plan_id": menu.basic});
        (person.token.clone(), "/api/subscriptions".to_owned(), body)
    });
    let counts = at_once(&app, calls.collect()).await;
    let gone = "quota.exhausted".to_owned();
    assert_eq!(
        counts,
        BTreeMap::from([((201, String::new()), 5), ((409, gone), 19)])
    );
    assert_eq!(used(&app, tenant, &menu.basic).await, 5);
    let mut paid = 0;
    for person in &people {
        paid += 1000 - balance(&app, person).await;
    }
    assert_eq!(paid, 5000);

    // All fall due; four workers renew them at the same time.
    for person in &people {
        fund(&app, tenant, person, 1000).await;
    }
    app.advance(Duration::from_hours(31 * 24 + 2));
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        let (service, scope) = (app.sutler.subscriptions.clone(), scope(&app, tenant));
        workers.spawn(async move { service.renew_due(&scope).await });
    }
    for done in workers.join_all().await {
        done.expect("a run");
    }
    let mut left = 0;
    for person in &people {
        left += balance(&app, person).await;
    }
    assert_eq!(left, 24 * 2000 - 5 * 2000);
    let scope = scope(&app, tenant);
    let wrong = app.sutler.credits.prove_wallets(&scope).await;
    assert_eq!(wrong.expect("a proof"), []);
    let mended = app.sutler.subscriptions.reconcile_quotas(&scope).await;
    assert_eq!(mended.expect("an answer"), (0, 0));
}

/// Its owner changes and ends it, and two workers renew it, all at the same
/// moment: whoever is first, money and units add up.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_renews_changes_and_ends_at_once_agree_about_money(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", json!(1)).await;
    let scope = scope(&app, tenant);
    for round in 0..rounds() {
        fund(&app, tenant, person, 5000).await;
        let before = balance(&app, person).await;
        let body = json!({"plan_id": menu.basic, "trial": false});
        let made = app.client.post("/api/subscriptions", &body);
        let id = made.bearer(&person.token).expect(201).await.text_at("/id");
        // It is due, or will be.
        let days = if round % 2 == 0 { 32 } else { 10 };
        app.advance(Duration::from_hours(24 * days));
        let call = |what: &str, body: Value| {
            let path = format!("/api/subscriptions/{id}/{what}");
            (person.token.clone(), path, body)
        };
        let calls = vec![
            call("upgrade", json!({"plan_id": menu.pro})),
            call("upgrade", json!({"plan_id": menu.pro})),
            call("cancel", json!({})),
            call("resume", Value::Null),
            call("cancel", json!({"now": true})),
        ];
        let subscriptions = app.sutler.subscriptions.clone();
        let (one, other, counts) = tokio::join!(
            subscriptions.renew_due(&scope),
            subscriptions.renew_due(&scope),
            at_once(&app, calls)
        );
        one.expect("a run");
        other.expect("a run");
        assert!(counts.keys().all(|(status, _)| *status < 500), "{counts:?}");
        let seen = see(&app, person, &id).await;
        assert_eq!(seen.text_at("/status"), "ended", "{counts:?}");
        let charges = seen.body["charges"].as_array().expect("charges").iter();
        let kept: i64 = charges
            .map(|one| {
                let minor = |what: &str| one[what]["amount"].as_i64().expect("an amount");
                minor("amount") - minor("refunded")
            })
            .sum();
        assert_eq!(balance(&app, person).await, before - kept, "{counts:?}");
        for plan in [&menu.basic, &menu.pro] {
            assert_eq!(used(&app, tenant, plan).await, 0, "{counts:?}");
        }
        app.drain().await;
    }
    let wrong = app.sutler.credits.prove_wallets(&scope).await;
    assert_eq!(wrong.expect("a proof"), []);
    let mended = app.sutler.subscriptions.reconcile_quotas(&scope).await;
    assert_eq!(mended.expect("an answer"), (0, 0));
}
