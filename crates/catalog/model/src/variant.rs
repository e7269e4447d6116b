//! What is bought: a product in a size, a colour.

use std::collections::BTreeMap;

use kernel::{Audited, Money, ProductId, Snapshot, StockItemId, Timestamp, VariantId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CatalogError;

/// Variants one product may have.
pub const MAX_PER_PRODUCT: usize = 200;

/// Whether a variant is sold.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum VariantStatus {
    /// It is.
    Active,
    /// Not any more.
    Archived,
}

/// The concrete form of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Which.
    pub id: VariantId,
    /// Of which product.
    pub product: ProductId,
    /// Where its stock is counted; none when there is none to count.
    pub stock_item: Option<StockItemId>,
    /// Whether it is made of others, whose stock it shares.
    #[serde(default)]
    pub bundle: bool,
    /// The stock keeping unit: unique in the tenant.
    pub sku: String,
    /// What tells it apart, such as `Red / 42`.
    pub title: String,
    /// Its size.
    pub size: Option<String>,
    /// Other options, such as the colour.
    pub options: BTreeMap<String, String>,
    /// What one costs.
    pub price: Money,
    /// What one cost before, or is recommended to cost: above the price.
    #[serde(default)]
    pub compare_at: Option<Money>,
    /// What one weighs when shipped, in grams.
    pub weight_grams: i64,
    /// Whether it is sold.
    pub status: VariantStatus,
    /// Its place among its siblings.
    pub position: i64,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for Variant {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        let options: Vec<String> = self
            .options
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Snapshot::new()
            .with("product", self.product)
            .with_public_text("sku", Some(&self.sku))
            .with_public_text("title", Some(&self.title))
            .with_public_text("size", self.size.as_deref())
            .with_public_texts("options", options.iter().map(String::as_str))
            .with("price", self.price)
            .with("compare_at", self.compare_at)
            .with("weight_grams", self.weight_grams)
            .with("status", status)
            .with("position", self.position)
            .with("version", self.version)
    }
}

/// A variant to make.
#[derive(Debug, Clone)]
pub struct NewVariant {
    /// The stock keeping unit.
    pub sku: String,
    /// What tells it apart; made from the options when there is none.
    pub title: Option<String>,
    /// Its size.
    pub size: Option<String>,
    /// Other options.
    pub options: BTreeMap<String, String>,
    /// What one costs.
    pub price: Money,
    /// What one cost before; above the price.
    pub compare_at: Option<Money>,
    /// What one weighs when shipped, in grams.
    pub weight_grams: i64,
    /// Its place among its siblings; after them when there is none.
    pub position: Option<i64>,
    /// The stock it starts with, if it is counted by itself.
    pub on_hand: i64,
}

/// A change of a variant; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VariantChange {
    /// The stock keeping unit.
    pub sku: Option<String>,
    /// What tells it apart.
    pub title: Option<String>,
    /// Its size; `Some(None)` removes it.
    pub size: Option<Option<String>>,
    /// Other options to set, or to remove where `None`.
    pub options: BTreeMap<String, Option<String>>,
    /// What one costs.
    pub price: Option<Money>,
    /// What one cost before; `Some(None)` removes it.
    pub compare_at: Option<Option<Money>>,
    /// What one weighs when shipped, in grams.
    pub weight_grams: Option<i64>,
    /// Its place among its siblings.
    pub position: Option<i64>,
    /// Whether it is sold.
    pub status: Option<VariantStatus>,
}

/// What tells a variant apart, from its size and options: `Red / 42`.
pub fn title_of(size: Option<&str>, options: &BTreeMap<String, String>) -> String {
    let parts: Vec<&str> = options.values().map(String::as_str).chain(size).collect();
    if parts.is_empty() {
        "Standard".to_owned()
    } else {
        parts.join(" / ")
    }
}

/// Refuses a compare-at price in another currency, or not above the price: it
/// would promise a saving that there is not.
pub fn check_compare_at(price: Money, compare_at: Option<Money>) -> Result<(), CatalogError> {
    match compare_at {
        Some(other) if other.currency != price.currency => {
            Err(CatalogError::CompareAtCurrency(price.currency))
        }
        Some(other) if other.minor <= price.minor => Err(CatalogError::CompareAtTooLow),
        _ => Ok(()),
    }
}

impl Variant {
    /// The variant after a change.
    #[must_use]
    pub fn changed(mut self, change: VariantChange, now: Timestamp) -> Self {
        self.sku = change.sku.unwrap_or(self.sku);
        self.title = change.title.unwrap_or(self.title);
        self.size = change.size.unwrap_or(self.size);
        for (name, value) in change.options {
            match value {
                Some(value) => self.options.insert(name, value),
                None => self.options.remove(&name),
            };
        }
        self.price = change.price.unwrap_or(self.price);
        self.compare_at = change.compare_at.unwrap_or(self.compare_at);
        self.weight_grams = change.weight_grams.unwrap_or(self.weight_grams);
        self.position = change.position.unwrap_or(self.position);
        self.status = change.status.unwrap_or(self.status);
        self.version += 1;
        self.updated_at = now;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_come_from_options() {
        let colour = BTreeMap::from([("colour".to_owned(), "Red".to_owned())]);
        assert_eq!(title_of(Some("42"), &colour), "Red / 42");
        assert_eq!(title_of(None, &BTreeMap::new()), "Standard");
    }

    #[test]
    fn a_compare_at_price_is_above_the_price() {
        use kernel::Currency;
        let euros = |minor| Money::new(minor, Currency::EUR);
        assert!(check_compare_at(euros(100), None).is_ok());
        assert!(check_compare_at(euros(100), Some(euros(101))).is_ok());
        for too_low in [0, 99, 100] {
            let refused = check_compare_at(euros(100), Some(euros(too_low)));
            assert!(matches!(refused, Err(CatalogError::CompareAtTooLow)));
        }
        let yen = Money::new(500, "JPY".parse().unwrap());
        let refused = check_compare_at(euros(100), Some(yen));
        assert!(matches!(refused, Err(CatalogError::CompareAtCurrency(c)) if c == Currency::EUR));
    }
}
