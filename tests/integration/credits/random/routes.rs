//! What comes from outside: top-ups through the gateway, money of them that
//! goes back, gift cards.

use std::time::Duration;

use kernel::Clock as _;
use serde_json::{Value, json};
use testkit::App;
use testkit::shop::{Person, Tenant};

use super::super::amount;
use super::super::model::Lot;
use super::Play;
use super::market::Market;

/// A top-up that was paid through the gateway.
pub(super) struct Paid {
    wallet: usize,
    /// Which lot it became.
    lot: usize,
    id: String,
    /// What of the money did not go back.
    left: i64,
}

/// The requests of people and of those who run the shop.
pub(super) struct Outside<'a> {
    pub(super) app: &'a App,
    /// The key of the shop.
    shop: String,
    /// The keys of the owners of wallets, which outlast any clock.
    pub(super) owners: Vec<String>,
    paid: Vec<Paid>,
}

impl<'a> Outside<'a> {
    pub(super) async fn new(app: &'a App, tenant: &Tenant, people: &[&Person]) -> Self {
        let mut owners = Vec::new();
        for person in people {
            let body = json!({"name": "ledger", "scopes": []});
            let made = app.client.post("/api/api-keys", &body);
            let made = made.bearer(&person.token).expect(201).await;
            owners.push(made.text_at("/secret"));
        }
        Self {
            app,
            shop: tenant.key.clone(),
            owners,
            paid: Vec::new(),
        }
    }

    /// The code of an answer that refuses; none of one that does not.
    pub(super) async fn post(
        &self,
        key: &str,
        path: &str,
        body: &Value,
    ) -> (Option<String>, Value) {
        let answer = self.app.client.post(path, body).bearer(key).send().await;
        assert!(answer.status < 500, "{}", answer.describe());
        let refused = (answer.status >= 400).then(|| answer.text_at("/code"));
        (refused, answer.body)
    }
}

impl Play {
    /// One thing from outside, in the database and in the model. Everything
    /// that is over by now has expired.
    pub(super) async fn meet_outside(
        &mut self,
        outside: &mut Outside<'_>,
        market: &mut Market<'_>,
    ) {
        // No two lots are made at the same instant.
        outside.app.advance(Duration::from_micros(1));
        self.expire(outside).await;
        // All jobs run with those that are waited for below, until nothing is
        // due any more.
        while !market.due().is_empty() {
            self.renew_now(market).await;
        }
        let w = self.pick(self.wallets.len()).expect("wallets");
        let outcome = match self.roll(10) {
            1..=5 => self.pay_in(outside, w).await,
            6..=8 => {
                let n = self.pick(outside.paid.len());
                self.take_back(outside, n).await
            }
            _ => self.redeem(outside, w).await,
        };
        *self.counts.entry(outcome).or_default() += 1;
        // The job of that may have run with the others: what came may leave
        // free what is over.
        self.expire(outside).await;
        // Most of what came long ago is spent.
        if outcome == "top-up" && self.roll(2) == 1 {
            let last = outside.paid.len().checked_sub(1);
            let outcome = self.take_back(outside, last).await;
            *self.counts.entry(outcome).or_default() += 1;
            self.expire(outside).await;
        }
    }

    /// Lets what is over expire.
    async fn expire(&mut self, outside: &Outside<'_>) {
        let expired = self.books.credits.expire(&self.books.scope).await;
        expired.expect("an expiry");
        let now = outside.app.clock.now();
        self.wallets
            .iter_mut()
            .for_each(|wallet| wallet.expire(now));
    }

    /// A lot that counts as paid for, made now; which one it is.
    fn paid_lot(&mut self, app: &App, w: usize, minor: i64) -> usize {
        let wallet = &mut self.wallets[w];
        wallet.lots.push(Lot {
            paid: true,
            priority: 50,
            expires: None,
            made: app.clock.now(),
            granted: minor,
            left: minor,
        });
        wallet.entries += 1;
        wallet.lots.len() - 1
    }

    async fn pay_in(&mut self, outside: &mut Outside<'_>, w: usize) -> &'static str {
        let minor = 100 + self.roll(900);
        let body = json!({"amount": amount(minor)});
        let (refused, made) = outside
            .post(&outside.owners[w], "/api/wallet/top-ups", &body)
            .await;
        assert_eq!(refused, None, "{made}");
        let session = made["session_id"].as_str().expect("a session");
        let pays = self.roll(5) > 1;
        let outcome = if pays { "pay" } else { "decline" };
        outside.app.act(session, outcome).await;
        outside.app.drain().await;
        if !pays {
            return "declined top-up";
        }
        let lot = self.paid_lot(outside.app, w, minor);
        self.wallets[w].topped_up += minor;
        outside.paid.push(Paid {
            wallet: w,
            lot,
            id: made["id"].as_str().expect("an id").to_owned(),
            left: minor,
        });
        "top-up"
    }

    /// Money of a top-up goes back, if there is one.
    async fn take_back(&mut self, outside: &mut Outside<'_>, n: Option<usize>) -> &'static str {
        let Some(n) = n else {
            return "nothing to take back";
        };
        let minor = (self.roll(4) > 1).then(|| self.roll(400));
        let mut body = json!({"reason": "broken"});
        if let Some(minor) = minor {
            body["amount"] = amount(minor);
        }
        let path = format!("/api/admin/top-ups/{}/refund", outside.paid[n].id);
        let (refused, answer) = outside.post(&outside.shop, &path, &body).await;
        let known = &mut outside.paid[n];
        let wallet = &mut self.wallets[known.wallet];
        let available = wallet.balance() - wallet.held();
        let most = known.left.min(wallet.lots[known.lot].left).min(available);
        let minor = minor.unwrap_or(most);
        if most < 1 || minor > most {
            assert_eq!(refused.as_deref(), Some("top_up.refund_too_large"));
            return "top_up.refund_too_large";
        }
        assert_eq!(refused, None, "{answer}");
        known.left -= minor;
        wallet.lots[known.lot].left -= minor;
        wallet.topped_up -= minor;
        wallet.entries += 1;
        outside.app.drain().await;
        "take-back"
    }

    async fn redeem(&mut self, outside: &mut Outside<'_>, w: usize) -> &'static str {
        let minor = self.roll(500);
        let body = json!({"amount": amount(minor)});
        let (refused, card) = outside
            .post(&outside.shop, "/api/admin/gift-cards", &body)
            .await;
        assert_eq!(refused, None, "{card}");
        let body = json!({"code": card["code"]});
        let path = "/api/wallet/gift-cards";
        let (refused, answer) = outside.post(&outside.owners[w], path, &body).await;
        assert_eq!(refused, None, "{answer}");
        let other = (w + 1) % outside.owners.len();
        let (refused, _) = outside.post(&outside.owners[other], path, &body).await;
        assert_eq!(refused.as_deref(), Some("gift_card.redeemed"));
        self.paid_lot(outside.app, w, minor);
        "gift card"
    }
}
