//! Plans of hosted services.

use catalog_model::category::CategoryStatus;
use catalog_model::events::ServicesChanged;
use catalog_model::hosting::HostingError;
use catalog_model::hosting::plan::{MAX_PLANS, NewPlan, Plan, PlanChange};
use catalog_model::hosting::service::{Service, ServiceRef};
use catalog_repository::hosting::{plans, services};
use database::Transaction;
use kernel::{
    AuditEntry, Audited as _, Currency, Expected, Fault, Permission, PlanId, Scope, ServiceId,
};

use crate::Catalog;

impl Catalog {
    /// The plans of a service that is shown, the least first.
    pub async fn shown_plans(
        &self,
        scope: &Scope,
        which: &ServiceRef,
    ) -> Result<Vec<Plan>, HostingError> {
        let db = self.database.read(scope).await?;
        let service = services::shown(&db, which)
            .await?
            .ok_or(HostingError::ServiceNotFound)?;
        Ok(plans::of(&db, service.id, false).await?)
    }

    /// All plans of a service, archived ones included.
    pub async fn plans(
        &self,
        scope: &Scope,
        service: ServiceId,
    ) -> Result<Vec<Plan>, HostingError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        services::find(&db, service)
            .await?
            .ok_or(HostingError::ServiceNotFound)?;
        Ok(plans::of(&db, service, true).await?)
    }

    /// Some plans by their ids, for other domains.
    pub async fn plans_by_id(
        &self,
        scope: &Scope,
        ids: &[PlanId],
    ) -> Result<Vec<Plan>, HostingError> {
        let db = self.database.read(scope).await?;
        Ok(plans::some(&db, ids).await?)
    }

    /// One plan.
    pub async fn plan(&self, scope: &Scope, id: PlanId) -> Result<Plan, HostingError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        plans::find(&db, id)
            .await?
            .ok_or(HostingError::PlanNotFound)
    }

    /// Makes a plan of a service in the tenant's currency, in the transaction
    /// that makes its quota. The caller records who did it.
    pub async fn create_plan_in_tx(
        &self,
        tx: &Transaction,
        service: ServiceId,
        new: NewPlan,
        currency: Currency,
    ) -> Result<Plan, HostingError> {
        tx.scope().require(Permission::CatalogWrite)?;
        services::find(tx, service)
            .await?
            .ok_or(HostingError::ServiceNotFound)?;
        let made = Plan::new(service, new, currency, self.now())?;
        plans::insert(tx, &made).await.map_err(slug_taken)?;
        check_number(tx, service).await?;
        self.queue.publish(tx, &ServicesChanged {}).await?;
        Ok(made)
    }

    /// Changes a plan, if its version is still that one. Who has subscribed
    /// keeps the price they subscribed for.
    pub async fn change_plan(
        &self,
        scope: &Scope,
        id: PlanId,
        change: PlanChange,
        expected: &Expected,
    ) -> Result<Plan, HostingError> {
        scope.require(Permission::CatalogWrite)?;
        let currency = self.plan_currency(scope).await?;
        let tx = self.database.begin_write(scope, "plan.change").await?;
        let known = plans::find(&tx, id)
            .await?
            .ok_or(HostingError::PlanNotFound)?;
        if !expected.is_met_by(known.version) {
            return Err(HostingError::VersionMismatch);
        }
        if change == PlanChange::default() {
            return Ok(known);
        }
        let before = known.snapshot();
        let was = known.status;
        let changed = known.changed(change, currency, self.now())?;
        if !plans::update(&tx, &changed).await.map_err(slug_taken)? {
            return Err(HostingError::VersionMismatch);
        }
        if was != CategoryStatus::Active {
            check_number(&tx, changed.service).await?;
        }
        self.queue.publish(&tx, &ServicesChanged {}).await?;
        let entry = AuditEntry::new("plan.change", id);
        self.record(&tx, entry.before(&before).after(&changed))
            .await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// A plan and its service, neither of which anybody archives until the
    /// transaction ends.
    pub async fn plan_in_tx(
        &self,
        tx: &Transaction,
        id: PlanId,
    ) -> Result<(Plan, Service), HostingError> {
        let plan = self.plan_alone_in_tx(tx, id).await?;
        let service = services::share(tx, plan.service)
            .await?
            .ok_or(HostingError::ServiceNotFound)?;
        Ok((plan, service))
    }

    /// A plan without its service, which nobody archives until the transaction
    /// ends.
    pub async fn plan_alone_in_tx(
        &self,
        tx: &Transaction,
        id: PlanId,
    ) -> Result<Plan, HostingError> {
        plans::share(tx, id)
            .await?
            .ok_or(HostingError::PlanNotFound)
    }

    /// The currency that plans are paid in.
    pub async fn plan_currency(&self, scope: &Scope) -> Result<Currency, HostingError> {
        self.currency(scope).await.map_err(|error| {
            Fault::transient("read the tenant's currency")
                .caused_by(error)
                .into()
        })
    }
}

/// Refuses more plans than there may be. Others that are being added are not
/// seen: a few more do no harm.
async fn check_number(tx: &Transaction, service: ServiceId) -> Result<(), HostingError> {
    if plans::active(tx, service).await? > MAX_PLANS {
        return Err(HostingError::TooManyPlans);
    }
    Ok(())
}

fn slug_taken(fault: Fault) -> HostingError {
    if fault.violates(plans::UNIQUE_SLUG) {
        HostingError::PlanSlugTaken
    } else {
        fault.into()
    }
}
