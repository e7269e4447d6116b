//! Lists of products: filters, sorts, positions.

use std::collections::BTreeMap;

use kernel::{CategoryId, ProductId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::product::{Condition, ProductKind, ProductStatus};

/// Which products to list. All conditions must hold; where several values are
/// named, one of them must.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// With all these words, in any order; none for no words to look for.
    pub text: Option<String>,
    /// In one of the categories or below it.
    pub categories: Vec<CategoryRef>,
    /// Of one of the makers.
    pub brands: Vec<String>,
    /// New or used.
    pub conditions: Vec<Condition>,
    /// Of one of the kinds.
    pub kinds: Vec<ProductKind>,
    /// With one of the tags.
    pub tags: Vec<String>,
    /// With a variant of one of the sizes.
    pub sizes: Vec<String>,
    /// For each name, with a property, or a variant with an option, of one of
    /// the values.
    pub attributes: BTreeMap<String, Vec<String>>,
    /// With a variant that costs at least so much, in minor units.
    pub price_from: Option<i64>,
    /// With a variant that costs at most so much, in minor units.
    pub price_to: Option<i64>,
    /// With a variant that is in stock.
    pub in_stock: bool,
    /// With a status. The public only ever sees active ones.
    pub status: Option<ProductStatus>,
}

/// A category by id or by slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CategoryRef {
    /// By id.
    Id(CategoryId),
    /// By slug.
    Slug(String),
}

/// A product by id or by slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductRef {
    /// By id.
    Id(ProductId),
    /// By slug.
    Slug(String),
}

impl From<&str> for CategoryRef {
    fn from(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Slug(text.to_owned()), Self::Id)
    }
}

impl From<&str> for ProductRef {
    fn from(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Slug(text.to_owned()), Self::Id)
    }
}

/// In which order to list.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ProductSort {
    /// The newest first.
    #[default]
    Newest,
    /// By name, without regard to accents and case.
    Name,
    /// The cheapest first, by the cheapest variant.
    Price,
    /// The dearest first, by the cheapest variant.
    PriceDesc,
    /// The best match first; the newest first where no words are looked for.
    Relevance,
}

/// Where in a list a product stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProductPosition {
    /// In a list by age.
    Newest(ProductId),
    /// In a list by name.
    Name(String, ProductId),
    /// In a list by price, either way.
    Price(i64, ProductId),
    /// In a list by how well they match.
    Relevance(i64, ProductId),
}
