//! Facts about the catalog.

use kernel::{Event, ImportId, ProductId, StockItemId};
use serde::{Deserialize, Serialize};

/// The tag of every answer that lists products.
pub const PRODUCTS_TAG: &str = "products";
/// The tag of every answer that lists categories.
pub const CATEGORIES_TAG: &str = "categories";

/// The tag of the category tree alone. No answer has it: it is for what is
/// kept of products and categories apart.
pub const TREE_TAG: &str = "category-tree";
/// The tag of every product, where none is named. No answer has it.
pub const ALL_TAG: &str = "all-products";

/// The tag of every answer about one product.
pub fn product_tag(product: ProductId) -> String {
    format!("product:{product}")
}

/// The product that a [`product_tag`] is about.
pub fn product_of_tag(tag: &str) -> Option<ProductId> {
    tag.strip_prefix("product:")?.parse().ok()
}

/// A product or one of its variants was made, edited or archived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProductChanged {
    /// Which product.
    pub product: ProductId,
}

impl Event for ProductChanged {
    const KIND: &'static str = "product.changed";

    fn stale_tags(&self) -> Vec<String> {
        vec![PRODUCTS_TAG.to_owned(), product_tag(self.product)]
    }
}

/// Products are found by search that were not before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProductsIndexed {
    /// Which.
    pub products: Vec<ProductId>,
}

impl Event for ProductsIndexed {
    const KIND: &'static str = "products.indexed";

    fn stale_tags(&self) -> Vec<String> {
        let mut tags: Vec<String> = self.products.iter().copied().map(product_tag).collect();
        tags.push(PRODUCTS_TAG.to_owned());
        tags
    }
}

/// What the public sees of the stock of some products changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StockShownChanged {
    /// Which products.
    pub products: Vec<ProductId>,
    /// Whether one of them came into stock or went out of it, which lists
    /// show as well.
    pub in_lists: bool,
}

impl Event for StockShownChanged {
    const KIND: &'static str = "stock.shown_changed";

    fn stale_tags(&self) -> Vec<String> {
        let mut tags: Vec<String> = self.products.iter().copied().map(product_tag).collect();
        if self.in_lists {
            tags.push(PRODUCTS_TAG.to_owned());
        }
        tags
    }
}

/// A pile that runs low.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LowPile {
    /// Which pile.
    pub stock_item: StockItemId,
    /// Of which product.
    pub product: ProductId,
    /// How many can still be promised.
    pub available: i64,
    /// From which number on that is low.
    pub threshold: i64,
}

/// Of some piles there were more than the threshold, and now there are not. It
/// is said once, until there are more again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StockLow {
    /// Which piles.
    pub piles: Vec<LowPile>,
}

impl Event for StockLow {
    const KIND: &'static str = "stock.low";
}

/// Products were made and changed by an import.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CatalogImported {
    /// Which import.
    pub import: ImportId,
}

impl Event for CatalogImported {
    const KIND: &'static str = "catalog.imported";

    fn stale_tags(&self) -> Vec<String> {
        // Every answer about a product has one of these.
        [CATEGORIES_TAG, PRODUCTS_TAG, ALL_TAG]
            .map(str::to_owned)
            .to_vec()
    }
}

/// The category tree changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CategoriesChanged {}

impl Event for CategoriesChanged {
    const KIND: &'static str = "categories.changed";

    fn stale_tags(&self) -> Vec<String> {
        [CATEGORIES_TAG, PRODUCTS_TAG, TREE_TAG]
            .map(str::to_owned)
            .to_vec()
    }
}

/// Price lists changed, or what lists of products show of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PriceListsChanged {}

impl Event for PriceListsChanged {
    const KIND: &'static str = "price_lists.changed";

    fn stale_tags(&self) -> Vec<String> {
        // Every answer about a product has one of these.
        [CATEGORIES_TAG, PRODUCTS_TAG, ALL_TAG]
            .map(str::to_owned)
            .to_vec()
    }
}

/// The tag of every answer about hosted services.
pub const SERVICES_TAG: &str = "services";

/// Hosted services, their categories or plans were made, edited or archived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServicesChanged {}

impl Event for ServicesChanged {
    const KIND: &'static str = "services.changed";

    fn stale_tags(&self) -> Vec<String> {
        vec![SERVICES_TAG.to_owned()]
    }
}
