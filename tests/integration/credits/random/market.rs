//! Plans, their quotas and subscriptions, in the database and in a model.

use std::collections::BTreeMap;

use accounts_model::tenant::SubscriptionSettings;
use catalog_model::hosting::plan::Plan;
use credits_model::transfer::SpendKind;
use kernel::{Clock as _, PlanId, QuotaId, Scope, SubscriptionId, Timestamp};
use serde_json::{Value, json};
use subscriptions_model::renewal::{Consequence, Step};
use subscriptions_model::subscription::{EndReason, Subscription};
use testkit::App;
use testkit::shop::Tenant;

use super::super::model::{Outcome, Wallet};
use super::super::{amount, scope};

/// A plan and what of it is given.
pub(super) struct Offer {
    pub(super) plan: Plan,
    pub(super) quota: QuotaId,
    pub(super) total: Option<i64>,
    /// How many units under which name.
    pub(super) given: BTreeMap<String, i64>,
}

/// What was charged for a subscription.
pub(super) struct Charged {
    /// Of which period.
    period: i64,
    /// Which spend of the wallet it is; none when it was nothing.
    spend: Option<usize>,
    amount: i64,
    refunded: i64,
}

/// A subscription.
pub(super) struct Deal {
    /// Whose: the place of the wallet.
    pub(super) wallet: usize,
    pub(super) state: Subscription,
    pub(super) charges: Vec<Charged>,
    /// It was over when it was last compared.
    is_done: bool,
}

/// What is sold, and to whom.
pub(super) struct Market<'a> {
    pub(super) app: &'a App,
    pub(super) scope: Scope,
    pub(super) offers: Vec<Offer>,
    pub(super) deals: Vec<Deal>,
}

impl Offer {
    pub(super) fn used(&self) -> i64 {
        self.given.values().sum()
    }

    /// Gives units once under a name, if there are so many.
    pub(super) fn give(&mut self, name: &str, units: i64) -> Outcome {
        if self.given.contains_key(name) {
            return Ok(());
        }
        if self.total.is_some_and(|total| self.used() + units > total) {
            return Err("quota.exhausted");
        }
        self.given.insert(name.to_owned(), units);
        Ok(())
    }
}

impl Deal {
    pub(super) fn new(wallet: usize, state: Subscription) -> Self {
        Self {
            wallet,
            state,
            charges: Vec::new(),
            is_done: false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state.ended_at.is_some()
    }

    /// Takes what it costs from its owner's wallet.
    pub(super) fn charge(
        &mut self,
        wallet: &mut Wallet,
        kind: SpendKind,
        period: i64,
        name: &str,
        amount: i64,
    ) -> Outcome {
        let spend = if amount == 0 {
            None
        } else {
            let reference = format!("{}/{name}", self.state.id);
            wallet.spend(kind, &reference, amount)?;
            Some(wallet.spends.len() - 1)
        };
        self.charges.push(Charged {
            period,
            spend,
            amount,
            refunded: 0,
        });
        Ok(())
    }

    /// What the unused part of its period is worth.
    fn unused(&self, now: Timestamp) -> i64 {
        let one = &self.state;
        if !one.runs() {
            return 0;
        }
        let [start, end, now] = [one.period_start, one.period_end, now].map(Timestamp::micros);
        let exact = i128::from(one.period_price) * i128::from((end - now).max(0));
        i64::try_from(exact / i128::from(end - start)).expect("a small amount")
    }

    /// What was given back of its period by hand.
    pub(super) fn by_hand(&self, wallet: &Wallet) -> i64 {
        let of_period = |charge: &&Charged| charge.period == self.state.period;
        let charges = self.charges.iter().filter(of_period);
        let back = charges.filter_map(|charge| {
            let kept = wallet.spends[charge.spend?].kept();
            Some(charge.amount - charge.refunded - kept)
        });
        back.sum()
    }

    /// Gives the unused part back: of what was charged last first.
    fn give_back(&mut self, wallet: &mut Wallet, mut left: i64) {
        for charge in self.charges.iter_mut().rev() {
            let Some(spend) = charge.spend else {
                continue;
            };
            // Not what was given back by hand already.
            let part = left.min(wallet.spends[spend].kept());
            if part > 0 {
                assert_eq!(wallet.refund(spend, Some(part)), Ok(()));
                charge.refunded += part;
                left -= part;
            }
        }
    }
}

impl<'a> Market<'a> {
    /// Two services: one with a plan for nothing, one that is paid daily in two
    /// tiers, and every three days; and the other with one plan.
    pub(super) async fn new(app: &'a App, tenant: &Tenant) -> Self {
        let mut market = Self {
            app,
            scope: scope(app, tenant),
            offers: Vec::new(),
            deals: Vec::new(),
        };
        for (name, plans) in [
            (
                "n8n",
                &[
                    ("FREE", 0, 1, json!(1)),
                    ("BASIC", 100, 1, json!(2)),
                    ("PRO", 220, 1, json!(2)),
                    ("PRO", 500, 3, Value::Null),
                ][..],
            ),
            ("Ghost", &[("BASIC", 180, 2, json!(2))][..]),
        ] {
            let service = crate::services::service(app, tenant, name).await;
            for (n, (tier, price, days, total)) in plans.iter().enumerate() {
                let body = json!({
                    "name": format!("{tier} {n}"), "tier": tier, "price": amount(*price),
                    "interval": {"unit": "day", "count": days}, "total_quota": total,
                });
                let path = format!("/api/admin/catalog/services/{service}/plans");
                let made = app.client.post(&path, &body).bearer(&tenant.key);
                let made = made.expect(201).await;
                let id: PlanId = made.text_at("/id").parse().expect("an id");
                let plan = app.sutler.catalog.plan(&market.scope, id).await;
                market.offers.push(Offer {
                    plan: plan.expect("a plan"),
                    quota: made.text_at("/quota_id").parse().expect("an id"),
                    total: total.as_i64(),
                    given: BTreeMap::new(),
                });
            }
        }
        market
    }

    /// A subscription as the database has it.
    pub(super) async fn found(&self, id: SubscriptionId) -> Subscription {
        let subscriptions = &self.app.sutler.subscriptions;
        let found = subscriptions.subscription(&self.scope, id).await;
        found.expect("a subscription").subscription
    }

    fn take_back(&mut self, name: &str) {
        for offer in &mut self.offers {
            offer.given.remove(name);
        }
    }

    /// A subscription is over.
    pub(super) fn end(&mut self, n: usize, reason: EndReason, now: Timestamp) {
        let deal = &mut self.deals[n];
        deal.state.end(reason, now);
        deal.state.version += 1;
        let name = deal.state.id.to_string();
        self.take_back(&name);
    }

    /// Its owner ends it now, and what is unused goes back.
    pub(super) fn cancel_now(&mut self, n: usize, wallet: &mut Wallet, now: Timestamp) {
        let deal = &self.deals[n];
        let unused = (deal.unused(now) - deal.by_hand(wallet)).max(0);
        self.end(n, EndReason::Canceled, now);
        self.deals[n].give_back(wallet, unused);
    }

    /// The subscriptions that are due now, in the order in which the job takes
    /// them.
    pub(super) fn due(&self) -> Vec<usize> {
        let now = self.app.clock.now();
        let mut due: Vec<_> = (0..self.deals.len())
            .filter(|&n| !self.deals[n].is_over() && self.deals[n].state.due_at <= now)
            .collect();
        due.sort_by_key(|&n| (self.deals[n].state.due_at, self.deals[n].state.id));
        due
    }

    /// What the job does with a subscription that is due.
    pub(super) fn renew(&mut self, n: usize, wallet: &mut Wallet, now: Timestamp) -> &'static str {
        let deal = &mut self.deals[n];
        let after = match deal.state.step(None, now) {
            Step::Wait => {
                deal.state.due_at = deal.state.spread(deal.state.period_end);
                deal.state.version += 1;
                return "not due yet";
            }
            Step::End(reason) => {
                self.end(n, reason, now);
                return "ran out";
            }
            Step::Pay(after) => *after,
        };
        let (name, price) = (after.period.to_string(), after.period_price);
        if deal
            .charge(wallet, SpendKind::Renewal, after.period, &name, price)
            .is_ok()
        {
            deal.state = Subscription {
                version: after.version + 1,
                ..after
            };
            return "renewed";
        }
        let consequence = deal.state.unpaid(&SubscriptionSettings::DEFAULT, now);
        if let Consequence::End(reason) = consequence {
            self.end(n, reason, now);
            return "ended unpaid";
        }
        deal.state.version += 1;
        match consequence {
            Consequence::Remind(_) => "reminded",
            Consequence::Suspend => "suspended",
            _ => "unpaid",
        }
    }

    /// Each quota and each subscription is as the model has it.
    pub(super) async fn compare(&mut self) {
        for offer in &self.offers {
            let quotas = &self.app.sutler.quotas;
            let proof = quotas.verify_quota(&self.scope, offer.quota).await;
            let proof = proof.expect("a proof");
            let used = offer.used();
            assert_eq!((proof.used, proof.allocated), (used, used), "{proof:?}");
        }
        for n in 0..self.deals.len() {
            if self.deals[n].is_done {
                continue;
            }
            let id = self.deals[n].state.id;
            let subscriptions = &self.app.sutler.subscriptions;
            let real = subscriptions.subscription(&self.scope, id).await;
            let real = real.expect("a subscription");
            let deal = &mut self.deals[n];
            let same = Subscription {
                updated_at: deal.state.updated_at,
                ..real.subscription
            };
            assert_eq!(same, deal.state);
            // The last 200 are told.
            let known = deal.charges.iter().rev().take(200);
            let known: Vec<_> = known.map(|one| (one.amount, one.refunded)).collect();
            let charges = real.charges.iter();
            let charges: Vec<_> = charges
                .map(|one| (one.amount.minor, one.refunded.minor))
                .collect();
            assert_eq!(charges, known, "{id}");
            deal.is_done = deal.is_over();
        }
    }

    /// There is nothing to mend.
    pub(super) async fn assert_proven(&self) {
        let mended = self.app.sutler.quotas.mend_quotas(&self.scope).await;
        assert_eq!(mended.expect("an answer"), []);
        let subscriptions = &self.app.sutler.subscriptions;
        let mended = subscriptions.reconcile_quotas(&self.scope).await;
        assert_eq!(mended.expect("an answer"), (0, 0));
    }
}
