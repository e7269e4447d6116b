//! Which filters a product fails, as bits, and how well it matches words.

use std::collections::HashSet;
use std::sync::Arc;

use super::columns::{Columns, Field};
use super::words::{Term, split, words};
use crate::listing::ProductFilter;

pub(super) const CATEGORY: u32 = 1;
pub(super) const BRAND: u32 = 1 << 1;
pub(super) const CONDITION: u32 = 1 << 2;
pub(super) const KIND: u32 = 1 << 3;
pub(super) const TAG: u32 = 1 << 4;
pub(super) const SIZE: u32 = 1 << 5;
pub(super) const PRICE: u32 = 1 << 6;
pub(super) const IN_STOCK: u32 = 1 << 7;
/// Those that all variants of a product fail alike.
pub(super) const OF_PRODUCT: u32 = CATEGORY | BRAND | CONDITION | KIND | TAG;
/// All of these.
pub(super) const NOT_ATTRIBUTES: u32 = (1 << FIRST_ATTRIBUTE) - 1;
/// The bit of the first attribute that is filtered by; others follow.
const FIRST_ATTRIBUTE: u32 = 8;

/// The bit of the n-th attribute that is filtered by.
pub(super) fn attribute(n: usize) -> u32 {
    u32::try_from(n)
        .ok()
        .and_then(|n| 1_u32.checked_shl(FIRST_ATTRIBUTE + n))
        .unwrap_or(0)
}

/// Which numbers are asked for; none where nothing is.
type Marks = Option<Vec<bool>>;

/// A filter that is ready to be held against the products of some columns.
pub(super) struct Filter<'a> {
    of: &'a ProductFilter,
    columns: &'a Columns,
    categories: Marks,
    brands: Marks,
    conditions: Marks,
    kinds: Marks,
    tags: Marks,
    sizes: Marks,
    /// The bit of each attribute that is filtered by, and the pairs that are
    /// asked for.
    attributes: Vec<(u32, Vec<bool>)>,
}

fn texts<'q>(
    field: &Field<Arc<str>>,
    values: impl IntoIterator<Item = &'q str, IntoIter: ExactSizeIterator>,
) -> Marks {
    let values = values.into_iter();
    (values.len() > 0).then(|| field.names.marked(values))
}

/// Whether one of some numbers is asked for.
fn any(numbers: &[u32], marks: &[bool]) -> bool {
    numbers.iter().any(|&number| marks[number as usize])
}

fn fails(marks: &Marks, numbers: &[u32]) -> bool {
    marks.as_ref().is_some_and(|marks| !any(numbers, marks))
}

impl<'a> Filter<'a> {
    /// `categories` are those that are asked for, with all below them.
    pub(super) fn new(
        of: &'a ProductFilter,
        categories: &HashSet<[u8; 16]>,
        columns: &'a Columns,
    ) -> Self {
        let mut attributes = Vec::with_capacity(of.attributes.len());
        for (n, (name, values)) in of.attributes.iter().enumerate() {
            let text = |text: &str| columns.texts.find(text);
            let pairs: Vec<(u32, u32)> = values
                .iter()
                .filter_map(|value| Some((text(name)?, text(value)?)))
                .collect();
            attributes.push((attribute(n), columns.pairs.marked(&pairs)));
        }
        Self {
            of,
            columns,
            categories: (!of.categories.is_empty())
                .then(|| columns.categories.names.marked(categories)),
            brands: texts(&columns.brands, of.brands.iter().map(String::as_str)),
            conditions: texts(&columns.conditions, of.conditions.iter().map(Into::into)),
            kinds: texts(&columns.kinds, of.kinds.iter().map(Into::into)),
            tags: texts(&columns.tags, of.tags.iter().map(String::as_str)),
            sizes: texts(&columns.variants.sizes, of.sizes.iter().map(String::as_str)),
            attributes,
        }
    }

    /// The filters that all variants of a product fail because of the product
    /// itself.
    pub(super) fn failed_by_product(&self, row: usize) -> u32 {
        let columns = self.columns;
        let mut failed = 0;
        for (bit, marks, lists) in [
            (CATEGORY, &self.categories, &columns.categories.lists),
            (BRAND, &self.brands, &columns.brands.lists),
            (CONDITION, &self.conditions, &columns.conditions.lists),
            (KIND, &self.kinds, &columns.kinds.lists),
            (TAG, &self.tags, &columns.tags.lists),
        ] {
            if fails(marks, lists.of(row)) {
                failed |= bit;
            }
        }
        for (bit, marks) in &self.attributes {
            if !any(columns.attributes.of(row), marks) {
                failed |= bit;
            }
        }
        failed
    }

    /// The filters that a variant fails, given those its product fails.
    pub(super) fn failed_by(&self, variant: usize, product: u32) -> u32 {
        let variants = &self.columns.variants;
        let mut failed = product;
        for (bit, marks) in &self.attributes {
            if failed & bit != 0 && any(variants.options.of(variant), marks) {
                failed &= !bit;
            }
        }
        if fails(&self.sizes, variants.sizes.lists.of(variant)) {
            failed |= SIZE;
        }
        let price = variants.prices[variant];
        if self.of.price_from.is_some_and(|from| price < from)
            || self.of.price_to.is_some_and(|to| price > to)
        {
            failed |= PRICE;
        }
        if self.of.in_stock && !variants.in_stock[variant] {
            failed |= IN_STOCK;
        }
        failed
    }

    /// For each pair the bit of its name's filter, 0 where there is none.
    pub(super) fn own_bits(&self) -> Vec<u32> {
        let names: Vec<Option<u32>> = self
            .of
            .attributes
            .keys()
            .map(|name| self.columns.texts.find(name.as_str()))
            .collect();
        let pairs = self.columns.pairs.all().iter();
        pairs
            .map(|&(name, _)| {
                let place = names.iter().position(|own| *own == Some(name));
                place.map_or(0, attribute)
            })
            .collect()
    }
}

/// How well a product matches words, all of which it has. For each word, the
/// best place it is found at counts: a word of the name 100, the beginning of
/// one 60, a corrected word of it 50; a word of the brand or of a tag 40, the
/// beginning of one 30, a corrected one 20; anything else 10. A name that
/// begins with the first word gets 5 more, and each word of the name takes 1
/// away, up to 9: the shorter of two names is more about what was asked for.
pub(super) fn score(terms: &[Term], columns: &Columns, row: usize) -> i64 {
    let name = &columns.names[row];
    let mut sum = 0;
    for term in terms {
        let mut best = split(name)
            .map(|word| worth(term, &word, 100, 60, 50))
            .max()
            .unwrap_or(0);
        if best == 0 {
            best = columns
                .brands
                .texts(row)
                .chain(columns.tags.texts(row))
                .flat_map(words)
                .map(|word| worth(term, &word, 40, 30, 20))
                .max()
                .unwrap_or(0)
                .max(10);
        }
        sum += best;
    }
    let first = split(name).next();
    if let (Some(term), Some(word)) = (terms.first(), first)
        && worth(term, &word, 1, 0, 0) == 1
    {
        sum += 5;
    }
    let length = split(name).take(9).count();
    sum - i64::try_from(length).unwrap_or(9)
}

fn worth(term: &Term, word: &str, whole: i64, beginning: i64, corrected: i64) -> i64 {
    match term {
        Term::Prefix(asked) if word == asked => whole,
        Term::Prefix(asked) if word.starts_with(asked.as_str()) => beginning,
        Term::OneOf(all) if all.iter().any(|one| one == word) => corrected,
        _ => 0,
    }
}
