//! Adding many products at once: for demonstration data.

use std::collections::{BTreeSet, HashMap};

use catalog_model::CatalogError;
use catalog_model::category::Category;
use catalog_model::events::CategoriesChanged;
use catalog_model::offer::{ProductDetail, StockedVariant};
use catalog_model::product::{NewProduct, Product, ProductKind};
use catalog_model::search::Document;
use catalog_model::stock::{MovementKind, StockItem};
use catalog_model::variant::{NewVariant, Variant};
use catalog_repository::documents::Rewrite;
use catalog_repository::stock::{Cause, Change};
use catalog_repository::{categories, documents, piles, products, stock, variants};
use database::Transaction;
use kernel::{AuditEntry, Permission, ProductId, Scope, Snapshot, StockItemId};

use crate::Catalog;
use crate::products::shares_a_pile;
use crate::variants::{build, sku_taken};

/// How many piles are filled in one statement.
const AT_ONCE: usize = 500;

/// A product with its variants. For products whose variants share a pile, the
/// first variant says what is in it.
pub struct NewListing {
    /// The product.
    pub product: NewProduct,
    /// Its variants.
    pub variants: Vec<NewVariant>,
}

impl Catalog {
    /// Whether the tenant has any category, and so a catalog.
    pub async fn is_empty(&self, scope: &Scope) -> Result<bool, CatalogError> {
        scope.require(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        Ok(categories::all(&db).await?.is_empty())
    }

    /// Adds categories and products in one transaction: all or nothing.
    pub async fn add_many(
        &self,
        scope: &Scope,
        tree: &[Category],
        listings: Vec<NewListing>,
    ) -> Result<(), CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        let currency = self.currency(scope).await?;
        let now = self.now();
        let mut all_products: Vec<Product> = Vec::with_capacity(listings.len());
        let mut all_variants: Vec<Variant> = Vec::new();
        let mut empty: Vec<(StockItemId, ProductId)> = Vec::new();
        let mut filling: HashMap<StockItemId, i64> = HashMap::new();
        for listing in listings {
            let product = Product::new(ProductId::new(now), listing.product, currency, now)?;
            let mut shared = None;
            for (place, new) in (0..).zip(listing.variants) {
                let on_hand = new.on_hand;
                let mut variant = build(&product, new, place, now);
                if product.kind == ProductKind::Goods {
                    let id = shared.unwrap_or_else(|| {
                        let id = StockItemId::new(now);
                        empty.push((id, product.id));
                        filling.insert(id, on_hand);
                        id
                    });
                    if shares_a_pile(&product) {
                        shared = Some(id);
                    }
                    variant.stock_item = Some(id);
                }
                all_variants.push(variant);
            }
            all_products.push(product);
        }
        let tx = self.database.begin_write(scope, "catalog.add_many").await?;
        categories::insert(&tx, tree).await?;
        products::insert(&tx, &all_products).await?;
        piles::insert(&tx, empty, now).await?;
        variants::insert(&tx, &all_variants)
            .await
            .map_err(sku_taken)?;
        products::price_all(&tx, now).await?;
        let mut changes: Vec<Change> = filling
            .iter()
            .filter(|&(_, &on_hand)| on_hand > 0)
            .map(|(&item, &on_hand)| Change::on_hand(item, on_hand))
            .collect();
        changes.sort_unstable_by_key(|change| change.item);
        index(&tx, &all_products, &all_variants, &filling).await?;
        let cause = Cause {
            kind: MovementKind::Adjusted,
            reason: Some("first stock"),
            order: None,
            now,
        };
        for some in changes.chunks(AT_ONCE) {
            stock::apply(&tx, some, cause).await?;
        }
        self.queue.publish(&tx, &CategoriesChanged {}).await?;
        let added = Snapshot::new()
            .with("categories", tree.len())
            .with("products", all_products.len())
            .with("variants", all_variants.len());
        let entry = AuditEntry::new("catalog.add_many", scope.tenant()).after(&added);
        self.record(&tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Makes products findable.
async fn index(
    tx: &Transaction,
    products: &[Product],
    variants: &[Variant],
    filling: &HashMap<StockItemId, i64>,
) -> Result<(), CatalogError> {
    let mut of_product: HashMap<ProductId, Vec<StockedVariant>> = HashMap::new();
    for variant in variants {
        let product = variant.product;
        let stock = variant.stock_item.map(|id| {
            let on_hand = filling.get(&id).copied().unwrap_or(0);
            StockItem::new(id, product, on_hand)
        });
        let stocked = StockedVariant {
            variant: variant.clone(),
            stock,
            components: Vec::new(),
            set_aside: None,
            listed: None,
        };
        of_product.entry(product).or_default().push(stocked);
    }
    let mut made = products.iter().map(|product| Rewrite {
        document: Document::of(&ProductDetail {
            categories: Vec::new(),
            images: Vec::new(),
            variants: of_product.remove(&product.id).unwrap_or_default(),
            product: product.clone(),
        }),
        before: BTreeSet::new(),
    });
    loop {
        let some: Vec<Rewrite> = made.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return Ok(());
        }
        documents::write(tx, &some).await?;
    }
}
