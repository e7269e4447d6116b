//! From subscribing to the end.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

use super::{balance, fund, lasting, menu, scope, see, used, wanted};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_subscribes_once_and_pays_from_the_wallet(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", json!(5)).await;
    let body = json!({"plan_id": menu.basic});
    let subscribe = |body: &Value| {
        let call = app.client.post("/api/subscriptions", body);
        call.bearer(&person.token)
    };
    // Nothing is left behind where there is no credit.
    subscribe(&body)
        .refused(402, "wallet.insufficient_credit")
        .await;
    fund(&app, tenant, person, 999).await;
    subscribe(&body)
        .refused(402, "wallet.insufficient_credit")
        .await;
    assert_eq!(used(&app, tenant, &menu.basic).await, 0);
    let none = app.client.get("/api/subscriptions").bearer(&person.token);
    assert_eq!(none.expect(200).await.body["data"], json!([]));

    fund(&app, tenant, person, 1001).await;
    let made = subscribe(&body).once("k1").expect(201).await;
    let again = subscribe(&body).once("k1").expect(201).await;
    assert_eq!(again.body, made.body);
    assert_eq!(made.text_at("/status"), "active");
    assert_eq!(made.text_at("/period_end"), "2026-04-01T12:00:00.000000Z");
    assert_eq!(balance(&app, person).await, 1000);
    assert_eq!(used(&app, tenant, &menu.basic).await, 1);
    let id = made.text_at("/id");
    assert_eq!(wanted(&app, person, &id).await, "running");
    let seen = see(&app, person, &id).await;
    assert_eq!(seen.number_at("/charges/0/amount/amount"), 1000);
    assert_eq!(seen.text_at("/charges/0/kind"), "start");
    let booked = app.client.get("/api/wallet/transactions?type=SUBSCRIPTION");
    let booked = booked.bearer(&person.token).expect(200).await;
    assert_eq!(
        booked.body["data"][0]["id"],
        seen.body["charges"][0]["transaction_id"]
    );
    // No second one of that service, in whatever plan.
    let free = json!({"plan_id": menu.free});
    // That comes before whatever else is wrong.
    let tried = json!({"plan_id": menu.basic, "trial": true});
    let cheap = json!({"plan_id": menu.basic, "coupon": "none"});
    for body in [&free, &tried, &cheap] {
        subscribe(body)
            .refused(409, "subscription.already_subscribed")
            .await;
    }
    let missing = json!({"plan_id": "plan_01h455vb4pex5vsknk084sn02q"});
    subscribe(&missing).refused(404, "plan.not_found").await;
    // Nor does anybody else see it.
    let path = format!("/api/subscriptions/{id}");
    for other in [&tenant.manager.token, &shop.second.user.token] {
        let other = app.client.get(&path).bearer(other);
        other.refused(404, "subscription.not_found").await;
    }
    let admin = app.client.get(&format!("/api/admin/subscriptions/{id}"));
    admin
        .bearer(&shop.second.key)
        .refused(404, "subscription.not_found")
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_archived_or_exhausted_cannot_be_subscribed_to(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    fund(&app, tenant, person, 5000).await;
    let full = menu(&app, tenant, "Ghost", json!(0)).await;
    let subscribe = async |plan: &str| {
        let call = app
            .client
            .post("/api/subscriptions", &json!({"plan_id": plan}));
        call.bearer(&person.token).send().await
    };
    let refused = subscribe(&full.basic).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (409, &json!("quota.exhausted"))
    );
    let archive = format!("/api/admin/catalog/plans/{}/archive", full.free);
    let archive = app.client.post(&archive, &Value::Null).bearer(&tenant.key);
    archive.header("if-match", "\"1\"").expect(200).await;
    let refused = subscribe(&full.free).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (404, &json!("plan.not_found"))
    );
    let archive = format!("/api/admin/catalog/services/{}/archive", full.service);
    let archive = app.client.post(&archive, &Value::Null).bearer(&tenant.key);
    archive.header("if-match", "\"1\"").expect(200).await;
    let refused = subscribe(&full.basic).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (404, &json!("plan.not_found"))
    );
    assert_eq!(balance(&app, person).await, 5000);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_is_had_once_and_then_paid(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    let subscribe = |body: &Value| {
        let call = app.client.post("/api/subscriptions", body);
        call.bearer(&person.token)
    };
    subscribe(&json!({"plan_id": menu.basic, "trial": true}))
        .refused(422, "subscription.no_trial")
        .await;
    // It needs no credit.
    let made = subscribe(&json!({"plan_id": menu.pro, "trial": true}));
    let made = made.expect(201).await;
    assert_eq!(made.text_at("/status"), "trialing");
    assert_eq!(made.text_at("/period_end"), "2026-03-15T12:00:00.000000Z");
    let id = made.text_at("/id");
    fund(&app, tenant, person, 3500).await;
    app.pass(Duration::from_hours(14 * 24 + 2), Duration::from_hours(12))
        .await;
    let seen = see(&app, person, &id).await;
    assert_eq!(seen.text_at("/status"), "active");
    assert_eq!(seen.number_at("/period"), 2);
    assert_eq!(seen.text_at("/period_end"), "2026-04-15T12:00:00.000000Z");
    assert_eq!(balance(&app, person).await, 500);
    // Canceled now, half of the month goes back.
    app.advance(Duration::from_hours(15 * 24 - 2 + 12));
    let cancel = format!("/api/subscriptions/{id}/cancel");
    let cancel = app.client.post(&cancel, &json!({"now": true}));
    let ended = cancel.bearer(&person.token).expect(200).await;
    assert_eq!(ended.text_at("/end_reason"), "canceled");
    assert_eq!(balance(&app, person).await, 500 + 1500);
    assert_eq!(used(&app, tenant, &menu.pro).await, 0);
    assert_eq!(wanted(&app, person, &id).await, "gone");
    let seen = see(&app, person, &id).await;
    assert_eq!(seen.number_at("/charges/0/refunded/amount"), 1500);
    // No second trial, but for money.
    subscribe(&json!({"plan_id": menu.pro, "trial": true}))
        .refused(409, "subscription.trial_used")
        .await;
    fund(&app, tenant, person, 3000).await;
    let paid = subscribe(&json!({"plan_id": menu.pro})).expect(201).await;
    assert_eq!(paid.text_at("/status"), "active");
    assert_eq!(balance(&app, person).await, 2000);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn canceling_to_the_end_can_be_taken_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    fund(&app, tenant, person, 10_000).await;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    let made = app
        .client
        .post("/api/subscriptions", &json!({"plan_id": menu.basic}));
    let made = made.bearer(&person.token).expect(201).await;
    let id = made.text_at("/id");
    let path = format!("/api/subscriptions/{id}");
    let act = |what: &str, body: Value| {
        let call = app.client.post(&format!("{path}/{what}"), &body);
        call.bearer(&person.token)
    };
    act("resume", Value::Null)
        .refused(409, "subscription.nothing_to_resume")
        .await;
    let canceled = act("cancel", json!({})).expect(200).await;
    assert_eq!(canceled.text_at("/status"), "active");
    act("cancel", json!({}))
        .refused(409, "subscription.already_canceled")
        .await;
    act("upgrade", json!({"plan_id": menu.pro}))
        .refused(409, "subscription.not_running")
        .await;
    let resumed = act("resume", Value::Null).expect(200).await;
    assert_eq!(resumed.body["canceled_at"], Value::Null);
    // Renewing is turned off by version.
    let patch = || {
        let call = app.client.patch(&path, &json!({"auto_renew": false}));
        call.bearer(&person.token)
    };
    patch().refused(428, "request.if_match_missing").await;
    patch()
        .header("if-match", "\"1\"")
        .refused(412, "version_mismatch")
        .await;
    let off = patch().header("if-match", "\"3\"").expect(200).await;
    assert_eq!(off.body["auto_renew"], false);
    app.pass(Duration::from_hours(31 * 24 + 2), Duration::from_hours(24))
        .await;
    let seen = see(&app, person, &id).await;
    assert_eq!(seen.text_at("/status"), "ended");
    assert_eq!(seen.text_at("/end_reason"), "not_renewed");
    assert_eq!(balance(&app, person).await, 9000);
    assert_eq!(used(&app, tenant, &menu.basic).await, 0);
    let mails = app.mails.to(&person.email);
    assert!(
        mails
            .iter()
            .any(|mail| mail.subject.contains("n8n has ended"))
    );
    for what in ["cancel", "resume"] {
        let body = if what == "cancel" {
            json!({})
        } else {
            Value::Null
        };
        act(what, body).refused(409, "subscription.over").await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shop_ends_subscriptions_and_orphans_are_found(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    fund(&app, tenant, person, 2000).await;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    let made = app
        .client
        .post("/api/subscriptions", &json!({"plan_id": menu.basic}));
    let id = made.bearer(&person.token).expect(201).await.text_at("/id");
    let end = format!("/api/admin/subscriptions/{id}/end");
    let end = |key: &str| app.client.post(&end, &json!({"refund": false})).bearer(key);
    end(&shop.second.key)
        .refused(404, "subscription.not_found")
        .await;
    end(&tenant.manager.token)
        .refused(403, "auth.forbidden")
        .await;
    let ended = end(&tenant.key).expect(200).await;
    assert_eq!(ended.text_at("/status"), "ended");
    assert_eq!(balance(&app, person).await, 1000);

    // Units that belong to nobody go back, and those that somebody lacks come.
    let made = app
        .client
        .post("/api/subscriptions", &json!({"plan_id": menu.basic}));
    let live = made.bearer(&person.token).expect(201).await.text_at("/id");
    let scope = scope(&app, tenant);
    let plan: kernel::PlanId = menu.basic.parse().expect("an id");
    let tx = app.begin_in(tenant).await;
    let quotas = &app.sutler.quotas;
    quotas
        .allocate_in_tx(&tx, plan, &id, 1)
        .await
        .expect("a unit");
    quotas
        .release_in_tx(&tx, plan, &live)
        .await
        .expect("a unit back");
    quotas
        .allocate_in_tx(&tx, plan, "by hand", 1)
        .await
        .expect("a unit");
    tx.commit().await.expect("a commit");
    let mended = app.sutler.subscriptions.reconcile_quotas(&scope).await;
    assert_eq!(mended.expect("an answer"), (1, 1));
    let mended = app.sutler.subscriptions.reconcile_quotas(&scope).await;
    assert_eq!(mended.expect("an answer"), (0, 0));
    assert_eq!(used(&app, tenant, &menu.basic).await, 2);
}
