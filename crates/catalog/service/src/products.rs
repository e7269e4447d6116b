//! Making and editing products.

use catalog_model::bundle_errors::some;
use catalog_model::events::ProductChanged;
use catalog_model::listing::ProductRef;
use catalog_model::offer::ProductDetail;
use catalog_model::product::{
    InventoryStrategy, NewProduct, Product, ProductChange, ProductKind, ProductStatus,
};
use catalog_model::{BundleError, CatalogError, SellerError};
use catalog_repository::bundles::{self, Of};
use catalog_repository::detail::Audience;
use catalog_repository::prices::Pricing;
use catalog_repository::{categories, detail, piles, products};
use database::{Once, Transaction};
use kernel::{
    AuditEntry, Audited as _, CategoryId, Expected, Fault, Permission, ProductId, Scope, SellerId,
    StockItemId,
};

use crate::Catalog;
use crate::index::reread;
use crate::sellers::check_seller;

/// A product as administrators see it.
pub type AdminProduct = ProductDetail;

impl Catalog {
    /// A product with any status, with all that belongs to it.
    pub async fn admin_product(
        &self,
        scope: &Scope,
        product: &ProductRef,
    ) -> Result<AdminProduct, CatalogError> {
        scope.require_within(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        detail::find(&db, product, Audience::Admin, Pricing::own(self.now()))
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
        scope.require_within(Permission::CatalogWrite)?;
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
        let seller = seller_of_new(scope, new.seller)?;
        let new = NewProduct { seller, ..new };
        let product = Product::new(ProductId::new(now), new, currency, now)?;
        known_categories(&tx, &product).await?;
        check_seller(&tx, product.seller, true).await?;
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
        let made = reread(&tx, product.id, now).await?;
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
        expected: &Expected,
    ) -> Result<AdminProduct, CatalogError> {
        scope.require_within(Permission::CatalogWrite)?;
        if scope.seller().is_some() && change.seller.is_some() {
            return Err(SellerError::Fixed.into());
        }
        let now = self.now();
        let tx = self.database.begin_write(scope, "product.change").await?;
        // So that whatever version there is stays the one that is changed.
        products::lock(&tx, id).await?;
        let known = detail::find(&tx, &ProductRef::Id(id), Audience::Admin, Pricing::own(now))
            .await?
            .ok_or(CatalogError::ProductNotFound)?;
        if !expected.is_met_by(known.product.version) {
            return Err(CatalogError::VersionMismatch);
        }
        if change == ProductChange::default() {
            return Ok(AdminProduct::from(known));
        }
        let before = known.product.snapshot();
        let (known_status, known_seller) = (known.product.status, known.product.seller);
        let product = known.product.changed(change, now)?;
        known_categories(&tx, &product).await?;
        let shown = product.status != ProductStatus::Archived;
        check_seller(&tx, product.seller, shown).await?;
        if !products::update(&tx, &product).await.map_err(slug_taken)? {
            return Err(CatalogError::VersionMismatch);
        }
        // Now that its row is locked, its variants do not become components.
        if product.seller != known_seller {
            let across = bundles::across(&tx, id).await?;
            if !across.is_empty() {
                return Err(BundleError::KeepsSeller(some(&across)).into());
            }
        }
        let holders = bundles::holding(&tx, Of::Product(id)).await?;
        let sold_otherwise = known_status != product.status;
        if sold_otherwise && product.status == ProductStatus::Archived {
            Self::check_not_in_bundles(&holders, Some(id))?;
        }
        let event = ProductChanged { product: id };
        self.queue.publish(&tx, &event).await?;
        self.tell_bundles(&tx, id, &holders, sold_otherwise).await?;
        let changed = reread(&tx, id, now).await?;
        let entry = AuditEntry::new("product.change", id);
        self.record(&tx, entry.before(&before).after(&product))
            .await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// Whose a new product is: that of a seller is theirs, and nobody else's.
fn seller_of_new(scope: &Scope, given: Option<SellerId>) -> Result<Option<SellerId>, CatalogError> {
    match (scope.seller(), given) {
        (Some(_), Some(_)) => Err(SellerError::Fixed.into()),
        (own, given) => Ok(own.or(given)),
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
