//! What hosted services are sorted by.

use catalog_model::category::CategoryStatus;
use catalog_model::events::ServicesChanged;
use catalog_model::hosting::HostingError;
use catalog_model::hosting::category::{
    NewServiceCategory, ServiceCategory, ServiceCategoryChange,
};
use catalog_model::hosting::errors::category_slug;
use catalog_repository::hosting::categories;
use database::Once;
use kernel::{AuditEntry, Audited as _, Expected, Fault, Permission, Scope, ServiceCategoryId};

use crate::Catalog;

impl Catalog {
    /// The categories of services that are shown, in order of position and
    /// name.
    pub async fn service_categories(
        &self,
        scope: &Scope,
    ) -> Result<Vec<ServiceCategory>, HostingError> {
        let db = self.database.read(scope).await?;
        let mut all = categories::all(&db).await?;
        all.retain(|one| one.status == CategoryStatus::Active);
        Ok(all)
    }

    /// All categories of services.
    pub async fn all_service_categories(
        &self,
        scope: &Scope,
    ) -> Result<Vec<ServiceCategory>, HostingError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        Ok(categories::all(&db).await?)
    }

    /// One category of services.
    pub async fn service_category(
        &self,
        scope: &Scope,
        id: ServiceCategoryId,
    ) -> Result<ServiceCategory, HostingError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        categories::find(&db, id)
            .await?
            .ok_or(HostingError::CategoryNotFound)
    }

    /// Makes a category of services.
    pub async fn create_service_category(
        &self,
        scope: &Scope,
        new: NewServiceCategory,
    ) -> Result<ServiceCategory, HostingError> {
        scope.require(Permission::CatalogWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<ServiceCategory>(scope, "service_category.create", now)
            .await?
        {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        let made = ServiceCategory {
            id: ServiceCategoryId::new(now),
            slug: category_slug(new.slug, &new.name)?,
            name: new.name,
            description: new.description,
            position: new.position,
            status: CategoryStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        categories::insert(&tx, &made).await.map_err(slug_taken)?;
        self.queue.publish(&tx, &ServicesChanged {}).await?;
        let entry = AuditEntry::new("service_category.create", made.id).after(&made);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Changes a category of services, if its version is still that one.
    pub async fn change_service_category(
        &self,
        scope: &Scope,
        id: ServiceCategoryId,
        change: ServiceCategoryChange,
        expected: &Expected,
    ) -> Result<ServiceCategory, HostingError> {
        scope.require(Permission::CatalogWrite)?;
        let tx = self
            .database
            .begin_write(scope, "service_category.change")
            .await?;
        let mut one = categories::find(&tx, id)
            .await?
            .ok_or(HostingError::CategoryNotFound)?;
        if !expected.is_met_by(one.version) {
            return Err(HostingError::VersionMismatch);
        }
        if change == ServiceCategoryChange::default() {
            return Ok(one);
        }
        let before = one.snapshot();
        one.name = change.name.unwrap_or(one.name);
        if let Some(slug) = change.slug {
            one.slug = category_slug(Some(slug), &one.name)?;
        }
        one.description = change.description.unwrap_or(one.description);
        one.position = change.position.unwrap_or(one.position);
        one.status = change.status.unwrap_or(one.status);
        one.version += 1;
        one.updated_at = self.now();
        if !categories::update(&tx, &one).await.map_err(slug_taken)? {
            return Err(HostingError::VersionMismatch);
        }
        self.queue.publish(&tx, &ServicesChanged {}).await?;
        let entry = AuditEntry::new("service_category.change", id);
        self.record(&tx, entry.before(&before).after(&one)).await?;
        tx.commit().await?;
        Ok(one)
    }
}

fn slug_taken(fault: Fault) -> HostingError {
    if fault.violates(categories::UNIQUE_SLUG) {
        HostingError::CategorySlugTaken
    } else {
        fault.into()
    }
}
