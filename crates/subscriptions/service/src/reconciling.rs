//! Comparing what is given of quotas with the subscriptions there are.

use credits_model::quota::QuotaError;
use database::retrying;
use kernel::{AllocationId, Permission, PlanId, Scope, SubscriptionId};
use subscriptions_model::SubscriptionError;
use subscriptions_model::subscription::SubscriptionStatus;
use subscriptions_repository::subscriptions;

use crate::Subscriptions;

/// How many are looked at together.
const AT_ONCE: i64 = 200;

impl Subscriptions {
    /// Takes back units that belong to no subscription that lives, and gives
    /// those that one should have; called by its job. Answers how many were
    /// taken back and given: none, unless somebody wrote to the database by
    /// hand.
    pub async fn reconcile_quotas(
        &self,
        scope: &Scope,
    ) -> Result<(usize, usize), SubscriptionError> {
        scope.require(Permission::SubscriptionsWrite)?;
        let taken = self.take_back_orphans(scope).await?;
        let given = self.give_missing(scope).await?;
        if taken + given > 0 {
            tracing::error!(
                taken,
                given,
                "quotas were not what subscriptions have; they are mended"
            );
        }
        Ok((taken, given))
    }

    async fn take_back_orphans(&self, scope: &Scope) -> Result<usize, SubscriptionError> {
        let mut taken = 0;
        let mut last: Option<AllocationId> = None;
        loop {
            let some = self.quotas.allocations_after(scope, last, AT_ONCE).await?;
            for (_, plan, reference) in &some {
                // What others were given under names of their own is theirs.
                let Ok(id) = reference.parse::<SubscriptionId>() else {
                    continue;
                };
                let orphan = || self.take_back_if_orphan(scope, id, *plan);
                if retrying("quota.reconcile", orphan).await? {
                    taken += 1;
                }
            }
            last = match some.last() {
                Some((id, ..)) if is_full(some.len()) => Some(*id),
                _ => return Ok(taken),
            };
        }
    }

    async fn take_back_if_orphan(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        plan: PlanId,
    ) -> Result<bool, SubscriptionError> {
        let tx = self.database.begin_write(scope, "quota.reconcile").await?;
        let one = subscriptions::lock(&tx, id).await?;
        let is_held = one.is_some_and(|one| {
            one.status != SubscriptionStatus::Ended
                && (one.plan == plan || one.next_plan == Some(plan))
        });
        if is_held {
            return Ok(false);
        }
        let taken = self
            .quotas
            .release_in_tx(&tx, plan, &id.to_string())
            .await?;
        tx.commit().await?;
        Ok(taken)
    }

    async fn give_missing(&self, scope: &Scope) -> Result<usize, SubscriptionError> {
        let mut given = 0;
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let some = subscriptions::holders(&db, last, AT_ONCE).await?;
            drop(db);
            for (id, plan, next) in &some {
                for plan in [Some(*plan), *next].into_iter().flatten() {
                    let missing = || self.give_if_missing(scope, *id, plan);
                    if retrying("quota.reconcile", missing).await? {
                        given += 1;
                    }
                }
            }
            last = match some.last() {
                Some((id, ..)) if is_full(some.len()) => Some(*id),
                _ => return Ok(given),
            };
        }
    }

    async fn give_if_missing(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        plan: PlanId,
    ) -> Result<bool, SubscriptionError> {
        let reference = id.to_string();
        if self.quotas.holds(scope, plan, &reference).await? {
            return Ok(false);
        }
        let tx = self.database.begin_write(scope, "quota.reconcile").await?;
        let one = subscriptions::lock(&tx, id).await?;
        let is_held = one.is_some_and(|one| {
            one.status != SubscriptionStatus::Ended
                && (one.plan == plan || one.next_plan == Some(plan))
        });
        if !is_held {
            return Ok(false);
        }
        match self.quotas.allocate_in_tx(&tx, plan, &reference, 1).await {
            Ok(_) => {}
            Err(error @ (QuotaError::Exhausted | QuotaError::NotFound)) => {
                tracing::error!(subscription = %id, %error, "a subscription has no unit of its plan, and none is left");
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        tx.commit().await?;
        Ok(true)
    }
}

fn is_full(found: usize) -> bool {
    i64::try_from(found).is_ok_and(|found| found == AT_ONCE)
}
