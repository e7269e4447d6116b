//! What runs low.

use catalog_model::CatalogError;
use catalog_model::low_stock::{LowFilter, LowPosition, LowStock};
use catalog_repository::low_stock;
use kernel::{Page, PageRequest, Permission, Scope};

use crate::Catalog;

impl Catalog {
    /// Piles of which no more is available than their threshold, the emptiest
    /// first; for those who are bound to a seller, the seller's.
    pub async fn low_stock(
        &self,
        scope: &Scope,
        filter: LowFilter,
        page: PageRequest<LowPosition>,
    ) -> Result<Page<LowStock, LowPosition>, CatalogError> {
        scope.require_within(Permission::CatalogRead)?;
        let db = self.database.read(scope).await?;
        let rows = low_stock::list(&db, filter, &page).await?;
        Ok(Page::from_rows(rows, page.limit, |row| LowPosition {
            available: row.pile.available(),
            item: row.pile.id,
        }))
    }
}
