//! Changing to a higher plan at once.

use accounts_model::tenant::{DowngradePolicy, SubscriptionSettings, UpgradePolicy};
use catalog_model::hosting::plan::Plan;
use catalog_model::hosting::service::Service;
use credits_model::quota::QuotaError;
use database::{Once, Transaction, retrying};
use kernel::{Money, PlanId, Scope, SubscriptionId, Timestamp};
use subscriptions_model::SubscriptionError;
use subscriptions_model::change::{Direction, Upgrade, direction, upgrade};
use subscriptions_model::charge::ChargeKind;
use subscriptions_model::errors::tier_name;
use subscriptions_model::events::SubscriptionPlanChanged;
use subscriptions_model::subscription::Subscription;

use crate::Subscriptions;

/// What an upgrade would do now.
#[derive(Debug, Clone)]
pub struct UpgradePreview {
    /// The plan it leads to.
    pub plan: PlanId,
    /// When it takes place: now, or when the period ends.
    pub takes_effect_at: Timestamp,
    /// What is charged now.
    pub charge: Money,
    /// What the unused part of the period that runs is worth.
    pub unused: Money,
    /// What the next period costs.
    pub next_price: Money,
    /// When the next period begins.
    pub next_payment_at: Timestamp,
    /// Whether a new period begins now.
    pub begins_period: bool,
}

impl Subscriptions {
    /// What an upgrade of the caller's subscription would do now. Nothing is
    /// changed, and whether there is credit and quota is not looked at.
    pub async fn preview_upgrade(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        plan: PlanId,
    ) -> Result<UpgradePreview, SubscriptionError> {
        let terms = self.terms(scope).await?;
        let tx = self
            .database
            .begin_write(scope, "subscription.preview_upgrade")
            .await?;
        let old = self.lock_own(&tx, id).await?;
        let (to, _) = self.upgrade_to(&tx, &old, plan, &terms).await?;
        let currency = old.price.currency;
        let money = |minor| Money::new(minor, currency);
        let now = self.now();
        if terms.upgrades == UpgradePolicy::AtPeriodEnd {
            return Ok(UpgradePreview {
                plan,
                takes_effect_at: old.period_end,
                charge: money(0),
                unused: money(0),
                next_price: money(old.next_price_of(to.price)),
                next_payment_at: old.period_end,
                begins_period: false,
            });
        }
        let up = self.upgraded(&tx, &old, &to, now).await?;
        Ok(UpgradePreview {
            plan,
            takes_effect_at: now,
            charge: money(up.charge),
            unused: money(up.unused),
            next_price: money(up.after.next_price()),
            next_payment_at: up.after.period_end,
            begins_period: up.begins_period,
        })
    }

    /// Changes the caller's subscription to a higher plan: at once for the
    /// difference, or when the period ends, as the shop has it.
    ///
    /// # Errors
    /// [`SubscriptionError::LowerTier`] for what is no upgrade.
    pub async fn upgrade(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        plan: PlanId,
    ) -> Result<Subscription, SubscriptionError> {
        retrying("subscription.upgrade", || {
            self.upgrade_once(scope, id, plan)
        })
        .await
    }

    async fn upgrade_once(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        plan: PlanId,
    ) -> Result<Subscription, SubscriptionError> {
        let terms = self.terms(scope).await?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Subscription>(scope, "subscription.upgrade", now)
            .await?
        {
            Once::Replayed(known) => return Ok(known),
            Once::Fresh(tx) => tx,
        };
        let mut old = self.lock_own(&tx, id).await?;
        let (to, service) = self.upgrade_to(&tx, &old, plan, &terms).await?;
        if terms.upgrades == UpgradePolicy::AtPeriodEnd {
            if self.schedule(&tx, &mut old, Some(plan)).await? {
                self.save(&tx, &mut old).await?;
            }
            return Ok(tx.commit_with(old).await?);
        }
        let Upgrade {
            mut after, charge, ..
        } = self.upgraded(&tx, &old, &to, now).await?;
        self.swap_units(&tx, &old, Some(plan)).await?;
        self.charge(&tx, &after, ChargeKind::Upgrade, charge)
            .await?;
        self.save(&tx, &mut after).await?;
        self.fit_to_plan(&tx, &after, &to, &service).await?;
        let event = SubscriptionPlanChanged {
            subscription: id,
            before: old.plan,
            plan,
        };
        self.queue.publish(&tx, &event).await?;
        Ok(tx.commit_with(after).await?)
    }

    /// What an upgrade does. Where it takes off what is unused, what somebody
    /// gave back of the period by hand is looked at too.
    async fn upgraded(
        &self,
        tx: &Transaction,
        old: &Subscription,
        to: &Plan,
        now: Timestamp,
    ) -> Result<Upgrade, SubscriptionError> {
        let up = upgrade(old, to, 0, now)?;
        if !up.begins_period || up.unused == 0 {
            return Ok(up);
        }
        let by_hand = self.given_back_by_hand(tx, old).await?;
        upgrade(old, to, by_hand, now)
    }

    /// The plan of an upgrade and its service, if it is one and the shop does
    /// that.
    async fn upgrade_to(
        &self,
        tx: &Transaction,
        subscription: &Subscription,
        plan: PlanId,
        terms: &SubscriptionSettings,
    ) -> Result<(Plan, Service), SubscriptionError> {
        let (to, service) = self.plan_on_sale(tx, plan).await?;
        let (from, way) = self.way(tx, subscription, &to).await?;
        if way == Direction::Down {
            let hint = match terms.downgrades {
                DowngradePolicy::AtPeriodEnd => {
                    "; `POST …/downgrade` changes to it when the period ends"
                }
                DowngradePolicy::Refused => "",
            };
            return Err(if to.tier < from.tier {
                SubscriptionError::LowerTier {
                    from: tier_name(from.tier),
                    to: tier_name(to.tier),
                    hint,
                }
            } else if to.interval.days() < from.interval.days() {
                SubscriptionError::ShorterInterval
            } else {
                SubscriptionError::CheaperPlan { hint }
            });
        }
        if terms.upgrades == UpgradePolicy::Refused {
            return Err(SubscriptionError::UpgradesRefused);
        }
        Ok((to, service))
    }

    /// The plan of a subscription that runs, and whether another one is more.
    pub(crate) async fn way(
        &self,
        tx: &Transaction,
        subscription: &Subscription,
        to: &Plan,
    ) -> Result<(Plan, Direction), SubscriptionError> {
        if !subscription.runs() || subscription.canceled_at.is_some() {
            return Err(SubscriptionError::NotRunning);
        }
        let plan = subscription.plan;
        let from = self.catalog.plan_alone_in_tx(tx, plan).await?;
        let way = direction(subscription, &from, to)?;
        Ok((from, way))
    }

    /// Gives a subscription its unit of a plan, for which its owner waits no
    /// longer then.
    pub(crate) async fn give_unit(
        &self,
        tx: &Transaction,
        one: &Subscription,
        plan: PlanId,
    ) -> Result<(), QuotaError> {
        let reference = one.id.to_string();
        self.quotas.allocate_in_tx(tx, plan, &reference, 1).await?;
        self.quotas.served_in_tx(tx, plan, one.user).await
    }

    /// Gives units of a plan to a subscription, if there is one, and takes
    /// back those of all other plans it has. Quotas are locked in the order of
    /// their plans, so that those who change in opposite directions do not
    /// wait for each other.
    pub(crate) async fn swap_units(
        &self,
        tx: &Transaction,
        old: &Subscription,
        to: Option<PlanId>,
    ) -> Result<(), SubscriptionError> {
        let reference = old.id.to_string();
        let mut plans: Vec<PlanId> = [Some(old.plan), old.next_plan, to]
            .into_iter()
            .flatten()
            .collect();
        plans.sort_unstable();
        plans.dedup();
        for plan in plans {
            if Some(plan) == to {
                self.give_unit(tx, old, plan).await?;
            } else {
                self.quotas.release_in_tx(tx, plan, &reference).await?;
            }
        }
        Ok(())
    }
}
