//! Which filters a product fails, as bits, and how well it matches words.

use std::collections::{BTreeMap, HashSet};

use super::card::{Card, CardVariant};
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

/// A filter that is ready to be held against products.
pub(super) struct Filter<'a> {
    of: &'a ProductFilter,
    /// The categories that are asked for, with all below them.
    categories: HashSet<[u8; 16]>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(of: &'a ProductFilter, categories: HashSet<[u8; 16]>) -> Self {
        Self { of, categories }
    }

    /// The filters that all variants of a product fail because of the product
    /// itself.
    pub(super) fn failed_by_product(&self, card: &Card<'_>) -> u32 {
        let of = self.of;
        let mut failed = 0;
        let mut hold = |bit: u32, named: bool, holds: bool| {
            if named && !holds {
                failed |= bit;
            }
        };
        let in_category =
            |id: &[u8]| <[u8; 16]>::try_from(id).is_ok_and(|id| self.categories.contains(&id));
        hold(
            CATEGORY,
            !of.categories.is_empty(),
            card.categories.chunks_exact(16).any(in_category),
        );
        hold(
            BRAND,
            !of.brands.is_empty(),
            card.brand
                .is_some_and(|brand| of.brands.iter().any(|named| named == brand)),
        );
        hold(
            CONDITION,
            !of.conditions.is_empty(),
            of.conditions.contains(&card.condition),
        );
        hold(KIND, !of.kinds.is_empty(), of.kinds.contains(&card.kind));
        hold(
            TAG,
            !of.tags.is_empty(),
            of.tags.iter().any(|tag| card.tags.contains(&tag.as_str())),
        );
        for (n, (name, values)) in of.attributes.iter().enumerate() {
            hold(
                attribute(n),
                true,
                has(card.attributes.iter(), name, values),
            );
        }
        failed
    }

    /// The filters that a variant fails, given those its product fails.
    pub(super) fn failed_by(
        &self,
        card: &Card<'_>,
        variant: &CardVariant<'_>,
        product: u32,
    ) -> u32 {
        let of = self.of;
        let mut failed = product;
        for (n, (name, values)) in of.attributes.iter().enumerate() {
            let options = card.options_of(variant);
            if failed & attribute(n) != 0
                && options.into_iter().any(|(known, value)| {
                    known == name && values.iter().any(|named| named == value)
                })
            {
                failed &= !attribute(n);
            }
        }
        if !of.sizes.is_empty()
            && !card
                .size_of(variant)
                .is_some_and(|size| of.sizes.iter().any(|named| named == size))
        {
            failed |= SIZE;
        }
        if of.price_from.is_some_and(|from| variant.price < from)
            || of.price_to.is_some_and(|to| variant.price > to)
        {
            failed |= PRICE;
        }
        if of.in_stock && !variant.in_stock {
            failed |= IN_STOCK;
        }
        failed
    }

    /// The bits of the attributes that are filtered by, by name.
    pub(super) fn attributes(&self) -> BTreeMap<&'a str, u32> {
        let names = self.of.attributes.keys().map(String::as_str);
        names.zip((0..).map(attribute)).collect()
    }
}

fn has<'a>(
    mut pairs: impl Iterator<Item = &'a (&'a str, &'a str)>,
    name: &str,
    values: &[String],
) -> bool {
    pairs.any(|(known, value)| known == &name && values.iter().any(|named| named == value))
}

/// How well a product matches words, all of which it has. For each word, the
/// best place it is found at counts: a word of the name 100, the beginning of
/// one 60, a corrected word of it 50; a word of the brand or of a tag 40, the
/// beginning of one 30; anything else 10. A name that begins with the first
/// word gets 5 more, and each word of the name takes 1 away, up to 9: the
/// shorter of two names is more about what was asked for.
pub(super) fn score(terms: &[Term], card: &Card<'_>) -> i64 {
    let mut sum = 0;
    for term in terms {
        let mut best = split(card.name)
            .map(|word| worth(term, &word, 100, 60, 50))
            .max()
            .unwrap_or(0);
        if best == 0 {
            best = card
                .brand
                .iter()
                .chain(&card.tags)
                .flat_map(|text| words(text))
                .map(|word| worth(term, &word, 40, 30, 20))
                .max()
                .unwrap_or(0)
                .max(10);
        }
        sum += best;
    }
    let first = split(card.name).next();
    if let (Some(term), Some(word)) = (terms.first(), first)
        && worth(term, &word, 1, 0, 0) == 1
    {
        sum += 5;
    }
    let length = split(card.name).take(9).count();
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
