//! Products, laid out for counting: by columns, the newest first.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use kernel::ProductId;
use uuid::Uuid;

use super::card::{Card, read};
use super::dictionary::{Builder, Dictionary};
use super::document::BETWEEN_PRODUCTS;
use super::lists::{Field, Lists, Names, Texts, number};

/// Stands for no size.
pub(super) const NONE: u32 = u32::MAX;

/// What is stored of products that are shown: the cards one after another, and
/// the words of each, with [`BETWEEN_PRODUCTS`] between.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The cards.
    pub cards: Vec<u8>,
    /// The words.
    pub words: String,
}

/// Why products cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BadStore {
    /// A card cannot be read.
    #[error("a card cannot be read")]
    Card(#[from] postcard::Error),
    /// There are not as many of one as of the other.
    #[error("there are cards without words, or words without cards")]
    Words,
}

/// Products, by rows from 0.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) ids: Vec<ProductId>,
    pub(super) names: Texts,
    pub(super) categories: Field<[u8; 16]>,
    pub(super) brands: Field<Arc<str>>,
    pub(super) conditions: Field<Arc<str>>,
    pub(super) kinds: Field<Arc<str>>,
    pub(super) tags: Field<Arc<str>>,
    /// Of all variants together.
    pub(super) sizes: Field<Arc<str>>,
    /// Of all variants together, in order, each once.
    pub(super) prices: Lists<i64>,
    /// What the cheapest and the dearest variant cost.
    pub(super) ranges: Vec<(i64, i64)>,
    /// With a variant that is in stock.
    pub(super) in_stock: FixedBitSet,
    /// With variants that all are in stock.
    pub(super) all_in_stock: FixedBitSet,
    /// Names and values of attributes and options.
    pub(super) texts: Names<Arc<str>>,
    /// Numbers of a name and a value: attributes, and options of all variants
    /// together.
    pub(super) pairs: Field<(u32, u32)>,
    /// The pairs that are attributes.
    pub(super) attributes: Lists,
    /// Where the variants of a product end.
    ends: Vec<u32>,
    pub(super) variants: Variants,
    pub(super) dictionary: Dictionary,
}

/// Variants, by rows from 0.
#[derive(Debug, Default)]
pub(super) struct Variants {
    pub(super) prices: Vec<i64>,
    pub(super) in_stock: Vec<bool>,
    /// Numbers of sizes, or [`NONE`].
    pub(super) sizes: Vec<u32>,
    /// Which pairs a variant has.
    pub(super) options: Lists,
}

/// The card and the words of a product.
type Product<'a> = (ProductId, &'a [u8], &'a str);

/// Products that are stored in any order, the newest first.
fn in_order(stored: &[Stored]) -> Result<Vec<Product<'_>>, BadStore> {
    let mut all = Vec::new();
    for part in stored.iter().filter(|part| !part.cards.is_empty()) {
        let mut words = part.words.split(BETWEEN_PRODUCTS);
        for card in read(&part.cards) {
            let (card, bytes) = card?;
            let id = Uuid::from_slice(card.id).unwrap_or_default();
            let words = words.next().ok_or(BadStore::Words)?;
            all.push((ProductId::from_uuid(id), bytes, words));
        }
        if words.next().is_some() {
            return Err(BadStore::Words);
        }
    }
    if !all.is_sorted_by_key(|&(id, _, _)| Reverse(id)) {
        all.sort_unstable_by_key(|&(id, _, _)| Reverse(id));
    }
    Ok(all)
}

impl Columns {
    /// Lays out what is stored.
    pub(super) fn read(stored: &[Stored]) -> Result<Self, BadStore> {
        let mut columns = Self::default();
        let mut words = Builder::default();
        let all = in_order(stored)?;
        columns.in_stock.grow(all.len());
        columns.all_in_stock.grow(all.len());
        for (id, bytes, of) in all {
            let card = postcard::from_bytes(bytes)?;
            words.push(&card, of);
            columns.push(id, &card);
        }
        columns.dictionary = words.finish();
        columns.categories.finish();
        for field in [
            &mut columns.brands,
            &mut columns.conditions,
            &mut columns.kinds,
            &mut columns.tags,
            &mut columns.sizes,
        ] {
            field.finish();
        }
        columns.pairs.finish();
        Ok(columns)
    }

    fn push(&mut self, id: ProductId, card: &Card<'_>) {
        let row = self.ids.len();
        self.ids.push(id);
        self.names.push(card.name);
        let known = &mut self.categories.names;
        let ids = card.categories.as_chunks::<16>().0;
        self.categories
            .lists
            .push(ids.iter().map(|id| known.add(id, |id| *id)));
        self.brands.push(card.brand);
        self.conditions.push([card.condition.into()]);
        self.kinds.push([card.kind.into()]);
        self.tags.push(card.tags.iter().copied());
        let attributes: Vec<u32> = card
            .attributes
            .iter()
            .map(|&pair| self.pair(pair))
            .collect();
        let mut pairs: BTreeSet<u32> = attributes.iter().copied().collect();
        self.attributes.push(attributes);
        let mut prices = BTreeSet::new();
        let mut sizes = BTreeSet::new();
        for variant in &card.variants {
            let options: Vec<u32> = card
                .options_of(variant)
                .map(|pair| self.pair(pair))
                .collect();
            let size = card.size_of(variant).map(|size| {
                let names = &mut self.sizes.names;
                names.add(size, |size: &str| size.into())
            });
            prices.insert(variant.price);
            sizes.extend(size);
            pairs.extend(&options);
            if variant.in_stock {
                self.in_stock.insert(row);
            }
            let variants = &mut self.variants;
            variants.prices.push(variant.price);
            variants.in_stock.push(variant.in_stock);
            variants.sizes.push(size.unwrap_or(NONE));
            variants.options.push(options);
        }
        let all = card.variants.iter().all(|variant| variant.in_stock);
        self.all_in_stock.set(row, all);
        let price = |price: Option<&i64>| price.copied().unwrap_or(0);
        self.ranges
            .push((price(prices.first()), price(prices.last())));
        self.prices.push(prices);
        self.sizes.lists.push(sizes);
        self.pairs.lists.push(pairs);
        self.ends.push(number(self.variants.prices.len()));
    }

    fn pair(&mut self, (name, value): (&str, &str)) -> u32 {
        let mut text = |text: &str| self.texts.add(text, |text: &str| text.into());
        let pair = (text(name), text(value));
        self.pairs.names.add(&pair, |pair| *pair)
    }

    /// How many products there are.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The row of a product.
    pub(super) fn row(&self, id: ProductId) -> Option<usize> {
        self.ids.binary_search_by(|other| id.cmp(other)).ok()
    }

    /// What the cheapest variant costs.
    pub(super) fn price(&self, row: usize) -> i64 {
        self.ranges[row].0
    }

    /// The rows of a product's variants.
    pub(super) fn variants_of(&self, row: usize) -> std::ops::Range<usize> {
        let begin = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        begin as usize..self.ends[row] as usize
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let fields = [
            &self.brands,
            &self.conditions,
            &self.kinds,
            &self.tags,
            &self.sizes,
        ];
        let fields: usize = fields.iter().map(|field| field.values.bytes()).sum();
        // Each text as a value of its own, with its place in a table.
        let values = self.texts.all().len() + self.pairs.names.all().len();
        // An id, an end and prices of a product; a price, a size and a bool of a
        // variant.
        36 * self.len()
            + self.names.bytes()
            + self.categories.values.bytes()
            + fields
            + self.pairs.values.bytes()
            + self.prices.bytes()
            + self.attributes.bytes()
            + 13 * self.variants.prices.len()
            + self.variants.options.bytes()
            + self.dictionary.bytes()
            + 80 * values
    }
}
