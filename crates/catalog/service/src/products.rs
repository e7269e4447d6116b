//! Making and editing products.

use catalog_model::CatalogError;
use catalog_model::events::ProductChanged;
use catalog_model::listing::ProductRef;
use catalog_model::offer::ProductDetail;
use catalog_model::product::{InventoryStrategy, NewProduct, Product, ProductChange, ProductKind};
use catalog_repository::detail::Audience;
use catalog_repository::{categories, detail, piles, products};
use database::{Once, Transaction};
use kernel::{
    AuditEntry, Audited as _, CategoryId, Fault, Permission, ProductId, Scope, StockItemId,
};

use crate::Catalog;
use crate::index::reread;

/// A product as administrators see it.
pub type AdminProduct = ProductDetail;

impl Catalog {
    /// A product with any status, with all that belongs to it.
    pub async fn admin_product(
        &self,
        scope: &Scope,
        product: &ProductRef,
    ) -> Result<AdminProduct, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        detail::find(&db, product, Audience::Admin)
            .await?
            .ok_or(CatalogError::ProductNotFound)
    }

    /// Makes a product without variants. With the strategy `flat` it gets the
    /// pile its variants will share.
    pub async fn create_product(
        &self,
        scope: &Scope,
        new: NewProduct,
    ) -> Result<AdminProduct, CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let currency = self.currency(scope).await?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<AdminProduct>(scope, "product.create", now)
            .await?
        {
            Once::Replayed(product) => return Ok(product),
            Once::Fresh(tx) => tx,
        };
        let product = Product::new(ProductId::new(now), new, currency, now)?;
        known_categories(&tx, &product).await?;
        products::insert(&tx, std::slice::from_ref(&product))
            .await
            .map_err(slug_taken)?;
        if shares_a_pile(&product) {
            piles::insert(&tx, [(StockItemId::new(now), product.id)], now).await?;
        }
        let event = ProductChanged {
            product: product.id,
        };
        self.queue.publish(&tx, &event).await?;
        let made = reread(&tx, product.id).await?;
        let entry = AuditEntry::new("product.create", product.id).after(&product);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Changes a product, if its version is still that one.
    pub async fn change_product(
        &self,
        scope: &Scope,
        id: ProductId,
        change: ProductChange,
        version: i64,
    ) -> Result<AdminProduct, CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "product.change").await?;
        let known = detail::find(&tx, &ProductRef::Id(id), Audience::Admin)
            .await?
            .ok_or(CatalogError::ProductNotFound)?;
        if known.product.version != version {
            return Err(CatalogError::VersionMismatch);
        }
        let before = known.product.snapshot();
        let product = known.product.changed(change, now)?;
        known_categories(&tx, &product).await?;
        if !products::update(&tx, &product).await.map_err(slug_taken)? {
            return Err(CatalogError::VersionMismatch);
        }
        let event = ProductChanged { product: id };
        self.queue.publish(&tx, &event).await?;
        let changed = reread(&tx, id).await?;
        let entry = AuditEntry::new("product.change", id);
        self.record(&tx, entry.before(&before).after(&product))
            .await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// Whether the variants of a product share one pile.
pub(crate) fn shares_a_pile(product: &Product) -> bool {
    product.kind == ProductKind::Goods && product.inventory_strategy == InventoryStrategy::Flat
}

async fn known_categories(tx: &Transaction, product: &Product) -> Result<(), CatalogError> {
    if product.categories.is_empty() {
        return Ok(());
    }
    let known: Vec<CategoryId> = categories::all(tx)
        .await?
        .into_iter()
        .map(|category| category.id)
        .collect();
    if product.categories.iter().all(|id| known.contains(id)) {
        Ok(())
    } else {
        Err(CatalogError::UnknownCategory)
    }
}

fn slug_taken(fault: Fault) -> CatalogError {
    if fault.violates(products::UNIQUE_SLUG) {
        CatalogError::ProductSlugTaken
    } else {
        fault.into()
    }
}
