//! Plans and how much there is of them.

use catalog_model::hosting::plan::{NewPlan, Plan, PlanChange};
use catalog_model::hosting::service::ServiceRef;
use credits_model::quota::{PlanOffer, Quota, QuotaError};
use credits_repository::quota::quotas;
use database::{Once, Scoped};
use kernel::{AuditEntry, Expected, Fault, Permission, PlanId, Scope, ServiceId};

use super::Quotas;

impl Quotas {
    /// The plans of a service that is shown, with how much there is of them,
    /// the least first.
    pub async fn plans_on_offer(
        &self,
        scope: &Scope,
        service: &ServiceRef,
    ) -> Result<Vec<PlanOffer>, QuotaError> {
        let plans = self.catalog.shown_plans(scope, service).await?;
        let db = self.database.read(scope).await?;
        with_quotas(&db, plans).await
    }

    /// All plans of a service, for those who run the shop.
    pub async fn plans(
        &self,
        scope: &Scope,
        service: ServiceId,
    ) -> Result<Vec<PlanOffer>, QuotaError> {
        let plans = self.catalog.plans(scope, service).await?;
        let db = self.database.read(scope).await?;
        with_quotas(&db, plans).await
    }

    /// One plan, for those who run the shop.
    pub async fn plan(&self, scope: &Scope, id: PlanId) -> Result<PlanOffer, QuotaError> {
        let plan = self.catalog.plan(scope, id).await?;
        self.offer(scope, plan).await
    }

    /// Makes a plan and its quota, in one transaction.
    pub async fn create_plan(
        &self,
        scope: &Scope,
        service: ServiceId,
        new: NewPlan,
        total: Option<i64>,
    ) -> Result<PlanOffer, QuotaError> {
        scope.require(Permission::CatalogWrite)?;
        let currency = self.catalog.plan_currency(scope).await?;
        let tx = match self
            .database
            .begin_once::<PlanOffer>(scope, "plan.create", self.now())
            .await?
        {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        let plan = self
            .catalog
            .create_plan_in_tx(&tx, service, new, currency)
            .await?;
        let quota = Quota::new(plan.id, total, self.now())?;
        quotas::insert(&tx, &quota).await?;
        let entry = AuditEntry::new("plan.create", plan.id).after(&plan);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(PlanOffer { plan, quota }).await?)
    }

    /// Changes a plan, if its version is still that one.
    pub async fn change_plan(
        &self,
        scope: &Scope,
        id: PlanId,
        change: PlanChange,
        expected: &Expected,
    ) -> Result<PlanOffer, QuotaError> {
        let plan = self
            .catalog
            .change_plan(scope, id, change, expected)
            .await?;
        self.offer(scope, plan).await
    }

    /// A plan with how much there is of it.
    pub async fn offer(&self, scope: &Scope, plan: Plan) -> Result<PlanOffer, QuotaError> {
        let db = self.database.read(scope).await?;
        let mut one = with_quotas(&db, vec![plan]).await?;
        one.pop()
            .ok_or_else(|| Fault::permanent("a plan without a quota").into())
    }
}

async fn with_quotas(db: &Scoped, plans: Vec<Plan>) -> Result<Vec<PlanOffer>, QuotaError> {
    let ids: Vec<PlanId> = plans.iter().map(|plan| plan.id).collect();
    let mut known = quotas::of(db, &ids).await?;
    let offers = plans.into_iter().filter_map(|plan| {
        let at = known.iter().position(|quota| quota.plan == plan.id)?;
        let quota = known.swap_remove(at);
        Some(PlanOffer { plan, quota })
    });
    Ok(offers.collect())
}
