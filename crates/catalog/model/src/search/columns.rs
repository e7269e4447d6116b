//! Cards, laid out for counting: each value that can be counted has a number,
//! and what a product has is a list of numbers. Counting a hundred thousand
//! products then compares no texts.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use kernel::ProductId;
use uuid::Uuid;

use super::card::{Card, read};

/// A number for a length or a place; there are never so many that it does not
/// fit, because the cards alone would not fit into memory.
fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Different values, by numbers from 0.
#[derive(Debug)]
pub(super) struct Names<K> {
    all: Vec<K>,
    numbers: HashMap<K, u32>,
}

impl<K> Default for Names<K> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<K: Hash + Eq + Clone> Names<K> {
    fn add<Q: Hash + Eq + ?Sized>(&mut self, value: &Q, own: impl FnOnce(&Q) -> K) -> u32
    where
        K: Borrow<Q>,
    {
        if let Some(&known) = self.numbers.get(value) {
            return known;
        }
        let (value, next) = (own(value), number(self.all.len()));
        self.all.push(value.clone());
        self.numbers.insert(value, next);
        next
    }

    /// The number of a value, if it is there.
    pub(super) fn find<Q: Hash + Eq + ?Sized>(&self, value: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
    {
        self.numbers.get(value).copied()
    }

    /// All values, by their numbers.
    pub(super) fn all(&self) -> &[K] {
        &self.all
    }

    /// For each number whether it is that of one of some values.
    pub(super) fn marked<'q, Q: Hash + Eq + ?Sized + 'q>(
        &self,
        values: impl IntoIterator<Item = &'q Q>,
    ) -> Vec<bool>
    where
        K: Borrow<Q>,
    {
        let mut marks = vec![false; self.all.len()];
        for place in values.into_iter().filter_map(|value| self.find(value)) {
            marks[place as usize] = true;
        }
        marks
    }
}

/// A list of numbers for each row.
#[derive(Debug, Default)]
pub(super) struct Lists {
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    fn push(&mut self, row: impl Iterator<Item = u32>) {
        self.items.extend(row);
        self.ends.push(number(self.items.len()));
    }

    /// Where the list of a row begins and ends.
    fn range(&self, row: usize) -> std::ops::Range<usize> {
        let begin = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        begin as usize..self.ends[row] as usize
    }

    /// The list of a row.
    pub(super) fn of(&self, row: usize) -> &[u32] {
        &self.items[self.range(row)]
    }
}

/// What rows have of one kind of value.
#[derive(Debug)]
pub(super) struct Field<K> {
    pub(super) names: Names<K>,
    pub(super) lists: Lists,
}

impl<K> Default for Field<K> {
    fn default() -> Self {
        Self {
            names: Names::default(),
            lists: Lists::default(),
        }
    }
}

impl Field<Arc<str>> {
    fn push<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) {
        let names = &mut self.names;
        let texts = texts.into_iter();
        self.lists
            .push(texts.map(|text| names.add(text, |text: &str| text.into())));
    }

    /// The texts of a row.
    pub(super) fn texts(&self, row: usize) -> impl Iterator<Item = &str> {
        let numbers = self.lists.of(row).iter();
        numbers.map(|&place| &*self.names.all()[place as usize])
    }
}

/// Products, by rows from 0.
#[derive(Debug, Default)]
pub struct Columns {
    pub(super) ids: Vec<ProductId>,
    pub(super) names: Vec<Box<str>>,
    /// What the cheapest variant costs.
    pub(super) prices: Vec<i64>,
    pub(super) categories: Field<[u8; 16]>,
    pub(super) brands: Field<Arc<str>>,
    pub(super) conditions: Field<Arc<str>>,
    pub(super) kinds: Field<Arc<str>>,
    pub(super) tags: Field<Arc<str>>,
    /// Names and values of attributes and options.
    pub(super) texts: Names<Arc<str>>,
    /// Numbers of a name and a value.
    pub(super) pairs: Names<(u32, u32)>,
    /// Which pairs a product has.
    pub(super) attributes: Lists,
    /// Where the variants of a product end.
    ends: Vec<u32>,
    pub(super) variants: Variants,
    bytes: usize,
}

/// Variants, by rows from 0.
#[derive(Debug, Default)]
pub(super) struct Variants {
    pub(super) prices: Vec<i64>,
    pub(super) in_stock: Vec<bool>,
    pub(super) sizes: Field<Arc<str>>,
    /// Which pairs a variant has.
    pub(super) options: Lists,
}

impl Columns {
    /// Lays out cards, which come in one row of bytes or in several.
    pub fn read(cards: &[Vec<u8>]) -> Result<Self, postcard::Error> {
        let mut columns = Self::default();
        for card in cards.iter().flat_map(|bytes| read(bytes)) {
            columns.push(&card?);
        }
        columns.bytes = columns.size() + cards.iter().map(Vec::len).sum::<usize>();
        Ok(columns)
    }

    fn push(&mut self, card: &Card<'_>) {
        let id = Uuid::from_slice(card.id).unwrap_or_default();
        self.ids.push(ProductId::from_uuid(id));
        self.names.push(card.name.into());
        self.prices.push(card.price());
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
        self.attributes.push(attributes.into_iter());
        for variant in &card.variants {
            let options: Vec<u32> = card
                .options_of(variant)
                .map(|pair| self.pair(pair))
                .collect();
            let variants = &mut self.variants;
            variants.prices.push(variant.price);
            variants.in_stock.push(variant.in_stock);
            variants.sizes.push(card.size_of(variant));
            variants.options.push(options.into_iter());
        }
        self.ends.push(number(self.variants.prices.len()));
    }

    fn pair(&mut self, (name, value): (&str, &str)) -> u32 {
        let mut text = |text: &str| self.texts.add(text, |text: &str| text.into());
        let pair = (text(name), text(value));
        self.pairs.add(&pair, |pair| *pair)
    }

    /// The rows of a product's variants.
    pub(super) fn variants_of(&self, row: usize) -> std::ops::Range<usize> {
        let begin = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        begin as usize..self.ends[row] as usize
    }

    /// The products, by their rows.
    pub fn ids(&self) -> &[ProductId] {
        &self.ids
    }

    /// About how much memory it takes, in bytes: the numbers, and the texts as
    /// long as in the cards.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn size(&self) -> usize {
        let numbers = [
            &self.categories.lists,
            &self.brands.lists,
            &self.conditions.lists,
            &self.kinds.lists,
            &self.tags.lists,
            &self.attributes,
            &self.variants.sizes.lists,
            &self.variants.options,
        ];
        let lists: usize = numbers
            .iter()
            .map(|lists| 4 * (lists.ends.len() + lists.items.len()))
            .sum();
        // An id, the place of a name, a price, an end; a price and a bool.
        lists + 48 * self.ids.len() + 9 * self.variants.prices.len()
    }
}
