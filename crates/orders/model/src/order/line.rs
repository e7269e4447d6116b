//! What was bought.

use std::collections::BTreeMap;

use catalog_model::CatalogError;
use catalog_model::stock::Demand;
use kernel::{Money, OrderLineId, ProductId, SellerId, StockItemId, VariantId};
use serde::{Deserialize, Serialize};

/// One line of an order: what was bought, as it was when it was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Which.
    pub id: OrderLineId,
    /// Its place.
    pub position: i64,
    /// Of which product.
    pub product: ProductId,
    /// Which variant.
    pub variant: VariantId,
    /// Where its stock is counted; none when there is none to count.
    pub stock_item: Option<StockItemId>,
    /// Who sold it.
    pub seller: Option<SellerId>,
    /// The stock keeping unit.
    pub sku: String,
    /// What it was called.
    pub name: String,
    /// Size and other options.
    pub options: BTreeMap<String, String>,
    /// What one cost.
    pub unit_price: Money,
    /// How many.
    pub quantity: i64,
    /// How many went back into stock.
    pub restocked: i64,
}

/// How many of each pile the lines want.
pub fn demand(lines: &[OrderLine]) -> Result<Demand, CatalogError> {
    Demand::of(
        lines
            .iter()
            .filter_map(|line| line.stock_item.map(|item| (item, line.quantity))),
    )
}
