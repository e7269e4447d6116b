//! Keeping what products are found by.
//!
//! A document is written in the transaction that changes its product. It is
//! locked before the product is read for it, and after everything else that a
//! transaction locks: of two changes, the later one reads what the earlier
//! one did.

use std::collections::BTreeSet;

use catalog_model::CatalogError;
use catalog_model::events::ProductsIndexed;
use catalog_model::jobs::IndexMissing;
use catalog_model::listing::ProductRef;
use catalog_model::offer::ProductDetail;
use catalog_model::search::Document;
use catalog_repository::detail::Audience;
use catalog_repository::documents::Rewrite;
use catalog_repository::{detail, documents};
use database::Transaction;
use kernel::{Permission, ProductId, Scope};

use crate::Catalog;

/// How many products are indexed in one transaction.
const AT_ONCE: u32 = 200;
/// How many transactions one job runs before it leaves the rest to another.
const ROUNDS: u32 = 25;

/// Writes the documents of products as they are now.
pub(crate) async fn index(
    tx: &Transaction,
    products: impl IntoIterator<Item = ProductId>,
) -> Result<Vec<ProductDetail>, CatalogError> {
    let products: BTreeSet<ProductId> = products.into_iter().collect();
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let mut before = documents::lock(tx, &products).await?;
    let details = match products.first() {
        Some(&only) if products.len() == 1 => {
            let detail = detail::find(tx, &ProductRef::Id(only), Audience::Admin).await?;
            Vec::from_iter(detail)
        }
        _ => detail::some(tx, &products).await?,
    };
    let rewrites: Vec<Rewrite> = details
        .iter()
        .map(|detail| Rewrite {
            document: Document::of(detail),
            before: before.remove(&detail.product.id).unwrap_or_default(),
        })
        .collect();
    documents::write(tx, &rewrites).await?;
    Ok(details)
}

/// Writes the document of a product, which is returned as the transaction sees
/// it.
pub(crate) async fn reread(tx: &Transaction, id: ProductId) -> Result<ProductDetail, CatalogError> {
    let mut details = index(tx, [id]).await?;
    details.pop().ok_or(CatalogError::ProductNotFound)
}

impl Catalog {
    /// Indexes products that have no document, because they are older than
    /// search or than the form of its documents; called by its job.
    pub async fn index_missing(&self, scope: &Scope) -> Result<(), CatalogError> {
        scope.require(Permission::CatalogWrite)?;
        for round in 1..=ROUNDS {
            let db = self.database.read(scope).await?;
            let missing = documents::missing(&db, AT_ONCE).await?;
            drop(db);
            if missing.is_empty() {
                break;
            }
            let tx = self.database.begin_write(scope, "catalog.index").await?;
            let indexed = index(&tx, missing).await?;
            let event = ProductsIndexed {
                products: indexed.iter().map(|detail| detail.product.id).collect(),
            };
            self.queue.publish(&tx, &event).await?;
            if round == ROUNDS {
                self.queue.enqueue(&tx, &IndexMissing {}).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }
}
