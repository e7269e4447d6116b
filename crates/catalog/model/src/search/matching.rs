//! Which products pass filters.
//!
//! Each filter has the set of products that may pass it. Where the filters that
//! matter ask only one thing of variants, their intersection is the answer;
//! else one variant has to pass all of them.

use fixedbitset::FixedBitSet;

use super::columns::{Columns, NONE};
use super::lists::{Names, all_rows};
use crate::listing::ProductFilter;

pub(super) const CATEGORY: u32 = 1;
pub(super) const BRAND: u32 = 1 << 1;
pub(super) const CONDITION: u32 = 1 << 2;
pub(super) const KIND: u32 = 1 << 3;
pub(super) const TAG: u32 = 1 << 4;
pub(super) const SIZE: u32 = 1 << 5;
pub(super) const PRICE: u32 = 1 << 6;
pub(super) const IN_STOCK: u32 = 1 << 7;
/// Those that all variants of a product pass alike.
const OF_PRODUCT: u32 = CATEGORY | BRAND | CONDITION | KIND | TAG;
/// The bit of the first attribute that is filtered by; others follow.
const FIRST_ATTRIBUTE: u32 = 8;

/// The bit of the n-th attribute that is filtered by.
fn attribute(n: usize) -> u32 {
    u32::try_from(n)
        .ok()
        .and_then(|n| 1_u32.checked_shl(FIRST_ATTRIBUTE + n))
        .unwrap_or(0)
}

/// An attribute that is filtered by.
struct Attribute {
    bit: u32,
    /// The number of its name, if a product has it.
    name: Option<u32>,
    /// For each pair whether it is asked for.
    asked: Vec<bool>,
}

impl Attribute {
    fn passes(&self, pairs: &[u32]) -> bool {
        pairs.iter().any(|&pair| self.asked[pair as usize])
    }
}

/// A filter that is ready to be held against the products of some columns.
pub(super) struct Filter<'a> {
    of: &'a ProductFilter,
    columns: &'a Columns,
    /// For each filter that is used its bit, and the products that may pass it.
    sets: Vec<(u32, FixedBitSet)>,
    /// For each size whether it is asked for.
    sizes: Vec<bool>,
    attributes: Vec<Attribute>,
}

/// For each number whether it is that of one of some values.
fn marked<'q>(names: &Names<std::sync::Arc<str>>, values: &'q [String]) -> Vec<bool> {
    let mut marks = vec![false; names.all().len()];
    let values = values.iter().map(|value: &'q String| value.as_str());
    for place in values.filter_map(|value| names.find(value)) {
        marks[place as usize] = true;
    }
    marks
}

impl<'a> Filter<'a> {
    /// `categories` are those that are asked for, with all below them.
    pub(super) fn new(
        of: &'a ProductFilter,
        categories: &[[u8; 16]],
        columns: &'a Columns,
    ) -> Self {
        let rows = columns.len();
        let mut sets = Vec::new();
        let mut used = |bit: u32, is_used: bool, set: &dyn Fn() -> FixedBitSet| {
            if is_used {
                sets.push((bit, set()));
            }
        };
        let (conditions, kinds) = (&of.conditions, &of.kinds);
        let conditions = || conditions.iter().map(<&str>::from);
        let kinds = || kinds.iter().map(<&str>::from);
        let texts = |all: &'a [String]| all.iter().map(String::as_str);
        used(CATEGORY, !of.categories.is_empty(), &|| {
            columns.categories.having(categories, rows)
        });
        used(BRAND, !of.brands.is_empty(), &|| {
            columns.brands.having(texts(&of.brands), rows)
        });
        used(CONDITION, !of.conditions.is_empty(), &|| {
            columns.conditions.having(conditions(), rows)
        });
        used(KIND, !of.kinds.is_empty(), &|| {
            columns.kinds.having(kinds(), rows)
        });
        used(TAG, !of.tags.is_empty(), &|| {
            columns.tags.having(texts(&of.tags), rows)
        });
        used(SIZE, !of.sizes.is_empty(), &|| {
            columns.sizes.having(texts(&of.sizes), rows)
        });
        used(
            PRICE,
            of.price_from.is_some() || of.price_to.is_some(),
            &|| of_prices(of, columns),
        );
        used(IN_STOCK, of.in_stock, &|| columns.in_stock.clone());
        let mut attributes = Vec::with_capacity(of.attributes.len());
        for (n, (name, values)) in of.attributes.iter().enumerate() {
            let text = |text: &str| columns.texts.find(text);
            let pairs: Vec<(u32, u32)> = values
                .iter()
                .filter_map(|value| Some((text(name)?, text(value)?)))
                .collect();
            sets.push((attribute(n), columns.pairs.having(&pairs, rows)));
            let mut asked = vec![false; columns.pairs.names.all().len()];
            let found = pairs
                .iter()
                .filter_map(|pair| columns.pairs.names.find(pair));
            for pair in found {
                asked[pair as usize] = true;
            }
            attributes.push(Attribute {
                bit: attribute(n),
                name: text(name),
                asked,
            });
        }
        Self {
            sizes: marked(&columns.sizes.names, &of.sizes),
            of,
            columns,
            sets,
            attributes,
        }
    }

    /// Whether a filter is used.
    pub(super) fn uses(&self, bit: u32) -> bool {
        self.sets.iter().any(|&(used, _)| used == bit)
    }

    /// The bits of the attributes that are filtered by, and the numbers of
    /// their names.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (u32, u32)> {
        let all = self.attributes.iter();
        all.filter_map(|attribute| Some((attribute.bit, attribute.name?)))
    }

    /// The products among some that pass all filters but these.
    pub(super) fn among(&self, rows: &FixedBitSet, but: u32) -> FixedBitSet {
        let mut found = rows.clone();
        for (_, set) in self.sets.iter().filter(|&(bit, _)| bit & but == 0) {
            found.intersect_with(set);
        }
        if self.asks_twice(but) {
            let several: Vec<usize> = found.ones().collect();
            for row in several {
                if self.variants(row, but).next().is_none() {
                    found.remove(row);
                }
            }
        }
        found
    }

    fn of_variants(&self, but: u32) -> impl Iterator<Item = u32> {
        let bits = self.sets.iter().map(|&(bit, _)| bit);
        bits.filter(move |bit| bit & (OF_PRODUCT | but) == 0)
    }

    /// Whether the filters, but for these, tell variants of a product apart.
    pub(super) fn asks(&self, but: u32) -> bool {
        self.of_variants(but).next().is_some()
    }

    /// Whether different variants could pass different ones of these filters,
    /// so that a product is in the sets of all and still none of its variants
    /// passes.
    fn asks_twice(&self, but: u32) -> bool {
        let price = self.of.price_from.is_some() && self.of.price_to.is_some();
        let things = self.of_variants(but);
        let things = things.map(|bit| if bit == PRICE && price { 2 } else { 1 });
        things.sum::<usize>() > 1
    }

    /// The variants of a product that pass all filters but these.
    pub(super) fn variants(&self, row: usize, but: u32) -> impl Iterator<Item = usize> {
        let columns = self.columns;
        let attributes = self.attributes.iter();
        // Those that the product does not pass by itself.
        let of_options = attributes.filter(move |attribute| {
            attribute.bit & but == 0 && !attribute.passes(columns.attributes.of(row))
        });
        columns
            .variants_of(row)
            .filter(move |&variant| self.passes(variant, but))
            .filter(move |&variant| {
                let options = columns.variants.options.of(variant);
                of_options
                    .clone()
                    .all(|attribute| attribute.passes(options))
            })
    }

    /// Whether a variant passes what is not asked of attributes.
    fn passes(&self, variant: usize, but: u32) -> bool {
        let (of, variants) = (self.of, &self.columns.variants);
        let price = variants.prices[variant];
        let size = variants.sizes[variant];
        let sizes = but & SIZE != 0 || of.sizes.is_empty();
        let prices = but & PRICE != 0;
        let stock = but & IN_STOCK != 0 || !of.in_stock;
        (sizes || size != NONE && self.sizes[size as usize])
            && (prices || of.price_from.is_none_or(|from| price >= from))
            && (prices || of.price_to.is_none_or(|to| price <= to))
            && (stock || variants.in_stock[variant])
    }
}

/// Products with a variant that costs enough, and one that does not cost too
/// much.
fn of_prices(of: &ProductFilter, columns: &Columns) -> FixedBitSet {
    let (from, to) = (
        of.price_from.unwrap_or(i64::MIN),
        of.price_to.unwrap_or(i64::MAX),
    );
    let mut found = all_rows(columns.len());
    for row in 0..columns.len() {
        let prices = columns.prices.of(row);
        let (first, last) = (prices.first(), prices.last());
        found.set(
            row,
            first.is_some_and(|&price| price <= to) && last.is_some_and(|&price| price >= from),
        );
    }
    found
}
