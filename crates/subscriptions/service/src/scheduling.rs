//! What is to change when the period ends: the plan, or whether it renews.

use accounts_model::tenant::DowngradePolicy;
use database::{Once, Transaction, retrying};
use kernel::{Expected, PlanId, Scope, SubscriptionId};
use subscriptions_model::SubscriptionError;
use subscriptions_model::change::Direction;
use subscriptions_model::subscription::{Subscription, SubscriptionStatus};

use crate::Subscriptions;

impl Subscriptions {
    /// Changes the caller's subscription to a lower plan when its period ends,
    /// where the shop does that. A unit of the plan is kept for it from now
    /// on.
    pub async fn downgrade(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        plan: PlanId,
    ) -> Result<Subscription, SubscriptionError> {
        retrying("subscription.downgrade", || {
            self.downgrade_once(scope, id, plan)
        })
        .await
    }

    async fn downgrade_once(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        plan: PlanId,
    ) -> Result<Subscription, SubscriptionError> {
        let terms = self.terms(scope).await?;
        let tx = match self
            .database
            .begin_once::<Subscription>(scope, "subscription.downgrade", self.now())
            .await?
        {
            Once::Replayed(known) => return Ok(known),
            Once::Fresh(tx) => tx,
        };
        let mut one = self.lock_own(&tx, id).await?;
        let (to, _) = self.plan_on_sale(&tx, plan).await?;
        let (_, way) = self.way(&tx, &one, &to).await?;
        if way == Direction::Up {
            return Err(SubscriptionError::NotLower);
        }
        if terms.downgrades == DowngradePolicy::Refused {
            return Err(SubscriptionError::DowngradesRefused);
        }
        if self.schedule(&tx, &mut one, Some(plan)).await? {
            self.save(&tx, &mut one).await?;
        }
        Ok(tx.commit_with(one).await?)
    }

    /// Turns renewing on or off, if the version is still that one. What is to
    /// change when the period ends can be called off with it, and is when
    /// nothing comes after it.
    pub async fn set_auto_renew(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        auto_renew: Option<bool>,
        keeps_plan: bool,
        expected: &Expected,
    ) -> Result<Subscription, SubscriptionError> {
        retrying("subscription.change", || {
            self.set_auto_renew_once(scope, id, auto_renew, keeps_plan, expected)
        })
        .await
    }

    async fn set_auto_renew_once(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        auto_renew: Option<bool>,
        keeps_plan: bool,
        expected: &Expected,
    ) -> Result<Subscription, SubscriptionError> {
        let tx = self
            .database
            .begin_write(scope, "subscription.change")
            .await?;
        let mut one = self.lock_own(&tx, id).await?;
        if !expected.is_met_by(one.version) {
            return Err(SubscriptionError::VersionMismatch);
        }
        if one.status == SubscriptionStatus::Ended {
            return Err(SubscriptionError::Over);
        }
        let renews = auto_renew.unwrap_or(one.auto_renew);
        let mut changed = renews != one.auto_renew;
        one.auto_renew = renews;
        // Nothing comes after what does not renew.
        if keeps_plan || !renews {
            changed |= self.schedule(&tx, &mut one, None).await?;
        }
        if changed {
            self.save(&tx, &mut one).await?;
        }
        tx.commit().await?;
        Ok(one)
    }

    /// Keeps a unit of the plan that comes next, if there is one, and lets go
    /// of that which was to come. Whether that is another one; it is to be
    /// saved then.
    pub(crate) async fn schedule(
        &self,
        tx: &Transaction,
        one: &mut Subscription,
        next: Option<PlanId>,
    ) -> Result<bool, SubscriptionError> {
        if one.next_plan == next {
            return Ok(false);
        }
        if next.is_some() && !one.auto_renew {
            return Err(SubscriptionError::NotRenewing);
        }
        let reference = one.id.to_string();
        let mut plans: Vec<PlanId> = [one.next_plan, next].into_iter().flatten().collect();
        plans.sort_unstable();
        for plan in plans {
            if Some(plan) == next {
                self.give_unit(tx, one, plan).await?;
            } else {
                self.quotas.release_in_tx(tx, plan, &reference).await?;
            }
        }
        one.next_plan = next;
        Ok(true)
    }
}
