//! Money of top-ups that goes back, whoever lets it: its credit goes with it,
//! once, and never more than there is.

use std::collections::BTreeMap;

use kernel::TopUpId;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::{Person, Tenant};
use testkit::stripe::{Paid, Till};
use testkit::{Answer, App};

use super::top_ups::{LONG, balance, top_up};
use super::{Books, amount, later, wallet_of};

/// A top-up that was paid at the test gateway.
async fn paid(app: &App, person: &Person, minor: i64) -> Answer {
    let made = top_up(app, person, minor).await;
    app.act(&made.text_at("/session_id"), "pay").await;
    app.drain().await;
    made
}

/// A top-up that was paid through Stripe.
pub(super) async fn paid_by_card(till: &Till, minor: i64) -> Answer {
    let made = top_up(&till.app, &till.shop.first.user, minor).await;
    assert!(till.stripe.pay(&made.text_at("/session_id")));
    till.deliver().await;
    made
}

fn place(top_up: &Answer, what: &str) -> String {
    format!("/api/admin/top-ups/{}{what}", top_up.text_at("/id"))
}

pub(super) async fn give_back(
    app: &App,
    tenant: &Tenant,
    top_up: &Answer,
    minor: Option<i64>,
) -> Answer {
    asked_back(app, tenant, top_up, minor, json!({"reason": "by mistake"})).await
}

/// Though its payer disputes it.
pub(super) async fn give_back_disputed(
    app: &App,
    tenant: &Tenant,
    top_up: &Answer,
    minor: Option<i64>,
) -> Answer {
    let body = json!({"reason": "agreed", "despite_dispute": true});
    asked_back(app, tenant, top_up, minor, body).await
}

async fn asked_back(
    app: &App,
    tenant: &Tenant,
    top_up: &Answer,
    minor: Option<i64>,
    mut body: Value,
) -> Answer {
    // So that it is the last one.
    app.advance(std::time::Duration::from_secs(1));
    if let Some(minor) = minor {
        body["amount"] = amount(minor);
    }
    let call = app.client.post(&place(top_up, "/refund"), &body);
    call.bearer(&tenant.key).send().await
}

pub(super) async fn seen(app: &App, tenant: &Tenant, top_up: &Answer) -> Value {
    let call = app.client.get(&place(top_up, "")).bearer(&tenant.key);
    call.expect(200).await.body
}

/// Each refund's cause, status, amount and the credit that went with it.
pub(super) fn refunds(top_up: &Value) -> Vec<(&str, &str, i64, i64)> {
    let all = top_up["refunds"].as_array().expect("a list");
    all.iter()
        .map(|one| {
            (
                one["cause"].as_str().unwrap_or_default(),
                one["status"].as_str().unwrap_or_default(),
                one["amount"]["amount"].as_i64().unwrap_or_default(),
                one["taken"]["amount"].as_i64().unwrap_or_default(),
            )
        })
        .collect()
}

pub(super) fn is_refused(answer: &Answer, code: &str) {
    assert_eq!(answer.body["code"], code, "{}", answer.describe());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_goes_back_as_far_as_its_credit_is_there(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let (tenant, user) = (&shop.first, &shop.first.user);
    let books = Books::new(&app, tenant);
    let key = wallet_of(user);
    let unpaid = top_up(&app, user, 700).await;
    is_refused(
        &give_back(&app, tenant, &unpaid, None).await,
        "top_up.not_paid",
    );
    let made = paid(&app, user, 5000).await;
    // Other credit is not its own, and is burned later.
    app.advance(std::time::Duration::from_secs(1));
    paid(&app, user, 900).await;
    books.spend(key, "first", 1000).await.expect("a spend");
    let refused = give_back(&app, tenant, &made, Some(4001)).await;
    is_refused(&refused, "top_up.refund_too_large");
    assert!(refused.text.contains("40.00 EUR"), "{}", refused.text);
    let body = json!({"amount": amount(1500), "reason": "by mistake"});
    let ask = |credential: &str| {
        app.client
            .post(&place(&made, "/refund"), &body)
            .bearer(credential)
    };
    ask(&user.token).refused(403, "auth.forbidden").await;
    ask(&shop.second.key).refused(404, "top_up.not_found").await;
    let first = ask(&tenant.key).once("once").expect(200).await;
    let again = ask(&tenant.key).once("once").expect(200).await;
    assert_eq!(first.body, again.body);
    // The credit is gone before the gateway is told.
    assert_eq!(balance(&app, user).await, (3400, 4400));
    app.drain().await;
    let known = seen(&app, tenant, &made).await;
    assert_eq!(refunds(&known), [("asked_for", "succeeded", 1500, 1500)]);
    assert_eq!(
        (&known["refunded"], &known["taken_back"]),
        (&amount(1500), &amount(1500))
    );
    let list = app.client.get("/api/wallet/transactions?limit=1");
    let list = list.bearer(&user.token).expect(200).await;
    let last = &list.body["data"][0];
    assert_eq!(last["type"], "TOP_UP_REFUND");
    assert_eq!(
        (&last["amount"], &last["reason"]),
        (&amount(-1500), &json!("by mistake"))
    );
    assert!(!last["refund_of"].is_null());
    // What is held stays: 2500 of its credit are left, 3400 in all.
    let hold = books.hold(key, "hold", 1400, later(&app, 3600)).await;
    let hold = hold.expect("a hold");
    let rest = give_back(&app, tenant, &made, None).await;
    assert_eq!(rest.status, 200, "{}", rest.describe());
    assert_eq!(balance(&app, user).await.0, 3400 - 2000);
    is_refused(
        &give_back(&app, tenant, &made, None).await,
        "top_up.refund_too_large",
    );
    books.void(hold.id).await;
    give_back(&app, tenant, &made, None).await;
    app.drain().await;
    let known = seen(&app, tenant, &made).await;
    let asked = |minor| ("asked_for", "succeeded", minor, minor);
    assert_eq!(refunds(&known), [asked(1500), asked(2000), asked(500)]);
    // Spent credit that comes back can go back to its owner, too.
    books.refund("first", "back", None).await.expect("a refund");
    assert_eq!(give_back(&app, tenant, &made, None).await.status, 200);
    is_refused(
        &give_back(&app, tenant, &made, None).await,
        "top_up.refund_too_large",
    );
    app.drain().await;
    assert_eq!(balance(&app, user).await, (900, 900));
    books.assert_proven().await;
}

/// Refunds and spends of the same credit, all at once: each bit of it goes one
/// way.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credit_is_spent_or_given_back_and_never_both(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::with(backend, &[LONG]).await;
    let shop = app.shop().await;
    let user = &shop.first.user;
    let books = Books::new(&app, &shop.first);
    let key = wallet_of(user);
    for round in 0..5 {
        let made = paid(&app, user, 1000).await;
        let id: TopUpId = made.text_at("/id").parse().expect("an id");
        let counts = crate::crowd::at_once(24, |n| {
            let books = books.clone();
            async move {
                if n % 2 == 0 {
                    return books
                        .spend(key, &format!("{round}-{n}"), 100)
                        .await
                        .map(|_| ());
                }
                let command = credits_service::RefundTopUp {
                    amount: Some(super::eur(100)),
                    reason: "race".to_owned(),
                    despite_dispute: false,
                };
                let refunded = books.credits.refund_top_up(&books.scope, id, &command);
                refunded.await.map(|_| ())
            }
        });
        let counts = counts.await;
        assert_eq!(counts["ok"], 10, "round {round}: {counts:?}");
        assert_eq!(balance(&app, user).await.0, 0);
        app.drain().await;
        let known = seen(&app, &shop.first, &made).await;
        let given = refunds(&known);
        assert!(given.iter().all(|one| one.1 == "succeeded"), "{given:?}");
        let total: i64 = given.iter().map(|one| one.2).sum();
        assert_eq!(known["taken_back"], amount(total));
    }
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_gateway_refuses_is_credit_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, tenant, user) = (&till.app, till.tenant(), &till.shop.first.user);
    let books = Books::new(app, tenant);
    let made = paid_by_card(&till, 1000).await;
    till.stripe.let_refunds_wait(true);
    give_back(app, tenant, &made, Some(600)).await;
    app.drain().await;
    assert_eq!(balance(app, user).await, (400, 400));
    // Asking for days is not giving back twice.
    till.pass_minutes(12).await;
    let at_stripe = till.stripe.refunds();
    assert_eq!(at_stripe.len(), 1);
    let known = seen(app, tenant, &made).await;
    assert_eq!(refunds(&known), [("asked_for", "pending", 600, 600)]);
    let id = at_stripe[0]["id"].as_str().expect("an id").to_owned();
    till.stripe.refund_ends(&id, false);
    till.deliver().await;
    let known = seen(app, tenant, &made).await;
    assert_eq!(refunds(&known), [("asked_for", "failed", 600, 600)]);
    assert_eq!(
        (
            &known["attention"],
            &known["refunded"],
            &known["taken_back"]
        ),
        (&json!("refund_failed"), &amount(0), &amount(0))
    );
    assert_eq!(balance(app, user).await, (1000, 1000));
    till.pass_minutes(12).await;
    assert_eq!(balance(app, user).await, (1000, 1000));

    // Somebody looked at it.
    let acknowledge = |body: Value| {
        let call = app.client.post(&place(&made, "/acknowledge"), &body);
        call.bearer(&tenant.key)
    };
    acknowledge(json!({"credit": amount(1), "reason": "r"}))
        .refused(409, "top_up.nothing_to_credit")
        .await;
    let done = acknowledge(json!({"reason": "told them"}))
        .expect(200)
        .await;
    assert_eq!(done.body["attention"], Value::Null);
    acknowledge(json!({"reason": "again"}))
        .refused(409, "top_up.nothing_to_acknowledge")
        .await;
    let list = app.client.get("/api/admin/top-ups?needs_attention=true");
    let list = list.bearer(&tenant.key).expect(200).await;
    assert_eq!(list.body["data"], json!([]));
    till.stripe.let_refunds_wait(false);
    give_back(app, tenant, &made, None).await;
    app.drain().await;
    assert_eq!(balance(app, user).await, (0, 0));
    books.assert_proven().await;
}

/// Another amount came than was asked for: somebody decides, once.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_credited_is_accepted_or_given_back(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, tenant, user) = (&till.app, till.tenant(), &till.shop.first.user);
    let books = Books::new(app, tenant);
    let pay = async |paid: &Paid| {
        let made = top_up(app, user, 1000).await;
        assert!(till.stripe.pay_as(&made.text_at("/session_id"), paid));
        till.deliver().await;
        made
    };
    let less = Paid {
        amount: Some(950),
        ..Paid::default()
    };
    let made = pay(&less).await;
    let accept = |minor: i64| {
        let body = json!({"credit": amount(minor), "reason": "is fine"});
        let call = app.client.post(&place(&made, "/acknowledge"), &body);
        call.bearer(&tenant.key)
    };
    accept(951).refused(422, "top_up.credit_too_large").await;
    give_back(app, tenant, &made, Some(50)).await;
    app.drain().await;
    accept(901).refused(422, "top_up.credit_too_large").await;
    let counts = crate::crowd::at_once(8, |_| {
        let (books, id) = (books.clone(), made.text_at("/id"));
        async move {
            let decision = credits_service::Acknowledgement {
                credit: Some(super::eur(900)),
                reason: "is fine".to_owned(),
            };
            let id = id.parse().expect("an id");
            books
                .credits
                .acknowledge_top_up(&books.scope, id, &decision)
                .await
        }
    });
    let expected = BTreeMap::from([("ok", 1), ("top_up.nothing_to_acknowledge", 7)]);
    assert_eq!(counts.await, expected);
    assert_eq!(balance(app, user).await, (900, 900));
    let known = seen(app, tenant, &made).await;
    assert_eq!(known["credited"], amount(900));
    // Dollars cannot become euros, but can go back.
    let dollars = Paid {
        currency: Some("usd"),
        ..Paid::default()
    };
    let made = pay(&dollars).await;
    let body = json!({"credit": amount(1000), "reason": "is fine"});
    let call = app.client.post(&place(&made, "/acknowledge"), &body);
    call.bearer(&tenant.key)
        .refused(409, "top_up.nothing_to_credit")
        .await;
    is_refused(
        &give_back(app, tenant, &made, Some(10)).await,
        "top_up.refund_currency",
    );
    assert_eq!(give_back(app, tenant, &made, None).await.status, 200);
    app.drain().await;
    let known = seen(app, tenant, &made).await;
    assert_eq!(refunds(&known), [("asked_for", "succeeded", 1000, 0)]);
    assert_eq!(
        known["refunded"],
        json!({"amount": 1000, "currency": "USD"})
    );
    assert_eq!(balance(app, user).await, (900, 900));
    books.assert_proven().await;
}
