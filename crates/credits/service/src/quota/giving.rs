//! Giving units and taking them back, for other domains.

use std::collections::HashSet;

use credits_model::quota::jobs::TellWaiting;
use credits_model::quota::{Allocation, Quota, QuotaError};
use credits_repository::quota::{allocations, quotas};
use database::Transaction;
use kernel::{AllocationId, Fault, PlanId, Scope};

use super::Quotas;

impl Quotas {
    /// Gives units of a plan under a name, if there are so many. Again with
    /// the same name it answers what was given and gives nothing.
    ///
    /// # Errors
    /// [`QuotaError::Exhausted`], [`QuotaError::NotFound`] when the plan has no
    /// quota. The transaction has to be rolled back then.
    pub async fn allocate_in_tx(
        &self,
        tx: &Transaction,
        plan: PlanId,
        reference: &str,
        units: i64,
    ) -> Result<Allocation, QuotaError> {
        let now = self.now();
        let id = AllocationId::new(now);
        if !allocations::insert(tx, id, plan, reference, units, now).await? {
            return allocations::find(tx, plan, reference)
                .await?
                .ok_or(QuotaError::NotFound);
        }
        let quota = quotas::give(tx, plan, units, now)
            .await?
            .ok_or(QuotaError::Exhausted)?;
        let was = quota.health_at(quota.used - units);
        self.say(tx, was, &quota).await?;
        Ok(Allocation {
            id,
            quota: quota.id,
            reference: reference.to_owned(),
            units,
            created_at: now,
        })
    }

    /// Takes back what a name has of a plan, and lets those know who wait.
    /// False when it has nothing, or not any more.
    pub async fn release_in_tx(
        &self,
        tx: &Transaction,
        plan: PlanId,
        reference: &str,
    ) -> Result<bool, QuotaError> {
        let now = self.now();
        let Some((quota, units)) = allocations::release(tx, plan, reference, now).await? else {
            return Ok(false);
        };
        let quota = quotas::take_back(tx, quota, units, now)
            .await?
            .ok_or_else(|| Fault::permanent("more was given of a quota than is noted"))?;
        let was = quota.health_at(quota.used + units);
        self.say(tx, was, &quota).await?;
        self.let_know(tx, &quota).await?;
        Ok(true)
    }

    /// Whether a name has units of a plan.
    pub async fn holds_in_tx(
        &self,
        tx: &Transaction,
        plan: PlanId,
        reference: &str,
    ) -> Result<bool, QuotaError> {
        Ok(allocations::find(tx, plan, reference).await?.is_some())
    }

    /// Which of some names have units of which of some plans.
    pub async fn held(
        &self,
        scope: &Scope,
        plans: &[PlanId],
        references: &[String],
    ) -> Result<HashSet<(PlanId, String)>, QuotaError> {
        let db = self.database.read(scope).await?;
        let held = allocations::held(&db, plans, references).await?;
        Ok(held.into_iter().collect())
    }

    /// What is given of all plans, after one allocation, in order: the plans
    /// and the names. For whoever compares it with what lives.
    pub async fn allocations_after(
        &self,
        scope: &Scope,
        after: Option<AllocationId>,
        limit: i64,
    ) -> Result<Vec<(AllocationId, PlanId, String)>, QuotaError> {
        let db = self.database.read(scope).await?;
        Ok(allocations::all(&db, after, limit).await?)
    }

    /// Sees to it that those who wait are told of room, if there is some.
    pub(super) async fn let_know(&self, tx: &Transaction, quota: &Quota) -> Result<(), Fault> {
        if quota.waiting > 0 && quota.available() != Some(0) {
            let job = TellWaiting { quota: quota.id };
            self.queue.enqueue(tx, &job).await?;
        }
        Ok(())
    }
}
