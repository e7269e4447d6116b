//! What is sold.

use std::collections::{BTreeMap, BTreeSet};

use kernel::text::{is_slug, slug};
use kernel::{Audited, CategoryId, Currency, Fact, ProductId, SellerId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CatalogError;

/// What kind of thing a product is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// Is shipped, and has stock.
    Goods,
    /// Is rendered; has no stock and is not shipped.
    Service,
    /// Is downloaded; has no stock and is not shipped.
    Download,
}

/// Whether a product had an owner before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It had none.
    New,
    /// It had.
    Used,
}

/// Whether a product is shown and sold.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ProductStatus {
    /// Not yet.
    Draft,
    /// It is.
    Active,
    /// Not any more; old orders keep naming it.
    Archived,
}

/// Where the stock of a product is counted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum InventoryStrategy {
    /// One pile that all variants draw from.
    Flat,
    /// Each variant has its own.
    PerSize,
}

/// Something that is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Which.
    pub id: ProductId,
    /// Its name in URLs.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// Who makes it.
    pub brand: Option<String>,
    /// What it is.
    pub description: String,
    /// What kind of thing it is.
    pub kind: ProductKind,
    /// Whether it had an owner before.
    pub condition: Condition,
    /// Whether it is shown and sold.
    pub status: ProductStatus,
    /// Properties such as material, in order of their names.
    pub attributes: BTreeMap<String, String>,
    /// Words to find it by.
    pub tags: BTreeSet<String>,
    /// The categories it is in.
    pub categories: BTreeSet<CategoryId>,
    /// Who sells it, where the tenant has several sellers.
    pub seller: Option<SellerId>,
    /// Where its stock is counted. It stays as it was made.
    pub inventory_strategy: InventoryStrategy,
    /// The currency of its prices: the tenant's.
    pub currency: Currency,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for Product {
    fn snapshot(&self) -> Snapshot {
        let (kind, condition): (&'static str, &'static str) =
            (self.kind.into(), self.condition.into());
        let (status, strategy): (&'static str, &'static str) =
            (self.status.into(), self.inventory_strategy.into());
        let attributes: Vec<String> = self
            .attributes
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Snapshot::new()
            .with_public_text("slug", Some(&self.slug))
            .with_public_text("name", Some(&self.name))
            .with_public_text("brand", self.brand.as_deref())
            .with_digest("description", &self.description)
            .with("kind", kind)
            .with("condition", condition)
            .with("status", status)
            .with_public_texts("attributes", attributes.iter().map(String::as_str))
            .with_public_texts("tags", self.tags.iter().map(String::as_str))
            .with(
                "categories",
                self.categories.iter().copied().collect::<Fact>(),
            )
            .with("seller", self.seller)
            .with("inventory_strategy", strategy)
            .with("version", self.version)
    }
}

/// A product to make.
#[derive(Debug, Clone)]
pub struct NewProduct {
    /// Its name in URLs; made from the name when there is none.
    pub slug: Option<String>,
    /// What it is called.
    pub name: String,
    /// Who makes it.
    pub brand: Option<String>,
    /// What it is.
    pub description: String,
    /// What kind of thing it is.
    pub kind: ProductKind,
    /// Whether it had an owner before.
    pub condition: Condition,
    /// Whether it is shown and sold at once.
    pub status: ProductStatus,
    /// Properties.
    pub attributes: BTreeMap<String, String>,
    /// Words to find it by.
    pub tags: BTreeSet<String>,
    /// The categories it is in.
    pub categories: BTreeSet<CategoryId>,
    /// Who sells it.
    pub seller: Option<SellerId>,
    /// Where its stock is counted.
    pub inventory_strategy: InventoryStrategy,
}

/// A change of a product; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProductChange {
    /// Its name in URLs.
    pub slug: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Who makes it; `Some(None)` removes it.
    pub brand: Option<Option<String>>,
    /// What it is.
    pub description: Option<String>,
    /// Whether it had an owner before.
    pub condition: Option<Condition>,
    /// Whether it is shown and sold.
    pub status: Option<ProductStatus>,
    /// Properties to set, or to remove where `None`.
    pub attributes: BTreeMap<String, Option<String>>,
    /// Words to find it by, all of them.
    pub tags: Option<BTreeSet<String>>,
    /// The categories it is in, all of them.
    pub categories: Option<BTreeSet<CategoryId>>,
    /// Who sells it; `Some(None)` removes it.
    pub seller: Option<Option<SellerId>>,
}

impl Product {
    /// The product that a description makes.
    pub fn new(
        id: ProductId,
        new: NewProduct,
        currency: Currency,
        now: Timestamp,
    ) -> Result<Self, CatalogError> {
        Ok(Self {
            id,
            slug: slug_for(new.slug, &new.name)?,
            name: new.name,
            brand: new.brand,
            description: new.description,
            kind: new.kind,
            condition: new.condition,
            status: new.status,
            attributes: new.attributes,
            tags: new.tags,
            categories: new.categories,
            seller: new.seller,
            inventory_strategy: new.inventory_strategy,
            currency,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// The product after a change.
    pub fn changed(mut self, change: ProductChange, now: Timestamp) -> Result<Self, CatalogError> {
        if let Some(slug) = change.slug {
            self.slug = slug_for(Some(slug), &self.name)?;
        }
        self.name = change.name.unwrap_or(self.name);
        self.brand = change.brand.unwrap_or(self.brand);
        self.description = change.description.unwrap_or(self.description);
        self.condition = change.condition.unwrap_or(self.condition);
        self.status = change.status.unwrap_or(self.status);
        for (name, value) in change.attributes {
            match value {
                Some(value) => self.attributes.insert(name, value),
                None => self.attributes.remove(&name),
            };
        }
        self.tags = change.tags.unwrap_or(self.tags);
        self.categories = change.categories.unwrap_or(self.categories);
        self.seller = change.seller.unwrap_or(self.seller);
        self.version += 1;
        self.updated_at = now;
        Ok(self)
    }

    /// What the product is sorted by when sorted by name: without accents and
    /// in lower case, so that both databases sort alike.
    pub fn sort_name(&self) -> String {
        sort_name(&self.name)
    }
}

/// A name without accents and in lower case, of at most 120 characters.
pub fn sort_name(name: &str) -> String {
    deunicode::deunicode(name)
        .to_lowercase()
        .chars()
        .take(120)
        .collect()
}

/// A given slug if it is one, else one made from the name.
pub fn slug_for(given: Option<String>, name: &str) -> Result<String, CatalogError> {
    let made = match given {
        Some(given) => given,
        None => slug(&deunicode::deunicode(name)),
    };
    if is_slug(&made) && made.len() <= 120 {
        Ok(made)
    } else {
        Err(CatalogError::InvalidSlug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_come_from_names_and_are_checked() {
        assert_eq!(slug_for(None, "Crème brûlée").unwrap(), "creme-brulee");
        assert_eq!(slug_for(Some("a-b".into()), "x").unwrap(), "a-b");
        assert!(slug_for(Some("A B".into()), "x").is_err());
        assert!(slug_for(None, "!!!").is_err());
        // An id is never a slug, so `/products/{id or slug}` is unambiguous.
        let id = ProductId::new(Timestamp::from_seconds(0)).to_string();
        assert!(slug_for(Some(id), "x").is_err());
    }

    #[test]
    fn names_sort_without_accents() {
        let mut names = ["Zebra", "émile", "Eclair", "äpfel"];
        names.sort_by_key(|name| sort_name(name));
        assert_eq!(names, ["äpfel", "Eclair", "émile", "Zebra"]);
    }
}
