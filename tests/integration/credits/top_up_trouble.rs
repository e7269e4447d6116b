//! Gateways in trouble, while a wallet is topped up.

use rstest::rstest;
use serde_json::json;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::stripe::{Till, Trouble};

use super::amount;
use super::top_ups::{LONG, balance};

/// A gateway that fails or does not answer: nothing happens twice, and the same
/// request goes on where it stopped.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_in_trouble_opens_one_page_at_most(#[values(Sqlite, Postgres)] backend: Backend) {
    let till = Till::with(backend, 1, &[LONG]).await;
    let (app, user) = (&till.app, &till.shop.first.user);
    let sessions = "/v1/checkout/sessions";
    let post = |key: &str| {
        let body = json!({"amount": amount(700)});
        let call = app.client.post("/api/wallet/top-ups", &body);
        call.bearer(&user.token).once(key)
    };
    // It did it and says that it failed: the page is found.
    till.stripe.break_next("POST", sessions, Trouble::After, 1);
    let found = post("a").expect(201).await;
    assert_eq!(till.stripe.sessions().len(), 1);
    assert_eq!(till.stripe.sessions()[0]["id"], found.body["session_id"]);
    // It did nothing and will not: this one is over.
    till.stripe
        .break_next("POST", sessions, Trouble::Before(500), 1);
    post("b").refused(502, "top_up.gateway_refused").await;
    let over = post("b").expect(201).await;
    assert_eq!(over.text_at("/status"), "failed");
    assert_eq!(till.stripe.sessions().len(), 1);
    // It is away for a while.
    till.stripe
        .break_next("POST", sessions, Trouble::Before(503), 1);
    let away = post("c").expect(503).await;
    assert_ne!(away.header("retry-after"), "", "{}", away.describe());
    let opened = post("c").expect(201).await;
    assert_eq!(opened.text_at("/status"), "open");
    assert_eq!(till.stripe.sessions().len(), 2);
    assert!(till.stripe.pay(&opened.text_at("/session_id")));
    till.deliver().await;
    assert_eq!(balance(app, user).await, (700, 700));
}
