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
    /// What became of them besides.
    #[serde(default)]
    pub pieces: Pieces,
}

/// What became of the pieces of a line. The database holds that they are
/// never more than were bought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pieces {
    /// Handed over without being shipped: services and downloads.
    pub intangible: i64,
    /// Given up before they were shipped.
    pub withdrawn: i64,
    /// In shipments that were not canceled.
    pub shipped: i64,
    /// In returns that are open.
    pub returning: i64,
    /// Came back after they were shipped.
    pub returned: i64,
    /// Came back and are not sold again.
    pub scrapped: i64,
}

impl OrderLine {
    /// How many are to be shipped in all.
    pub fn to_ship(&self) -> i64 {
        self.quantity - self.pieces.intangible - self.pieces.withdrawn
    }

    /// How many are in no shipment yet.
    pub fn open(&self) -> i64 {
        (self.to_ship() - self.pieces.shipped).max(0)
    }

    /// How many can go back into stock without a return: neither are they
    /// there already, nor is a return to bring them.
    pub fn restockable(&self) -> i64 {
        self.quantity - self.restocked - self.pieces.scrapped - self.pieces.returning
    }

    /// Notes that pieces went back into stock without a return. Those that
    /// were not shipped come first: they are here.
    pub fn put_back(&mut self, quantity: i64) -> LineMove {
        let withdrawn = quantity.min(self.open());
        let came_back = self.pieces.shipped - self.pieces.returned - self.pieces.returning;
        let moved = LineMove {
            restocked: quantity,
            withdrawn,
            returned: (quantity - withdrawn).min(came_back),
            ..LineMove::default()
        };
        self.moved(moved);
        moved
    }

    /// Takes a move over.
    pub fn moved(&mut self, by: LineMove) {
        self.restocked += by.restocked;
        self.pieces.withdrawn += by.withdrawn;
        self.pieces.shipped += by.shipped;
        self.pieces.returning += by.returning;
        self.pieces.returned += by.returned;
        self.pieces.scrapped += by.scrapped;
    }
}

/// By how much the counts of a line change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineMove {
    /// Went back into stock.
    pub restocked: i64,
    /// Given up before they were shipped.
    pub withdrawn: i64,
    /// Came into shipments.
    pub shipped: i64,
    /// Came into open returns.
    pub returning: i64,
    /// Came back.
    pub returned: i64,
    /// Are not sold again.
    pub scrapped: i64,
}

/// How many of each pile the lines want.
pub fn demand(lines: &[OrderLine]) -> Result<Demand, CatalogError> {
    Demand::of(
        lines
            .iter()
            .filter_map(|line| line.stock_item.map(|item| (item, line.quantity))),
    )
}
