//! Hosted services.

use catalog_model::events::ServicesChanged;
use catalog_model::hosting::HostingError;
use catalog_model::hosting::service::{NewService, Service, ServiceChange, ServiceRef};
use catalog_repository::hosting::{categories, services};
use database::{Once, Transaction};
use kernel::{
    AuditEntry, Audited as _, Expected, Fault, Page, PageRequest, Permission, Scope,
    ServiceCategoryId, ServiceId,
};

use super::ServiceFilter;
use crate::Catalog;

impl Catalog {
    /// The services that are shown, newest first; of a category, if one is
    /// named by its slug.
    pub async fn services(
        &self,
        scope: &Scope,
        category: Option<String>,
        page: PageRequest<ServiceId>,
    ) -> Result<Page<Service, ServiceId>, HostingError> {
        let filter = ServiceFilter {
            category,
            shown: true,
            ..ServiceFilter::default()
        };
        let db = self.database.read(scope).await?;
        Ok(services::list(&db, &filter, page).await?)
    }

    /// One service that is shown.
    pub async fn shown_service(
        &self,
        scope: &Scope,
        which: &ServiceRef,
    ) -> Result<Service, HostingError> {
        let db = self.database.read(scope).await?;
        services::shown(&db, which)
            .await?
            .ok_or(HostingError::ServiceNotFound)
    }

    /// Services for those who run the shop, newest first.
    pub async fn all_services(
        &self,
        scope: &Scope,
        filter: &ServiceFilter,
        page: PageRequest<ServiceId>,
    ) -> Result<Page<Service, ServiceId>, HostingError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        Ok(services::list(&db, filter, page).await?)
    }

    /// One service.
    pub async fn service(&self, scope: &Scope, id: ServiceId) -> Result<Service, HostingError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        services::find(&db, id)
            .await?
            .ok_or(HostingError::ServiceNotFound)
    }

    /// Makes a service without plans.
    pub async fn create_service(
        &self,
        scope: &Scope,
        new: NewService,
    ) -> Result<Service, HostingError> {
        scope.require(Permission::CatalogWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Service>(scope, "service.create", now)
            .await?
        {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        let made = Service::new(new, now)?;
        check_category(&tx, made.category).await?;
        services::insert(&tx, &made).await.map_err(slug_taken)?;
        self.queue.publish(&tx, &ServicesChanged {}).await?;
        let entry = AuditEntry::new("service.create", made.id).after(&made);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Changes a service, if its version is still that one. What runs already
    /// goes on as it was made.
    pub async fn change_service(
        &self,
        scope: &Scope,
        id: ServiceId,
        change: ServiceChange,
        expected: &Expected,
    ) -> Result<Service, HostingError> {
        scope.require(Permission::CatalogWrite)?;
        let tx = self.database.begin_write(scope, "service.change").await?;
        let known = services::find(&tx, id)
            .await?
            .ok_or(HostingError::ServiceNotFound)?;
        if !expected.is_met_by(known.version) {
            return Err(HostingError::VersionMismatch);
        }
        if change == ServiceChange::default() {
            return Ok(known);
        }
        let before = known.snapshot();
        let changed = known.changed(change, self.now())?;
        check_category(&tx, changed.category).await?;
        if !services::update(&tx, &changed).await.map_err(slug_taken)? {
            return Err(HostingError::VersionMismatch);
        }
        self.queue.publish(&tx, &ServicesChanged {}).await?;
        let entry = AuditEntry::new("service.change", id);
        self.record(&tx, entry.before(&before).after(&changed))
            .await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// Refuses a category that does not exist; categories are never deleted.
async fn check_category(
    tx: &Transaction,
    category: Option<ServiceCategoryId>,
) -> Result<(), HostingError> {
    match category {
        Some(id) if categories::find(tx, id).await?.is_none() => Err(HostingError::UnknownCategory),
        _ => Ok(()),
    }
}

fn slug_taken(fault: Fault) -> HostingError {
    if fault.violates(services::UNIQUE_SLUG) {
        HostingError::ServiceSlugTaken
    } else {
        fault.into()
    }
}
