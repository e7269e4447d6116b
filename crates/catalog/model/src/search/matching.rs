//! Which products pass filters.
//!
//! Each filter has the set of products that may pass it. Where the filters that
//! matter ask only one thing of variants, their intersection is the answer;
//! else one variant has to pass all of them. Products whose variants all pass
//! need no look at them.

use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::columns::{Columns, NONE};
use super::lists::Names;
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
/// The bit of the first attribute that is filtered by; others follow, as many
/// as a question may name.
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

/// A filter that is used.
struct Used {
    bit: u32,
    /// The products that may pass.
    some: FixedBitSet,
    /// Those all of whose variants pass; none where that is not known.
    all: Option<FixedBitSet>,
}

/// Filters that are ready to be held against the products of some columns.
pub(super) struct Filter<'a> {
    of: &'a ProductFilter,
    columns: &'a Columns,
    used: Vec<Used>,
    /// For each size whether it is asked for.
    sizes: Vec<bool>,
    attributes: Vec<Attribute>,
}

/// For each number whether it is that of one of some values.
fn marked(names: &Names<Arc<str>>, values: &[String]) -> Vec<bool> {
    let mut marks = vec![false; names.all().len()];
    for place in values.iter().filter_map(|value| names.find(value.as_str())) {
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
        let mut used = of_products(of, categories, columns);
        if !of.sizes.is_empty() {
            let sizes = of.sizes.iter().map(String::as_str);
            used.push(Used {
                bit: SIZE,
                some: columns.sizes.having(sizes, rows),
                all: None,
            });
        }
        if of.price_from.is_some() || of.price_to.is_some() {
            used.push(of_prices(of, columns));
        }
        if of.in_stock {
            used.push(Used {
                bit: IN_STOCK,
                some: columns.in_stock.clone(),
                all: Some(columns.all_in_stock.clone()),
            });
        }
        let mut attributes = Vec::with_capacity(of.attributes.len());
        for (n, (name, values)) in of.attributes.iter().enumerate() {
            let text = |text: &str| columns.texts.find(text);
            let pairs: Vec<(u32, u32)> = values
                .iter()
                .filter_map(|value| Some((text(name)?, text(value)?)))
                .collect();
            used.push(Used {
                bit: attribute(n),
                some: columns.pairs.having(&pairs, rows),
                all: None,
            });
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
            used,
            attributes,
        }
    }

    /// Whether a filter is used.
    pub(super) fn uses(&self, bit: u32) -> bool {
        self.used.iter().any(|used| used.bit == bit)
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
        for used in self.used.iter().filter(|used| used.bit & but == 0) {
            found.intersect_with(&used.some);
        }
        if self.asks_twice(but) {
            for row in self.in_part(&found, but).ones() {
                if self.variants(row, but).next().is_none() {
                    found.remove(row);
                }
            }
        }
        found
    }

    fn of_variants(&self, but: u32) -> impl Iterator<Item = &Used> {
        let used = self.used.iter();
        used.filter(move |used| used.bit & (OF_PRODUCT | but) == 0)
    }

    /// The products among some of whose variants it is not sure that all pass
    /// all filters but these.
    pub(super) fn in_part(&self, rows: &FixedBitSet, but: u32) -> FixedBitSet {
        let mut all = rows.clone();
        for used in self.of_variants(but) {
            match &used.all {
                Some(set) => all.intersect_with(set),
                None => all.clear(),
            }
        }
        let mut part = rows.clone();
        part.difference_with(&all);
        part
    }

    /// Whether different variants could pass different ones of these filters,
    /// so that a product may pass each and still none of its variants passes
    /// all.
    fn asks_twice(&self, but: u32) -> bool {
        let price = self.of.price_from.is_some() && self.of.price_to.is_some();
        let things = self.of_variants(but);
        let things = things.map(|used| if used.bit == PRICE && price { 2 } else { 1 });
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

/// The filters that all variants of a product pass alike.
fn of_products(of: &ProductFilter, categories: &[[u8; 16]], columns: &Columns) -> Vec<Used> {
    let rows = columns.len();
    let mut found = Vec::new();
    let mut add = |bit: u32, is_used: bool, some: &dyn Fn() -> FixedBitSet| {
        if is_used {
            found.push(Used {
                bit,
                some: some(),
                all: None,
            });
        }
    };
    add(CATEGORY, !of.categories.is_empty(), &|| {
        columns.categories.having(categories, rows)
    });
    add(BRAND, !of.brands.is_empty(), &|| {
        let brands = of.brands.iter().map(String::as_str);
        columns.brands.having(brands, rows)
    });
    add(CONDITION, !of.conditions.is_empty(), &|| {
        let conditions = of.conditions.iter().map(<&str>::from);
        columns.conditions.having(conditions, rows)
    });
    add(KIND, !of.kinds.is_empty(), &|| {
        let kinds = of.kinds.iter().map(<&str>::from);
        columns.kinds.having(kinds, rows)
    });
    add(TAG, !of.tags.is_empty(), &|| {
        let tags = of.tags.iter().map(String::as_str);
        columns.tags.having(tags, rows)
    });
    found
}

/// Products with a variant that costs enough, and one that does not cost too
/// much; and those all of whose variants cost enough and not too much.
fn of_prices(of: &ProductFilter, columns: &Columns) -> Used {
    let (from, to) = (
        of.price_from.unwrap_or(i64::MIN),
        of.price_to.unwrap_or(i64::MAX),
    );
    Used {
        bit: PRICE,
        some: those(&columns.ranges, |min, max| min <= to && max >= from),
        all: Some(those(&columns.ranges, |min, max| min >= from && max <= to)),
    }
}

/// The rows whose prices pass.
fn those(ranges: &[(i64, i64)], passes: impl Fn(i64, i64) -> bool) -> FixedBitSet {
    let blocks = ranges.chunks(usize::BITS as usize).map(|chunk| {
        let mut block = 0;
        for (bit, &(min, max)) in chunk.iter().enumerate() {
            block |= usize::from(passes(min, max)) << bit;
        }
        block
    });
    FixedBitSet::with_capacity_and_blocks(ranges.len(), blocks)
}
