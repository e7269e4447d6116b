//! Counting products by what they have.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::columns::{Columns, NONE};
use super::facets::{Count, FacetName, Facets, Wanted, most, prices};
use super::index::Part;
use super::lists::number;
use super::matching::{BRAND, CATEGORY, CONDITION, Filter, IN_STOCK, KIND, PRICE, SIZE, TAG};
use super::tree::Tree;

/// What was counted of values, over all parts.
type Sums = HashMap<Arc<str>, u64>;

fn sum_up(sums: &mut Sums, names: &[Arc<str>], counts: &[u32]) {
    for (name, &count) in names.iter().zip(counts) {
        if count > 0 {
            *sums.entry(name.clone()).or_default() += u64::from(count);
        }
    }
}

fn told(sums: Sums) -> Vec<Count<String>> {
    let counts = most(
        sums.into_iter()
            .map(|(value, count)| Count { value, count }),
    );
    let counts = counts.into_iter();
    counts
        .map(|Count { value, count }| Count {
            value: value.as_ref().to_owned(),
            count,
        })
        .collect()
}

/// The names with the most products.
fn with_most(mut sums: BTreeMap<Arc<str>, Sums>) -> BTreeMap<Arc<str>, Sums> {
    let names = sums.iter().map(|(name, values)| Count {
        value: name.clone(),
        count: values.values().sum(),
    });
    let names: BTreeSet<Arc<str>> = most(names).into_iter().map(|name| name.value).collect();
    sums.retain(|name, _| names.contains(name));
    sums
}

/// What was counted.
pub(super) struct Totals<'t> {
    wanted: Wanted,
    tree: &'t Tree,
    categories: Vec<u64>,
    brands: Sums,
    conditions: Sums,
    kinds: Sums,
    tags: Sums,
    sizes: Sums,
    attributes: BTreeMap<Arc<str>, Sums>,
    /// One after another for each product.
    prices: Vec<(u32, i64)>,
    in_stock: u64,
    /// How many products there were in the parts before.
    products: u32,
}

impl<'t> Totals<'t> {
    pub(super) fn new(wanted: Wanted, tree: &'t Tree) -> Self {
        Self {
            wanted,
            tree,
            categories: vec![0; tree.all().len()],
            brands: Sums::new(),
            conditions: Sums::new(),
            kinds: Sums::new(),
            tags: Sums::new(),
            sizes: Sums::new(),
            attributes: BTreeMap::new(),
            prices: Vec::new(),
            in_stock: 0,
            products: 0,
        }
    }

    /// Counts the products of a part: `all` are those that match.
    pub(super) fn add(
        &mut self,
        part: &Part,
        filter: &Filter<'_>,
        base: &FixedBitSet,
        all: &FixedBitSet,
    ) {
        let columns = &*part.columns;
        let wanted = self.wanted;
        let tally = Tally {
            columns,
            filter,
            base,
            all,
        };
        if wanted.has(FacetName::Category) {
            let counts = part.places.count(&tally.rows(CATEGORY));
            for (sum, count) in self.categories.iter_mut().zip(counts) {
                *sum += u64::from(count);
            }
        }
        for (name, bit, field, sums) in [
            (FacetName::Brand, BRAND, &columns.brands, &mut self.brands),
            (
                FacetName::Condition,
                CONDITION,
                &columns.conditions,
                &mut self.conditions,
            ),
            (FacetName::Kind, KIND, &columns.kinds, &mut self.kinds),
            (FacetName::Tag, TAG, &columns.tags, &mut self.tags),
        ] {
            if wanted.has(name) {
                sum_up(
                    sums,
                    field.names.all(),
                    &field.values.count(&tally.rows(bit)),
                );
            }
        }
        if wanted.has(FacetName::Size) {
            sum_up(&mut self.sizes, columns.sizes.names.all(), &tally.sizes());
        }
        if wanted.has(FacetName::Attribute) {
            self.add_pairs(columns, &tally.pairs());
        }
        if wanted.has(FacetName::Price) {
            tally.prices(self.products, &mut self.prices);
        }
        if wanted.has(FacetName::InStock) {
            self.in_stock += tally.in_stock();
        }
        self.products += number(columns.len());
    }

    fn add_pairs(&mut self, columns: &Columns, counts: &[u32]) {
        let texts = columns.texts.all();
        for (&(name, value), &count) in columns.pairs.names.all().iter().zip(counts) {
            if count > 0 {
                let sums = self.attributes.entry(texts[name as usize].clone());
                *sums
                    .or_default()
                    .entry(texts[value as usize].clone())
                    .or_default() += u64::from(count);
            }
        }
    }

    pub(super) fn into_facets(self) -> Facets {
        let wanted = self.wanted;
        let categories = self.tree.all().iter().zip(self.categories);
        let categories = categories
            .filter(|&(_, count)| count > 0)
            .map(|(category, count)| Count {
                value: category.id,
                count,
            });
        let attributes = with_most(self.attributes).into_iter();
        let attributes = attributes.map(|(name, values)| (name.as_ref().to_owned(), told(values)));
        let text = |name: FacetName, sums: Sums| wanted.has(name).then(|| told(sums));
        Facets {
            categories: wanted.has(FacetName::Category).then(|| most(categories)),
            brands: text(FacetName::Brand, self.brands),
            conditions: text(FacetName::Condition, self.conditions),
            kinds: text(FacetName::Kind, self.kinds),
            tags: text(FacetName::Tag, self.tags),
            sizes: text(FacetName::Size, self.sizes),
            prices: wanted.has(FacetName::Price).then(|| prices(&self.prices)),
            in_stock: wanted.has(FacetName::InStock).then_some(self.in_stock),
            attributes: wanted
                .has(FacetName::Attribute)
                .then(|| attributes.collect()),
        }
    }
}

/// Counts rows by values, each row once.
struct Counts {
    counts: Vec<u32>,
    last: Vec<u32>,
}

impl Counts {
    /// With what was counted already, of other rows.
    fn after(counts: Vec<u32>) -> Self {
        Self {
            last: vec![NONE; counts.len()],
            counts,
        }
    }

    /// Counts a row for a value, unless it was counted for it just now.
    fn add(&mut self, value: u32, row: usize) {
        let last = &mut self.last[value as usize];
        if *last != number(row) {
            *last = number(row);
            self.counts[value as usize] += 1;
        }
    }
}

/// What is counted of a part. A facet counts what passes all filters but its
/// own.
struct Tally<'a> {
    columns: &'a Columns,
    filter: &'a Filter<'a>,
    /// With all words.
    base: &'a FixedBitSet,
    /// That pass all filters.
    all: &'a FixedBitSet,
}

impl Tally<'_> {
    /// The products that a facet counts, by the bit of its filter.
    fn rows(&self, own: u32) -> Cow<'_, FixedBitSet> {
        if self.filter.uses(own) {
            Cow::Owned(self.filter.among(self.base, own))
        } else {
            Cow::Borrowed(self.all)
        }
    }

    /// Of those the ones of whose variants all count, and the others.
    fn divided(&self, rows: &FixedBitSet, own: u32) -> (FixedBitSet, FixedBitSet) {
        let part = self.filter.in_part(rows, own);
        let mut whole = rows.clone();
        whole.difference_with(&part);
        (whole, part)
    }

    fn sizes(&self) -> Vec<u32> {
        let (whole, part) = self.divided(&self.rows(SIZE), SIZE);
        let mut counts = Counts::after(self.columns.sizes.values.count(&whole));
        for row in part.ones() {
            for variant in self.filter.variants(row, SIZE) {
                let size = self.columns.variants.sizes[variant];
                if size != NONE {
                    counts.add(size, row);
                }
            }
        }
        counts.counts
    }

    /// Of attributes and options.
    fn pairs(&self) -> Vec<u32> {
        let mut counts = self.pairs_of(self.all, 0);
        let names = self.columns.pairs.names.all();
        for (bit, own) in self.filter.attributes() {
            let of_own = self.pairs_of(&self.rows(bit), bit);
            let places = names.iter().enumerate();
            for (place, _) in places.filter(|(_, (name, _))| *name == own) {
                counts[place] = of_own[place];
            }
        }
        counts
    }

    fn pairs_of(&self, rows: &FixedBitSet, but: u32) -> Vec<u32> {
        let columns = self.columns;
        let (whole, part) = self.divided(rows, but);
        let mut counts = Counts::after(columns.pairs.values.count(&whole));
        for row in part.ones() {
            for &pair in columns.attributes.of(row) {
                counts.add(pair, row);
            }
            for variant in self.filter.variants(row, but) {
                for &pair in columns.variants.options.of(variant) {
                    counts.add(pair, row);
                }
            }
        }
        counts.counts
    }

    /// Adds the prices of products, whose numbers begin after those before.
    fn prices(&self, before: u32, into: &mut Vec<(u32, i64)>) {
        let columns = self.columns;
        let (whole, part) = self.divided(&self.rows(PRICE), PRICE);
        for row in whole.ones() {
            let prices = columns.prices.of(row).iter();
            into.extend(prices.map(|&price| (before + number(row), price)));
        }
        for row in part.ones() {
            let variants = self.filter.variants(row, PRICE);
            let prices = variants.map(|variant| columns.variants.prices[variant]);
            into.extend(prices.map(|price| (before + number(row), price)));
        }
    }

    fn in_stock(&self) -> u64 {
        let mut rows = self.rows(IN_STOCK).into_owned();
        rows.intersect_with(&self.columns.in_stock);
        let (whole, part) = self.divided(&rows, IN_STOCK);
        let there = |row: &usize| {
            let mut variants = self.filter.variants(*row, IN_STOCK);
            variants.any(|variant| self.columns.variants.in_stock[variant])
        };
        let count = whole.count_ones(..) + part.ones().filter(there).count();
        count as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::facets::MAX_VALUES;
    use super::*;

    #[test]
    fn names_are_told_that_most_products_have() {
        let sums = |count| Sums::from([(Arc::from("any"), count)]);
        let mut all: BTreeMap<Arc<str>, Sums> = (0..=MAX_VALUES)
            .map(|n| (Arc::from(format!("a{n:03}")), sums(1)))
            .collect();
        all.insert(Arc::from("weight"), sums(2));
        let told = with_most(all);
        assert_eq!(told.len(), MAX_VALUES);
        assert!(told.contains_key("weight") && told.contains_key("a000"));
        assert!(!told.contains_key("a099"));
    }
}
