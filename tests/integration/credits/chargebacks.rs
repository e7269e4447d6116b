//! Money of top-ups that goes back at the gateway or at the bank: its credit
//! goes with it as far as it is there, and nobody spends on where it is not.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::shop::Person;
use testkit::stripe::Till;

use super::top_up_refunds::{
    give_back, give_back_disputed, is_refused, paid_by_card, refunds, seen,
};
use super::top_ups::{LONG, balance, top_up};
use super::{Books, path, wallet_of};

async fn status(app: &App, person: &Person) -> String {
    let wallet = app.client.get("/api/wallet").bearer(&person.token);
    wallet.expect(200).await.text_at("/status")
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_at_the_gateway_takes_its_credit(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, tenant, user) = (&till.app, till.tenant(), &till.shop.first.user);
    let books = Books::new(app, tenant);
    let made = paid_by_card(&till, 1000).await;
    let session = made.text_at("/session_id");
    till.stripe.refund_at_dashboard(&session, 300);
    let events = till.stripe.take_events();
    for event in events.iter().chain(&events) {
        till.stripe.deliver(&app.client, event).await;
    }
    app.drain().await;
    let known = seen(app, tenant, &made).await;
    let first = ("made_at_gateway", "succeeded", 300, 300);
    assert_eq!(refunds(&known), [first]);
    // All is as it should be.
    assert_eq!(known["attention"], Value::Null);
    assert_eq!(balance(app, user).await, (700, 700));
    assert_eq!(status(app, user).await, "active");

    // Of the rest most is spent: what is there goes, and nobody spends on.
    books
        .spend(wallet_of(user), "spent", 600)
        .await
        .expect("a spend");
    app.advance(std::time::Duration::from_secs(1));
    till.stripe.refund_at_dashboard(&session, 500);
    till.deliver().await;
    let known = seen(app, tenant, &made).await;
    let second = ("made_at_gateway", "succeeded", 500, 100);
    assert_eq!(refunds(&known), [first, second]);
    assert_eq!(known["attention"], "credit_missing");
    assert_eq!(balance(app, user).await, (0, 600));
    assert_eq!(status(app, user).await, "frozen");
    books.assert_proven().await;
}

/// News that money went back comes before the news that it came.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_heard_of_before_its_payment_leaves_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, tenant, user) = (&till.app, till.tenant(), &till.shop.first.user);
    let made = top_up(app, user, 1000).await;
    let session = made.text_at("/session_id");
    assert!(till.stripe.pay(&session));
    till.stripe.refund_at_dashboard(&session, 1000);
    let mut events = till.stripe.take_events();
    events.reverse();
    for event in &events {
        till.stripe.deliver(&app.client, event).await;
        app.drain().await;
    }
    assert_eq!(balance(app, user).await, (0, 0));
    let known = seen(app, tenant, &made).await;
    assert_eq!(
        refunds(&known),
        [("made_at_gateway", "succeeded", 1000, 1000)]
    );
    Books::new(app, tenant).assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_freezes_and_takes_what_is_lost(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, tenant, user) = (&till.app, till.tenant(), &till.shop.first.user);
    let books = Books::new(app, tenant);
    let made = paid_by_card(&till, 1000).await;
    books
        .spend(wallet_of(user), "spent", 300)
        .await
        .expect("a spend");
    let session = made.text_at("/session_id");
    let dispute = till.stripe.dispute(&session, 1000);
    till.deliver().await;
    let known = seen(app, tenant, &made).await;
    assert_eq!(
        (&known["attention"], &known["dispute"]),
        (&json!("disputed"), &json!("open"))
    );
    assert_eq!(status(app, user).await, "frozen");
    assert_eq!(balance(app, user).await, (700, 1000));
    // The bank may give it back itself, so nobody else does by mistake.
    let refused = give_back(app, tenant, &made, Some(100)).await;
    assert_eq!(refused.status, 409, "{}", refused.describe());
    is_refused(&refused, "top_up.disputed");
    // Somebody trusts them; being told the same again changes nothing.
    let wallet = path(made.text_at("/wallet_id").parse().expect("an id"));
    let unfreeze = app.client.post(&format!("{wallet}/unfreeze"), &Value::Null);
    unfreeze.bearer(&tenant.key).expect(200).await;
    let review = json!({"status": "under_review"});
    till.stripe
        .dispute_goes_on(&dispute, "charge.dispute.updated", review);
    till.deliver().await;
    assert_eq!(status(app, user).await, "active");
    // Lost: what is left goes.
    let closed = "charge.dispute.closed";
    till.stripe
        .dispute_goes_on(&dispute, closed, json!({"status": "lost"}));
    let events = till.stripe.take_events();
    for event in events.iter().chain(&events) {
        till.stripe.deliver(&app.client, event).await;
    }
    app.drain().await;
    let known = seen(app, tenant, &made).await;
    assert_eq!(refunds(&known), [("charged_back", "succeeded", 1000, 700)]);
    assert_eq!(
        (&known["attention"], &known["dispute"]),
        (&json!("credit_missing"), &json!("lost"))
    );
    assert_eq!(status(app, user).await, "frozen");
    assert_eq!(balance(app, user).await, (0, 300));
    is_refused(
        &give_back(app, tenant, &made, None).await,
        "top_up.disputed",
    );
    // All of it went back.
    is_refused(
        &give_back_disputed(app, tenant, &made, None).await,
        "top_up.refund_too_large",
    );
    // The bank thinks again.
    till.stripe
        .dispute_goes_on(&dispute, closed, json!({"status": "won"}));
    till.deliver().await;
    let known = seen(app, tenant, &made).await;
    assert_eq!(refunds(&known), [("charged_back", "failed", 1000, 700)]);
    assert_eq!(known["attention"], "dispute_won");
    assert_eq!(balance(app, user).await, (700, 1000));
    books.assert_proven().await;
}

/// Each of two disputes of a top-up has its effect, and once.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dispute_of_a_top_up_counts(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, tenant, user) = (&till.app, till.tenant(), &till.shop.first.user);
    let made = paid_by_card(&till, 1000).await;
    let session = made.text_at("/session_id");
    let closed = "charge.dispute.closed";
    // Each end of one is told twice.
    let end = async |dispute: &str, outcome: &str| {
        app.advance(std::time::Duration::from_secs(1));
        for _ in 0..2 {
            let fields = json!({"status": outcome});
            till.stripe.dispute_goes_on(dispute, closed, fields);
            till.deliver().await;
        }
        seen(app, tenant, &made).await
    };
    let first = till.stripe.dispute(&session, 300);
    let second = till.stripe.dispute(&session, 200);
    let known = end(&first, "lost").await;
    let taken = |minor| ("charged_back", "succeeded", minor, minor);
    assert_eq!(refunds(&known), [taken(300)]);
    assert_eq!(balance(app, user).await, (700, 700));
    let known = end(&second, "lost").await;
    assert_eq!(refunds(&known), [taken(300), taken(200)]);
    assert_eq!(known["dispute"], "lost");
    assert_eq!(balance(app, user).await, (500, 500));
    // The bank gives one of them back, and keeps the other.
    let undone = ("charged_back", "failed", 200, 200);
    let known = end(&second, "won").await;
    assert_eq!(refunds(&known), [taken(300), undone]);
    let news = (&known["attention"], &known["dispute"]);
    assert_eq!(news, (&json!("dispute_won"), &json!("lost")));
    assert_eq!(balance(app, user).await, (700, 700));
    let known = end(&first, "lost").await;
    assert_eq!(known["attention"], "dispute_won");
    // Some of the rest goes back all the same.
    let refused = give_back(app, tenant, &made, Some(100)).await;
    is_refused(&refused, "top_up.disputed");
    let given = give_back_disputed(app, tenant, &made, Some(100)).await;
    assert_eq!(given.status, 200, "{}", given.describe());
    app.drain().await;
    assert_eq!(balance(app, user).await, (600, 600));
    // And the other one, too.
    let known = end(&first, "won").await;
    let first_undone = ("charged_back", "failed", 300, 300);
    let given = ("asked_for", "succeeded", 100, 100);
    assert_eq!(refunds(&known), [first_undone, undone, given]);
    assert_eq!(known["dispute"], "won");
    assert_eq!(balance(app, user).await, (900, 900));
    assert_eq!(status(app, user).await, "frozen");
    let given = give_back(app, tenant, &made, Some(100)).await;
    assert_eq!(given.status, 200, "{}", given.describe());
    app.drain().await;
    Books::new(app, tenant).assert_proven().await;
}

/// While one of the disputes is open, the bank may give money back itself.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispute_that_is_won_says_nothing_of_another(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, tenant, user) = (&till.app, till.tenant(), &till.shop.first.user);
    let made = paid_by_card(&till, 1000).await;
    let session = made.text_at("/session_id");
    let goes_on = async |dispute: &str, outcome: &str| {
        app.advance(std::time::Duration::from_secs(1));
        let fields = json!({"status": outcome});
        let kind = "charge.dispute.closed";
        till.stripe.dispute_goes_on(dispute, kind, fields);
        till.deliver().await;
        seen(app, tenant, &made).await
    };
    let first = till.stripe.dispute(&session, 300);
    let second = till.stripe.dispute(&session, 200);
    till.deliver().await;
    let known = goes_on(&first, "won").await;
    assert_eq!(known["dispute"], "open");
    let refused = give_back(app, tenant, &made, None).await;
    is_refused(&refused, "top_up.disputed");
    // A bank may change its mind more than once.
    goes_on(&second, "lost").await;
    assert_eq!(balance(app, user).await, (800, 800));
    goes_on(&second, "won").await;
    assert_eq!(balance(app, user).await, (1000, 1000));
    let known = goes_on(&second, "lost").await;
    assert_eq!(balance(app, user).await, (800, 800));
    let undone = ("charged_back", "failed", 200, 200);
    let taken = ("charged_back", "succeeded", 200, 200);
    assert_eq!(refunds(&known), [undone, taken]);
    assert_eq!(known["attention"], "charged_back");

    // What the bank takes although it went back already is told.
    let given = give_back_disputed(app, tenant, &made, Some(700)).await;
    assert_eq!(given.status, 200, "{}", given.describe());
    app.drain().await;
    let third = till.stripe.dispute(&session, 300);
    till.deliver().await;
    let known = goes_on(&third, "lost").await;
    let rest = ("charged_back", "succeeded", 100, 100);
    assert_eq!(refunds(&known)[3], rest);
    assert_eq!(known["attention"], "refunded_more_than_paid");
    assert_eq!(balance(app, user).await, (0, 0));
    Books::new(app, tenant).assert_proven().await;
}
