//! Wallets that top themselves up through Stripe: the card that a buyer let it
//! keep is charged once, whatever is heard of it.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::Answer;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::stripe::{Bank, Till, Trouble};

use super::top_ups::{LONG, balance};
use super::{Books, amount, wallet_of};

const PATH: &str = "/api/wallet/auto-top-up";
const INTENTS: &str = "/v1/payment_intents";

/// A shop whose first customer saved a card with a top-up of 10.00 and wants
/// 20.00 more whenever less than 5.00 are left.
async fn opened(backend: Backend) -> (Till, Books) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let user = &till.shop.first.user;
    let body = json!({"amount": amount(1000), "save_payment_method": true});
    let made = till.app.client.post("/api/wallet/top-ups", &body);
    let made = made.bearer(&user.token).expect(201).await;
    assert!(till.stripe.pay(&made.text_at("/session_id")));
    till.deliver().await;
    let terms = json!({"threshold": amount(500), "amount": amount(2000), "max_per_day": 10});
    let on = till.app.client.put(PATH, &terms).bearer(&user.token);
    let on = on.expect(200).await;
    assert_eq!(on.text_at("/payment_method/label"), "visa 4242");
    let books = Books::new(&till.app, till.tenant());
    (till, books)
}

/// Spends all there is.
async fn spend_all(till: &Till, books: &Books, reference: &str) {
    let user = &till.shop.first.user;
    let all = balance(&till.app, user).await.0;
    let spent = books.spend(wallet_of(user), reference, all).await;
    spent.expect("a spend");
    till.app.drain().await;
}

async fn see(till: &Till) -> Answer {
    let call = till
        .app
        .client
        .get(PATH)
        .bearer(&till.shop.first.user.token);
    call.expect(200).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_card_is_charged_without_its_owner(#[values(Sqlite, Postgres)] backend: Backend) {
    let (till, books) = opened(backend).await;
    let (app, user) = (&till.app, &till.shop.first.user);
    spend_all(&till, &books, "a").await;
    assert_eq!(balance(app, user).await, (2000, 3000));
    let charges = till.stripe.charges_without_buyer();
    assert_eq!(charges.len(), 1);
    assert_eq!(charges[0]["amount"], 2000);
    assert_eq!(charges[0]["metadata"]["sutler_tenant"], till.tenant().id);
    // What its events say is known.
    till.deliver().await;
    till.pass_minutes(12).await;
    assert_eq!(balance(app, user).await, (2000, 3000));
    assert_eq!(till.stripe.charges_without_buyer().len(), 1);

    // The bank takes days; one of them brings the news.
    till.stripe.let_banks(Bank::Thinks);
    spend_all(&till, &books, "b").await;
    till.pass_minutes(130).await;
    assert_eq!(balance(app, user).await, (0, 3000));
    let charges = till.stripe.charges_without_buyer();
    assert_eq!(charges.len(), 2);
    till.stripe.take_events();
    till.stripe
        .bank_pays_charge(charges[1]["id"].as_str().expect("an id"));
    till.deliver().await;
    assert_eq!(balance(app, user).await, (2000, 5000));

    // Its money goes back like that of any top-up.
    let list = app.client.get("/api/admin/top-ups?limit=1");
    let list = list.bearer(&till.tenant().key).expect(200).await;
    let path = format!("/api/admin/top-ups/{}/refund", list.text_at("/data/0/id"));
    let back = json!({"amount": amount(500), "reason": "too much"});
    let back = app.client.post(&path, &back).bearer(&till.tenant().key);
    back.expect(200).await;
    app.drain().await;
    till.deliver().await;
    assert_eq!(balance(app, user).await, (1500, 4500));
    assert_eq!(till.stripe.refunds().len(), 1);

    // Forgotten here, it is forgotten there.
    assert_eq!(till.stripe.kept_methods(), 1);
    let forget = app.client.delete("/api/wallet/payment-method");
    forget.bearer(&user.token).expect(204).await;
    app.drain().await;
    assert_eq!(till.stripe.kept_methods(), 0);
    books.assert_proven().await;
}

/// Stripe fails, is slow or is not heard: nothing is charged twice, and what
/// was charged is credited.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charge_behind_trouble_is_found(#[values(Sqlite, Postgres)] backend: Backend) {
    let (till, books) = opened(backend).await;
    let (app, user) = (&till.app, &till.shop.first.user);
    let troubles = [
        (Trouble::After, 1),
        (Trouble::Lost, 1),
        (Trouble::Before(429), 2),
        (Trouble::Before(503), 3),
    ];
    let mut charges = 0;
    for (n, (trouble, times)) in troubles.into_iter().enumerate() {
        till.stripe.break_next("POST", INTENTS, trouble, times);
        spend_all(&till, &books, &format!("s{n}")).await;
        till.pass_minutes(15).await;
        charges += 1;
        let paid = 1000 + 2000 * charges;
        assert_eq!(balance(app, user).await, (2000, paid), "{trouble:?}");
        let made = till.stripe.charges_without_buyer().len();
        assert_eq!(i64::try_from(made).unwrap(), charges, "{trouble:?}");
    }
    // It failed for good and did nothing: that one is over, the next one is
    // another hour's.
    till.stripe
        .break_next("POST", INTENTS, Trouble::Before(500), 1);
    spend_all(&till, &books, "last").await;
    assert_eq!(balance(app, user).await, (0, 9000));
    assert_eq!(see(&till).await.number_at("/failures"), 1);
    till.stripe.forget_keys();
    app.pass(Duration::from_mins(62), Duration::from_mins(2))
        .await;
    assert_eq!(balance(app, user).await, (2000, 11_000));
    assert_eq!(till.stripe.charges_without_buyer().len(), 5);
    books.assert_proven().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bank_that_says_no_is_asked_three_times(#[values(Sqlite, Postgres)] backend: Backend) {
    let (till, books) = opened(backend).await;
    let (app, user) = (&till.app, &till.shop.first.user);
    till.stripe.let_banks(Bank::Declines);
    spend_all(&till, &books, "a").await;
    let seen = see(&till).await;
    assert_eq!(seen.text_at("/failure"), "Your card was declined.");
    till.stripe.let_banks(Bank::WantsOwner);
    app.pass(Duration::from_mins(440), Duration::from_mins(10))
        .await;
    till.deliver().await;
    let seen = see(&till).await;
    assert_eq!(seen.text_at("/status"), "stopped");
    assert!(
        seen.text_at("/failure").contains("authentication"),
        "{}",
        seen.text
    );
    assert_eq!(till.stripe.charges_without_buyer().len(), 3);
    assert_eq!(balance(app, user).await, (0, 1000));
    let failed = app.client.get("/api/admin/top-ups?status=failed");
    let failed = failed.bearer(&till.tenant().key).expect(200).await;
    let all = failed.body["data"].as_array().cloned().expect("a list");
    assert!(
        all.iter()
            .all(|one| one["is_automatic"] == Value::Bool(true))
    );
    assert_eq!(all.len(), 3);
    // The inbox has nothing that failed.
    for event in till.inbox().await {
        assert_ne!(event["state"], "failed", "{event}");
    }
    books.assert_proven().await;
}
