//! The category tree.

use catalog_model::CatalogError;
use catalog_model::category::{Category, CategoryChange, CategoryStatus, NewCategory, Tree};
use catalog_model::events::CategoriesChanged;
use catalog_model::product::slug_for;
use catalog_repository::categories;
use database::Once;
use kernel::{AuditEntry, Audited as _, CategoryId, Expected, Fault, Permission, Scope};

use crate::Catalog;

impl Catalog {
    /// The categories that are shown, in order of position and name: active
    /// ones whose ancestors are all active.
    pub async fn categories(&self, scope: &Scope) -> Result<Vec<Category>, CatalogError> {
        let db = self.database.read(scope).await?;
        let all = categories::all(&db).await?;
        Ok(visible(all))
    }

    /// All categories.
    pub async fn all_categories(&self, scope: &Scope) -> Result<Vec<Category>, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        Ok(categories::all(&db).await?)
    }

    /// One category.
    pub async fn category(&self, scope: &Scope, id: CategoryId) -> Result<Category, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        categories::find(&db, id)
            .await?
            .ok_or(CatalogError::CategoryNotFound)
    }

    /// Makes a category.
    pub async fn create_category(
        &self,
        scope: &Scope,
        new: NewCategory,
    ) -> Result<Category, CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Category>(scope, "category.create", now)
            .await?
        {
            Once::Replayed(category) => return Ok(category),
            Once::Fresh(tx) => tx,
        };
        categories::lock_tree(&tx).await?;
        let tree = Tree::of(&categories::all(&tx).await?);
        tree.check_parent(None, new.parent)?;
        let category = Category {
            id: CategoryId::new(now),
            parent: new.parent,
            slug: slug_for(new.slug, &new.name)?,
            name: new.name,
            description: new.description,
            position: new.position,
            status: CategoryStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        categories::insert(&tx, std::slice::from_ref(&category))
            .await
            .map_err(slug_taken)?;
        self.queue.publish(&tx, &CategoriesChanged {}).await?;
        let entry = AuditEntry::new("category.create", category.id).after(&category);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(category).await?)
    }

    /// Changes a category, if its version is still that one.
    pub async fn change_category(
        &self,
        scope: &Scope,
        id: CategoryId,
        change: CategoryChange,
        expected: &Expected,
    ) -> Result<Category, CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "category.change").await?;
        categories::lock_tree(&tx).await?;
        let all = categories::all(&tx).await?;
        let tree = Tree::of(&all);
        let mut category = all
            .into_iter()
            .find(|category| category.id == id)
            .ok_or(CatalogError::CategoryNotFound)?;
        if !expected.is_met_by(category.version) {
            return Err(CatalogError::VersionMismatch);
        }
        if change == CategoryChange::default() {
            return Ok(category);
        }
        let before = category.snapshot();
        if let Some(parent) = change.parent {
            tree.check_parent(Some(id), parent)?;
            category.parent = parent;
        }
        category.name = change.name.unwrap_or(category.name);
        if let Some(slug) = change.slug {
            category.slug = slug_for(Some(slug), &category.name)?;
        }
        category.description = change.description.unwrap_or(category.description);
        category.position = change.position.unwrap_or(category.position);
        category.status = change.status.unwrap_or(category.status);
        category.version += 1;
        category.updated_at = now;
        if !categories::update(&tx, &category)
            .await
            .map_err(slug_taken)?
        {
            return Err(CatalogError::VersionMismatch);
        }
        self.queue.publish(&tx, &CategoriesChanged {}).await?;
        let entry = AuditEntry::new("category.change", id);
        self.record(&tx, entry.before(&before).after(&category))
            .await?;
        tx.commit().await?;
        Ok(category)
    }
}

fn slug_taken(fault: Fault) -> CatalogError {
    if fault.violates(categories::UNIQUE_SLUG) {
        CatalogError::CategorySlugTaken
    } else {
        fault.into()
    }
}

/// Leaves out archived categories and all below them.
fn visible(all: Vec<Category>) -> Vec<Category> {
    let hidden = |category: &Category| {
        let mut next = Some(category);
        let mut steps = 0;
        while let Some(node) = next {
            steps += 1;
            if node.status == CategoryStatus::Archived || steps > all.len() {
                return true;
            }
            next = node
                .parent
                .and_then(|parent| all.iter().find(|other| other.id == parent));
        }
        false
    };
    let keep: Vec<bool> = all.iter().map(|category| !hidden(category)).collect();
    all.into_iter()
        .zip(keep)
        .filter_map(|(category, keep)| keep.then_some(category))
        .collect()
}
