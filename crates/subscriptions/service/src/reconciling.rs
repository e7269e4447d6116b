//! Comparing what is given of quotas with the subscriptions there are.

use std::collections::{BTreeSet, HashSet};

use credits_model::quota::QuotaError;
use database::retrying;
use kernel::{AllocationId, Permission, PlanId, Scope, SubscriptionId, last_of_full};
use subscriptions_model::SubscriptionError;
use subscriptions_repository::subscriptions::{self, Holder};

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
            for (id, plan) in self.orphans(scope, &some).await? {
                let orphan = || self.take_back_if_orphan(scope, id, plan);
                if retrying("quota.reconcile", orphan).await? {
                    taken += 1;
                }
            }
            last = match last_of_full(&some, AT_ONCE) {
                Some((id, ..)) => Some(*id),
                _ => return Ok(taken),
            };
        }
    }

    /// Those units that seem to belong to no subscription that lives. They are
    /// looked at again under its lock.
    async fn orphans(
        &self,
        scope: &Scope,
        some: &[(AllocationId, PlanId, String)],
    ) -> Result<Vec<(SubscriptionId, PlanId)>, SubscriptionError> {
        // What others were given under names of their own is theirs.
        let named = some
            .iter()
            .filter_map(|(_, plan, reference)| Some((reference.parse().ok()?, *plan)));
        let mut units: Vec<(SubscriptionId, PlanId)> = named.collect();
        let ids: Vec<SubscriptionId> = units.iter().map(|(id, _)| *id).collect();
        let db = self.database.read(scope).await?;
        let holders = subscriptions::holders_among(&db, &ids).await?;
        let held: HashSet<_> = holders.iter().flat_map(units_of).collect();
        units.retain(|unit| !held.contains(unit));
        Ok(units)
    }

    async fn take_back_if_orphan(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        plan: PlanId,
    ) -> Result<bool, SubscriptionError> {
        let tx = self.database.begin_write(scope, "quota.reconcile").await?;
        let one = subscriptions::lock(&tx, id).await?;
        if one.is_some_and(|one| one.holds(plan)) {
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
            for (id, plan) in self.missing(scope, &some).await? {
                let missing = || self.give_if_missing(scope, id, plan);
                if retrying("quota.reconcile", missing).await? {
                    given += 1;
                }
            }
            last = match last_of_full(&some, AT_ONCE) {
                Some((id, ..)) => Some(*id),
                _ => return Ok(given),
            };
        }
    }

    /// The units that subscriptions seem to lack, to be looked at again, too.
    async fn missing(
        &self,
        scope: &Scope,
        some: &[Holder],
    ) -> Result<Vec<(SubscriptionId, PlanId)>, SubscriptionError> {
        let mut units: Vec<_> = some.iter().flat_map(units_of).collect();
        let plans: BTreeSet<PlanId> = units.iter().map(|(_, plan)| *plan).collect();
        let plans: Vec<PlanId> = plans.into_iter().collect();
        let references: Vec<String> = some.iter().map(|(id, ..)| id.to_string()).collect();
        let held = self.quotas.held(scope, &plans, &references).await?;
        units.retain(|(id, plan)| !held.contains(&(*plan, id.to_string())));
        Ok(units)
    }

    async fn give_if_missing(
        &self,
        scope: &Scope,
        id: SubscriptionId,
        plan: PlanId,
    ) -> Result<bool, SubscriptionError> {
        let tx = self.database.begin_write(scope, "quota.reconcile").await?;
        let one = subscriptions::lock(&tx, id).await?;
        let Some(one) = one.filter(|one| one.holds(plan)) else {
            return Ok(false);
        };
        let reference = id.to_string();
        if self.quotas.holds_in_tx(&tx, plan, &reference).await? {
            return Ok(false);
        }
        match self.give_unit(&tx, &one, plan).await {
            Ok(()) => {}
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

/// The units that a subscription holds.
fn units_of(&(id, plan, next): &Holder) -> impl Iterator<Item = (SubscriptionId, PlanId)> {
    let plans = [Some(plan), next].into_iter().flatten();
    plans.map(move |plan| (id, plan))
}
