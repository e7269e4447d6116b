//! What the catalog answers: products with all that belongs to them.

use std::collections::BTreeMap;

use kernel::{CategoryId, Currency, Money, ProductId, SellerId, StockItemId, Timestamp, VariantId};
use serde::{Deserialize, Serialize};

use crate::bundle::{Component, Draw, draws, together};
use crate::image::Image;
use crate::price_list::{Listed, price_in};
use crate::product::{Condition, Product, ProductKind, ProductStatus};
use crate::seller::SellerFee;
use crate::stock::StockItem;
use crate::supply::Supply;
use crate::variant::{Variant, VariantStatus};

/// A category, as a product names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryName {
    /// Which.
    pub id: CategoryId,
    /// Its name in URLs.
    pub slug: String,
    /// What it is called.
    pub name: String,
}

/// A variant with its stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockedVariant {
    /// The variant.
    pub variant: Variant,
    /// Its pile; none when there is nothing to count, and for bundles.
    pub stock: Option<StockItem>,
    /// What it is made of, if it is a bundle.
    #[serde(default)]
    pub components: Vec<Component>,
    /// Of a bundle, how many pieces came back on the pile that it had of its
    /// own before.
    #[serde(default)]
    pub set_aside: Option<i64>,
    /// What the price list that counts says of it, in the currency it was
    /// asked for in, else its own.
    #[serde(default)]
    pub listed: Option<Listed>,
}

impl StockedVariant {
    /// The variant with what it costs in the currency that its list price is
    /// in; none when it is not sold in it.
    pub fn in_currency(mut self, currency: Currency) -> Option<Self> {
        let own = (self.variant.price, self.variant.compare_at);
        let (price, compare_at) = price_in(currency, own, self.listed)?;
        self.variant.price = price;
        self.variant.compare_at = compare_at;
        Some(self)
    }

    /// How many can be promised of what is there, none when nothing is
    /// counted, and what is sold beyond that.
    pub fn available(&self) -> (Option<i64>, Supply) {
        if self.variant.bundle {
            return together(&self.components);
        }
        let supply = self.stock.map(|pile| pile.supply).unwrap_or_default();
        (self.stock.map(|pile| pile.available()), supply)
    }

    /// Whether any is there.
    pub fn is_in_stock(&self) -> bool {
        self.available().0.is_none_or(|available| available > 0)
    }

    /// The same, with the supply that holds at an instant.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.stock = self.stock.map(|pile| pile.at(now));
        let components = self.components.into_iter();
        self.components = components.map(|one| one.at(now)).collect();
        self
    }

    /// What it costs now in its own currency, if its list price is in that.
    pub fn current_price(&self) -> Money {
        let own = (self.variant.price, self.variant.compare_at);
        let currency = self.variant.price.currency;
        price_in(currency, own, self.listed).map_or(self.variant.price, |(price, _)| price)
    }
}

/// A product with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDetail {
    /// The product.
    pub product: Product,
    /// The categories it is in, by name.
    pub categories: Vec<CategoryName>,
    /// Its variants, in order.
    pub variants: Vec<StockedVariant>,
    /// Its pictures, in order.
    #[serde(default)]
    pub images: Vec<Image>,
}

/// A product as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductSummary {
    /// Which.
    pub id: ProductId,
    /// Its name in URLs.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// What it is sorted by when sorted by name.
    pub sort_name: String,
    /// Who makes it.
    pub brand: Option<String>,
    /// What kind of thing it is.
    pub kind: ProductKind,
    /// Whether it had an owner before.
    pub condition: Condition,
    /// Whether it is shown and sold.
    pub status: ProductStatus,
    /// The currency of its prices.
    pub currency: Currency,
    /// What its cheapest variant costs, in minor units.
    pub price_min: Option<i64>,
    /// What its dearest variant costs, in minor units.
    pub price_max: Option<i64>,
    /// What its cheapest variant cost before, in minor units; the highest such
    /// price where several cost the same now.
    pub compare_at: Option<i64>,
    /// Whether any variant is there: what is sold before it is there does not count.
    pub in_stock: bool,
    /// Its first picture.
    pub image: Option<Image>,
    /// Grows with every change.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What carts and orders need to know about a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Which variant.
    pub variant: VariantId,
    /// Of which product.
    pub product: ProductId,
    /// The product's name in URLs.
    pub slug: String,
    /// What the product is called.
    pub name: String,
    /// What tells the variant apart.
    pub title: String,
    /// The stock keeping unit.
    pub sku: String,
    /// Size and other options.
    pub options: BTreeMap<String, String>,
    /// What kind of thing it is.
    pub kind: ProductKind,
    /// Who sells it.
    pub seller: Option<SellerId>,
    /// What the shop takes of what they sell, if not what it takes of others.
    #[serde(default)]
    pub seller_fee: Option<SellerFee>,
    /// What one costs.
    pub price: Money,
    /// What one cost before.
    #[serde(default)]
    pub compare_at: Option<Money>,
    /// What one weighs when shipped, in grams.
    pub weight_grams: i64,
    /// Where its stock is counted; none when there is none to count, and for
    /// bundles.
    pub stock_item: Option<StockItemId>,
    /// What it is made of, if it is a bundle.
    #[serde(default)]
    pub components: Vec<Component>,
    /// How many of those that are there can be promised; none when there is
    /// nothing to count.
    pub available: Option<i64>,
    /// What is sold beyond that now.
    #[serde(default)]
    pub supply: Supply,
    /// Whether the product is sold.
    pub product_status: ProductStatus,
    /// Whether the variant is sold.
    pub variant_status: VariantStatus,
}

impl Offer {
    /// Whether it can be bought at all.
    pub fn is_on_sale(&self) -> bool {
        self.product_status == ProductStatus::Active
            && self.variant_status == VariantStatus::Active
            && self.components.iter().all(|component| !component.archived)
    }

    /// What one takes of each pile.
    pub fn draws(&self) -> Vec<Draw> {
        if !self.components.is_empty() {
            return draws(&self.components);
        }
        let own = self.stock_item.zip(self.available);
        let own = own.map(|(item, available)| Draw {
            item,
            quantity: 1,
            available,
            supply: self.supply,
        });
        own.into_iter().collect()
    }

    /// The same, with the supply that holds at an instant.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if self.components.is_empty() {
            self.supply = self.supply.at(now);
        } else {
            let components = self.components.into_iter();
            self.components = components.map(|one| one.at(now)).collect();
            (self.available, self.supply) = together(&self.components);
        }
        self
    }

    /// How many can be bought now; none when there is no limit.
    pub fn limit(&self) -> Option<i64> {
        if self.is_on_sale() {
            self.available
                .map(|available| available.saturating_add(self.supply.beyond).max(0))
        } else {
            Some(0)
        }
    }
}
