//! What customers of hosted services do, what their shop does with its quotas,
//! and what the job does that renews.

use std::time::Duration;

use credits_model::quota::{QuotaChange, QuotaError};
use credits_model::transfer::SpendKind;
use kernel::{Clock as _, DomainError as _, Expected};
use rand::RngExt as _;
use serde_json::{Value, json};
use subscriptions_model::change::{self, Direction};
use subscriptions_model::renewal::Step;
use subscriptions_model::subscription::SubscriptionStatus;

use super::super::model::Outcome;
use super::Play;
use super::market::{Deal, Market};
use super::routes::Outside;

impl Play {
    /// One thing that a customer or the shop does, in the database and in the
    /// model.
    pub(super) async fn meet_customer(&mut self, outside: &Outside<'_>, market: &mut Market<'_>) {
        // No two charges are made in the same millisecond.
        market.app.advance(Duration::from_millis(2));
        let outcome = match self.roll(20) {
            1..=7 => self.subscribe(outside, market).await,
            8..=10 => self.upgrade(outside, market).await,
            11 => self.cancel(outside, market).await,
            12 => self.end_now(outside, market).await,
            13..=14 => self.resume(outside, market).await,
            15 => self.new_total(market).await,
            16..=18 => self.give_units(market).await,
            _ => self.take_units_back(market).await,
        };
        *self.counts.entry(outcome).or_default() += 1;
        market.app.advance(Duration::from_millis(2));
    }

    async fn subscribe(&mut self, outside: &Outside<'_>, market: &mut Market<'_>) -> &'static str {
        let w = self.pick(self.wallets.len()).expect("wallets");
        let o = self.pick(market.offers.len()).expect("plans");
        let renews = self.roll(8) > 1;
        let plan = market.offers[o].plan.clone();
        let price = plan.price.minor;
        let mut others = market.deals.iter();
        let has_one = others
            .any(|deal| deal.wallet == w && deal.state.service == plan.service && !deal.is_over());
        let wallet = &self.wallets[w];
        let wanted = if has_one {
            Err("subscription.already_subscribed")
        } else if market.offers[o]
            .total
            .is_some_and(|total| market.offers[o].used() >= total)
        {
            Err("quota.exhausted")
        } else if price > wallet.balance() - wallet.held() {
            Err("wallet.insufficient_credit")
        } else {
            Ok(())
        };
        let body = json!({"plan_id": plan.id, "auto_renew": renews});
        let (key, path) = (&outside.owners[w], "/api/subscriptions");
        let made = outside.post(key, path, &body).await;
        if let Err(code) = told(&made, wanted) {
            return code;
        }
        let id = made.1["id"].as_str().expect("an id");
        let state = market.found(id.parse().expect("an id")).await;
        assert_eq!(state.plan, plan.id);
        assert_eq!((state.period, state.period_price), (1, price));
        let days = u64::try_from(plan.interval.days()).expect("a few days");
        let length = state.period_end.since(market.app.clock.now());
        assert_eq!(length, Duration::from_hours(24 * days));
        let mut deal = Deal::new(w, state);
        let charged = deal.charge(&mut self.wallets[w], SpendKind::Subscription, 1, "1", price);
        assert_eq!(charged, Ok(()));
        let given = market.offers[o].give(&deal.state.id.to_string(), 1);
        assert_eq!(given, Ok(()));
        market.deals.push(deal);
        "subscribe"
    }

    /// One of the last subscriptions, most of which go on.
    fn pick_deal(&mut self, market: &Market<'_>) -> Option<usize> {
        let last = market.deals.len().min(8);
        self.pick(last).map(|n| market.deals.len() - 1 - n)
    }

    async fn upgrade(&mut self, outside: &Outside<'_>, market: &mut Market<'_>) -> &'static str {
        let Some(n) = self.pick_deal(market) else {
            return "nothing to upgrade";
        };
        let o = self.pick(market.offers.len()).expect("plans");
        let now = market.app.clock.now();
        let (deal, to) = (&market.deals[n], &market.offers[o].plan);
        let old = &deal.state;
        let from = market.offers.iter().find(|offer| offer.plan.id == old.plan);
        let from = &from.expect("its plan").plan;
        let wallet = &self.wallets[deal.wallet];
        let way = change::direction(old, from, to);
        let planned = if !old.runs() || old.canceled_at.is_some() {
            Err("subscription.not_running")
        } else if let Err(error) = &way {
            Err(error.code())
        } else if way.is_ok_and(|way| way == Direction::Down) {
            Err(if to.tier < from.tier {
                "subscription.lower_tier"
            } else if to.interval.days() < from.interval.days() {
                "subscription.shorter_interval"
            } else {
                "subscription.cheaper_plan"
            })
        } else {
            let by_hand = deal.by_hand(wallet);
            change::upgrade(old, to, by_hand, now).map_err(|error| error.code())
        };
        let wanted = match &planned {
            Err(code) => Err(*code),
            Ok(_)
                if market.offers[o]
                    .total
                    .is_some_and(|total| market.offers[o].used() >= total) =>
            {
                Err("quota.exhausted")
            }
            Ok(up) if up.charge > wallet.balance() - wallet.held() => {
                Err("wallet.insufficient_credit")
            }
            Ok(_) => Ok(()),
        };
        let path = format!("/api/subscriptions/{}/upgrade", old.id);
        let body = json!({"plan_id": to.id});
        let made = outside
            .post(&outside.owners[deal.wallet], &path, &body)
            .await;
        if let Err(code) = told(&made, wanted) {
            return code;
        }
        let up = planned.expect("an upgrade");
        let name = old.id.to_string();
        for offer in &mut market.offers {
            offer.given.remove(&name);
        }
        assert_eq!(market.offers[o].give(&name, 1), Ok(()));
        let subscriptions = &market.app.sutler.subscriptions;
        let real = subscriptions.subscription(&market.scope, up.after.id).await;
        let charge = real.expect("a subscription").charges.swap_remove(0).id;
        let deal = &mut market.deals[n];
        deal.state = up.after;
        deal.state.version += 1;
        let wallet = &mut self.wallets[deal.wallet];
        let (period, name) = (deal.state.period, charge.to_string());
        let charged = deal.charge(wallet, SpendKind::Upgrade, period, &name, up.charge);
        assert_eq!(charged, Ok(()));
        "upgrade"
    }

    async fn act(
        &self,
        outside: &Outside<'_>,
        deal: &Deal,
        what: &str,
        body: &Value,
    ) -> (Option<String>, Value) {
        let path = format!("/api/subscriptions/{}/{what}", deal.state.id);
        outside
            .post(&outside.owners[deal.wallet], &path, body)
            .await
    }

    /// To the end of the period; what is not paid ends now.
    async fn cancel(&mut self, outside: &Outside<'_>, market: &mut Market<'_>) -> &'static str {
        let Some(n) = self.pick_deal(market) else {
            return "nothing to cancel";
        };
        let deal = &market.deals[n];
        let (state, now) = (&deal.state, market.app.clock.now());
        let wanted = if deal.is_over() {
            Err("subscription.over")
        } else if state.runs() && state.canceled_at.is_some() {
            Err("subscription.already_canceled")
        } else {
            Ok(())
        };
        let made = self.act(outside, deal, "cancel", &json!({})).await;
        if let Err(code) = told(&made, wanted) {
            return code;
        }
        if state.runs() {
            let state = &mut market.deals[n].state;
            state.canceled_at = Some(now);
            state.version += 1;
        } else {
            let wallet = &mut self.wallets[deal.wallet];
            market.cancel_now(n, wallet, now);
        }
        "cancel"
    }

    async fn end_now(&mut self, outside: &Outside<'_>, market: &mut Market<'_>) -> &'static str {
        let Some(n) = self.pick_deal(market) else {
            return "nothing to end";
        };
        let deal = &market.deals[n];
        let wanted = if deal.is_over() {
            Err("subscription.over")
        } else {
            Ok(())
        };
        let made = self
            .act(outside, deal, "cancel", &json!({"now": true}))
            .await;
        if let Err(code) = told(&made, wanted) {
            return code;
        }
        let wallet = &mut self.wallets[deal.wallet];
        market.cancel_now(n, wallet, market.app.clock.now());
        "end now"
    }

    /// Takes a cancellation back, or pays what is not paid.
    async fn resume(&mut self, outside: &Outside<'_>, market: &mut Market<'_>) -> &'static str {
        use SubscriptionStatus as S;
        let Some(n) = self.pick_deal(market) else {
            return "nothing to resume";
        };
        let (deal, now) = (&mut market.deals[n], market.app.clock.now());
        let before = (deal.state.clone(), self.wallets[deal.wallet].clone());
        let wanted = match deal.state.status {
            S::Ended => Err("subscription.over"),
            S::Suspended | S::PastDue => {
                deal.state.canceled_at = None;
                deal.state.auto_renew = true;
                let Step::Pay(after) = deal.state.step(None, now) else {
                    unreachable!("it is not paid");
                };
                let wallet = &mut self.wallets[deal.wallet];
                let (period, price) = (after.period, after.period_price);
                let name = period.to_string();
                let paid = deal.charge(wallet, SpendKind::Renewal, period, &name, price);
                deal.state = *after;
                paid
            }
            _ if deal.state.canceled_at.is_some() => {
                deal.state.canceled_at = None;
                Ok(())
            }
            _ => Err("subscription.nothing_to_resume"),
        };
        deal.state.version += 1;
        let deal = &market.deals[n];
        let made = self.act(outside, deal, "resume", &Value::Null).await;
        if let Err(code) = told(&made, wanted) {
            let deal = &mut market.deals[n];
            (deal.state, self.wallets[deal.wallet]) = before;
            return code;
        }
        "resume"
    }

    /// The shop has more or fewer of a plan from now on.
    async fn new_total(&mut self, market: &mut Market<'_>) -> &'static str {
        let o = self.pick(market.offers.len()).expect("plans");
        let total = (self.roll(6) > 1).then(|| self.roll(5) - 1);
        let change = QuotaChange {
            total: Some(total),
            ..QuotaChange::default()
        };
        let (quotas, id) = (&market.app.sutler.quotas, market.offers[o].quota);
        let changed = quotas.change_quota(&market.scope, id, &change, &Expected::Any);
        changed.await.expect("a change");
        market.offers[o].total = total;
        "new total"
    }

    /// Units for others than subscriptions, under a name of their own.
    async fn give_units(&mut self, market: &mut Market<'_>) -> &'static str {
        let o = self.pick(market.offers.len()).expect("plans");
        let (name, units) = (format!("pool-{}", self.roll(6)), self.roll(2));
        let offer = &mut market.offers[o];
        let wanted = offer.give(&name, units);
        let tx = self.books.begin().await;
        let quotas = &market.app.sutler.quotas;
        let real = quotas.allocate_in_tx(&tx, offer.plan.id, &name, units);
        match real.await {
            Ok(given) => {
                assert_eq!(given.units, offer.given[&name]);
                tx.commit().await.expect("a commit");
                assert_eq!(wanted, Ok(()));
                "give units"
            }
            Err(error) => {
                assert_eq!(wanted, Err(error.code()));
                assert!(matches!(error, QuotaError::Exhausted));
                tx.rollback().await.expect("a rollback");
                "no units"
            }
        }
    }

    async fn take_units_back(&mut self, market: &mut Market<'_>) -> &'static str {
        let o = self.pick(market.offers.len()).expect("plans");
        let name = format!("pool-{}", self.roll(6));
        let offer = &mut market.offers[o];
        let had = offer.given.contains_key(&name);
        let tx = self.books.begin().await;
        let quotas = &market.app.sutler.quotas;
        let real = quotas.release_in_tx(&tx, offer.plan.id, &name).await;
        assert_eq!(real.expect("an answer"), had);
        if self.roll(4) == 1 {
            tx.rollback().await.expect("a rollback");
            return "units kept";
        }
        tx.commit().await.expect("a commit");
        offer.given.remove(&name);
        "take units back"
    }

    /// Hours pass, and the job runs.
    pub(super) async fn renew(&mut self, market: &mut Market<'_>) {
        let hours = self.chance.random_range(0..4);
        let some = Duration::from_hours(hours) + Duration::from_millis(2);
        market.app.advance(some);
        if self.roll(2) == 1 {
            let w = self.pick(self.wallets.len()).expect("wallets");
            self.spend_all(w).await;
        }
        self.renew_now(market).await;
        if self.roll(25) == 1 {
            self.stay_without_credit(market).await;
        }
        market.app.advance(Duration::from_millis(2));
    }

    /// Somebody who has something that costs is without credit for one to five
    /// weeks. It is suspended after one that is not paid, and ends after three.
    async fn stay_without_credit(&mut self, market: &mut Market<'_>) {
        let open = market.deals.iter().filter(|deal| !deal.is_over());
        let paid: Vec<_> = open.filter(|deal| deal.state.period_price > 0).collect();
        let Some(n) = self.pick(paid.len()) else {
            return;
        };
        let w = paid[n].wallet;
        for _day in 0..7 * self.roll(5) {
            self.spend_all(w).await;
            market.app.advance(Duration::from_hours(24));
            self.renew_now(market).await;
        }
    }

    /// All that is free is spent, so that a renewal may find nothing.
    async fn spend_all(&mut self, w: usize) {
        let free = self.wallets[w].balance() - self.wallets[w].held();
        if free == 0 {
            return;
        }
        self.number += 1;
        let reference = format!("op-{}", self.number);
        let tx = self.books.begin().await;
        let (_, real, wanted) = self.spend(&tx, w, &reference, free).await;
        assert!(real.is_ok() && wanted.is_ok(), "{real:?}, {wanted:?}");
        tx.commit().await.expect("a commit");
    }

    /// The job runs, and does what is due at this moment.
    pub(super) async fn renew_now(&mut self, market: &mut Market<'_>) {
        let subscriptions = &market.app.sutler.subscriptions;
        let renewed = subscriptions.renew_due(&market.scope).await;
        renewed.expect("a run");
        let now = market.app.clock.now();
        for n in market.due() {
            let wallet = &mut self.wallets[market.deals[n].wallet];
            let outcome = market.renew(n, wallet, now);
            *self.counts.entry(outcome).or_default() += 1;
        }
    }
}

/// Whether a request did what the model says: what it was refused for.
fn told(made: &(Option<String>, Value), wanted: Outcome) -> Outcome {
    assert_eq!(made.0.as_deref(), wanted.err(), "{}", made.1);
    wanted
}
