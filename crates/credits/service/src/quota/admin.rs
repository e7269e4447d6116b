//! Quotas, for those who run the shop.

use catalog_model::hosting::plan::Plan;
use credits_model::quota::forecast::{Forecast, LOOKS_BACK, forecast};
use credits_model::quota::waiter::Waiter;
use credits_model::quota::{
    Allocation, PlanOffer, Quota, QuotaChange, QuotaError, QuotaProof, Sample,
};
use credits_repository::quota::{allocations, quotas, samples, waiters};
use database::Scoped;
use kernel::{
    AllocationId, AuditEntry, Audited as _, Expected, Fault, Page, PageRequest, Permission, PlanId,
    QuotaId, Scope, Timestamp,
};

use super::{QuotaFilter, Quotas};

/// A quota, its plan, and where it is going.
#[derive(Debug, Clone)]
pub struct QuotaDetail {
    /// The quota and its plan.
    pub offer: PlanOffer,
    /// Where it is going; none when too little is known.
    pub forecast: Option<Forecast>,
}

impl Quotas {
    /// Quotas with their plans, newest first.
    pub async fn quotas(
        &self,
        scope: &Scope,
        filter: QuotaFilter,
        page: PageRequest<QuotaId>,
    ) -> Result<Page<PlanOffer, QuotaId>, QuotaError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        let page = quotas::list(&db, filter, page).await?;
        drop(db);
        let ids: Vec<PlanId> = page.items.iter().map(|quota| quota.plan).collect();
        let mut plans = self.catalog.plans_by_id(scope, &ids).await?;
        let offer = |quota: Quota| {
            let at = plans.iter().position(|plan| plan.id == quota.plan)?;
            let plan: Plan = plans.swap_remove(at);
            Some(PlanOffer { plan, quota })
        };
        Ok(Page {
            next: page.next,
            items: page.items.into_iter().filter_map(offer).collect(),
        })
    }

    /// One quota.
    pub async fn quota(&self, scope: &Scope, id: QuotaId) -> Result<QuotaDetail, QuotaError> {
        scope.require(Permission::CreditsRead)?;
        let now = self.now();
        let db = self.database.read(scope).await?;
        let quota = known(&db, id).await?;
        let hours = i64::try_from(LOOKS_BACK.as_secs() / 3_600).unwrap_or(i64::MAX);
        let recent = samples::since(&db, id, now.minus(LOOKS_BACK), hours + 1).await?;
        drop(db);
        let forecast = forecast(&quota, &recent, now);
        let offer = self.with_plan(scope, quota).await?;
        Ok(QuotaDetail { offer, forecast })
    }

    /// Changes a quota, if its version is still that one. With a total below
    /// what is given, nothing is taken from anybody, and nothing is given until
    /// enough came back.
    pub async fn change_quota(
        &self,
        scope: &Scope,
        id: QuotaId,
        change: &QuotaChange,
        expected: &Expected,
    ) -> Result<QuotaDetail, QuotaError> {
        scope.require(Permission::CreditsWrite)?;
        let tx = self.database.begin_write(scope, "quota.change").await?;
        let before = quotas::lock(&tx, id).await?.ok_or(QuotaError::NotFound)?;
        if !expected.is_met_by(before.version) {
            return Err(QuotaError::VersionMismatch);
        }
        if *change != QuotaChange::default() {
            let snapshot = before.snapshot();
            let after = before.clone().changed(change, self.now())?;
            if !quotas::update(&tx, &after).await? {
                return Err(QuotaError::VersionMismatch);
            }
            self.say(&tx, before.health(), &after).await?;
            self.let_know(&tx, &after).await?;
            let entry = AuditEntry::new("quota.change", id);
            self.record(&tx, entry.before(&snapshot).after(&after))
                .await?;
        }
        tx.commit().await?;
        self.quota(scope, id).await
    }

    /// How much of a quota was given, hour by hour, newest first.
    pub async fn quota_history(
        &self,
        scope: &Scope,
        id: QuotaId,
        between: (Option<Timestamp>, Option<Timestamp>),
        page: PageRequest<i64>,
    ) -> Result<Page<Sample, i64>, QuotaError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        known(&db, id).await?;
        Ok(samples::list(&db, id, between, page).await?)
    }

    /// What is given of a quota, newest first.
    pub async fn quota_allocations(
        &self,
        scope: &Scope,
        id: QuotaId,
        page: PageRequest<AllocationId>,
    ) -> Result<Page<Allocation, AllocationId>, QuotaError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        known(&db, id).await?;
        Ok(allocations::list(&db, id, page).await?)
    }

    /// Who waits for a quota, the first in line first.
    pub async fn quota_waiting(
        &self,
        scope: &Scope,
        id: QuotaId,
        page: PageRequest<i64>,
    ) -> Result<Page<Waiter, i64>, QuotaError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        known(&db, id).await?;
        Ok(waiters::list(&db, id, page).await?)
    }

    /// Proves that what is cached of a quota is what was given.
    pub async fn verify_quota(&self, scope: &Scope, id: QuotaId) -> Result<QuotaProof, QuotaError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        quotas::proof(&db, id).await?.ok_or(QuotaError::NotFound)
    }

    async fn with_plan(&self, scope: &Scope, quota: Quota) -> Result<PlanOffer, QuotaError> {
        let mut plans = self.catalog.plans_by_id(scope, &[quota.plan]).await?;
        let plan = plans
            .pop()
            .ok_or_else(|| Fault::permanent("a quota without a plan"))?;
        Ok(PlanOffer { plan, quota })
    }
}

async fn known(db: &Scoped, id: QuotaId) -> Result<Quota, QuotaError> {
    quotas::find(db, id).await?.ok_or(QuotaError::NotFound)
}
