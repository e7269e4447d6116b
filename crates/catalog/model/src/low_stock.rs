//! What runs low.

use kernel::{ProductId, SellerId, StockItemId, VariantId};
use serde::{Deserialize, Serialize};

use crate::stock::StockItem;

/// Which piles to list. All conditions must hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LowFilter {
    /// Of one product.
    pub product: Option<ProductId>,
    /// Of what one seller sells.
    pub seller: Option<SellerId>,
    /// Only those of which nothing is left.
    pub out_only: bool,
}

/// A variant that draws from a pile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawingVariant {
    /// Which.
    pub id: VariantId,
    /// The stock keeping unit.
    pub sku: String,
    /// What tells it apart.
    pub title: String,
}

/// A pile that runs low, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowStock {
    /// The pile.
    pub pile: StockItem,
    /// What the product is called.
    pub name: String,
    /// The product's name in URLs.
    pub slug: String,
    /// Who sells it.
    pub seller: Option<SellerId>,
    /// The variants that draw from it and are sold.
    pub variants: Vec<DrawingVariant>,
}

/// Where in the list a pile stands: the emptiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LowPosition {
    /// How many can be promised.
    pub available: i64,
    /// Which pile.
    pub item: StockItemId,
}
