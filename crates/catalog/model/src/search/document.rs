//! What is stored of a product, to find it by.

use std::collections::{BTreeMap, BTreeSet};

use kernel::ProductId;

use super::card::{Card, CardVariant};
use super::words::words;
use crate::offer::{ProductDetail, StockedVariant};
use crate::product::{Product, ProductStatus};
use crate::variant::VariantStatus;

/// Which form documents have; products whose document has another one are
/// indexed anew.
pub const FORMAT: i64 = 1;
/// Between words. Neither words nor tokens have control characters.
pub const SEPARATOR: char = '\u{1f}';
/// Between the words of two products.
pub const BETWEEN_PRODUCTS: char = '\u{1e}';
/// How many words of a description count.
const MAX_OF_DESCRIPTION: usize = 300;
/// How many words of a product count.
const MAX_WORDS: usize = 600;

/// What is stored of a product, to find it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Which product.
    pub product: ProductId,
    /// What filters, facets and orders need; empty when it is not shown.
    pub card: Vec<u8>,
    /// The words and [`token`]s that find it.
    pub words: BTreeSet<String>,
    /// The words among them that misspelt ones are corrected to.
    pub spelling: BTreeSet<String>,
}

/// Marks that are stored with the words: no word looks like them.
pub mod token {
    use kernel::CategoryId;

    /// A value without control characters, which separate tokens on their way.
    fn clean(value: &str) -> String {
        value.replace(char::is_control, " ")
    }

    /// Of a maker.
    pub fn brand(brand: &str) -> String {
        format!("=b:{}", clean(brand))
    }

    /// In a category.
    pub fn category(id: CategoryId) -> String {
        format!("=c:{}", id.uuid().simple())
    }

    /// With a tag.
    pub fn tag(tag: &str) -> String {
        format!("=t:{}", clean(tag))
    }

    /// With a variant of that size.
    pub fn size(size: &str) -> String {
        format!("=s:{}", clean(size))
    }

    /// With a property or an option of that value.
    pub fn attribute(name: &str, value: &str) -> String {
        format!("=a:{}={}", clean(name), clean(value))
    }
}

impl Document {
    /// What is stored of a product. Nothing of it is found while it is not
    /// shown or has no variant to buy.
    pub fn of(detail: &ProductDetail) -> Self {
        let product = &detail.product;
        let sold: Vec<&StockedVariant> = detail
            .variants
            .iter()
            .filter(|stocked| stocked.variant.status == VariantStatus::Active)
            .collect();
        let mut document = Self {
            product: product.id,
            card: Vec::new(),
            words: BTreeSet::new(),
            spelling: BTreeSet::new(),
        };
        if product.status == ProductStatus::Active && !sold.is_empty() {
            document.card = card(product, &sold);
            document.add_words(product, &sold);
            document.add_tokens(product, &sold);
        }
        document
    }

    /// The words of what tells products apart come first, because only so many
    /// count.
    fn add_words(&mut self, product: &Product, sold: &[&StockedVariant]) {
        self.learn(&product.name);
        self.learn(product.brand.as_deref().unwrap_or(""));
        product.tags.iter().for_each(|tag| self.learn(tag));
        for stocked in sold {
            let variant = &stocked.variant;
            // As it is written, and in one.
            let parts: Vec<String> = words(&variant.sku).collect();
            self.add([parts.concat()].into_iter().chain(parts));
            self.add(words(variant.size.as_deref().unwrap_or("")));
            variant.options.values().for_each(|value| self.learn(value));
        }
        product
            .attributes
            .values()
            .for_each(|value| self.learn(value));
        self.add(words(&product.description).take(MAX_OF_DESCRIPTION));
    }

    fn add(&mut self, words: impl Iterator<Item = String>) {
        for word in words.filter(|word| !word.is_empty()) {
            if self.words.len() < MAX_WORDS {
                self.words.insert(word);
            }
        }
    }

    /// Adds words that misspelt ones are corrected to.
    fn learn(&mut self, text: &str) {
        self.add(words(text));
        let kept = words(text).filter(|word| self.words.contains(word));
        self.spelling.extend(kept);
    }

    fn add_tokens(&mut self, product: &Product, sold: &[&StockedVariant]) {
        let words = &mut self.words;
        words.extend(product.brand.as_deref().map(token::brand));
        words.extend(product.categories.iter().copied().map(token::category));
        words.extend(product.tags.iter().map(|tag| token::tag(tag)));
        let options = sold.iter().flat_map(|stocked| &stocked.variant.options);
        for (name, value) in product.attributes.iter().chain(options) {
            words.insert(token::attribute(name, value));
        }
        let sizes = sold
            .iter()
            .filter_map(|stocked| stocked.variant.size.as_deref());
        words.extend(sizes.map(token::size));
    }
}

/// The place of each of some values, each once.
fn places<T: Ord + Copy>(values: impl Iterator<Item = T>) -> BTreeMap<T, u16> {
    let distinct: BTreeSet<T> = values.collect();
    distinct.into_iter().zip(0..).collect()
}

fn card(product: &Product, sold: &[&StockedVariant]) -> Vec<u8> {
    let name = product.sort_name();
    let categories: Vec<u8> = product
        .categories
        .iter()
        .flat_map(|id| id.uuid().into_bytes())
        .collect();
    let pair = |(name, value): (&'_ String, &'_ String)| (name.clone(), value.clone());
    let pairs: Vec<Vec<(String, String)>> = sold
        .iter()
        .map(|stocked| stocked.variant.options.iter().map(pair).collect())
        .collect();
    let sizes = places(
        sold.iter()
            .filter_map(|stocked| stocked.variant.size.as_deref()),
    );
    let options = places(pairs.iter().flatten());
    let chosen: Vec<Vec<u8>> = pairs
        .iter()
        .map(|pairs| {
            let places = pairs.iter().filter_map(|pair| options.get(pair));
            places.flat_map(|place| place.to_le_bytes()).collect()
        })
        .collect();
    let variants = sold
        .iter()
        .zip(&chosen)
        .map(|(stocked, options)| CardVariant {
            price: stocked.current_price().minor,
            in_stock: stocked.is_in_stock(),
            size: stocked
                .variant
                .size
                .as_deref()
                .and_then(|size| sizes.get(size))
                .copied(),
            options,
        })
        .collect();
    let card = Card {
        id: &product.id.uuid().into_bytes(),
        name: &name,
        brand: product.brand.as_deref(),
        kind: product.kind,
        condition: product.condition,
        categories: &categories,
        tags: product.tags.iter().map(String::as_str).collect(),
        attributes: product
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect(),
        sizes: sizes.keys().copied().collect(),
        options: options
            .keys()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect(),
        variants,
    };
    // Texts and numbers always fit; an empty card would only hide the product.
    postcard::to_stdvec(&card).unwrap_or_default()
}
