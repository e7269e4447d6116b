//! What the stock is worth and what products are called, for those who count
//! and show figures.

use catalog_model::CatalogError;
use catalog_repository::{names, stock_value};
use kernel::{Money, ProductId, Scope};

use crate::Catalog;

impl Catalog {
    /// In each currency, how many pieces are in stock, reserved ones included,
    /// and what they cost at the prices they are sold for.
    pub async fn stock_value(&self, scope: &Scope) -> Result<Vec<(i64, Money)>, CatalogError> {
        let db = self.database.read(scope).await?;
        let rows = stock_value::by_currency(&db).await?;
        Ok(rows
            .into_iter()
            .map(|(currency, pieces, value)| (pieces, Money::new(value, currency)))
            .collect())
    }

    /// What some products are called now, archived ones as well.
    pub async fn product_names(
        &self,
        scope: &Scope,
        products: &[ProductId],
    ) -> Result<Vec<(ProductId, String)>, CatalogError> {
        let db = self.database.read(scope).await?;
        Ok(names::of(&db, products).await?)
    }
}
