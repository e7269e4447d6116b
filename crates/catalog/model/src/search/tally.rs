//! Counting products by what they have.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fixedbitset::FixedBitSet;

use super::columns::{Columns, NONE};
use super::facets::{Count, FacetName, Facets, MAX_VALUES, Wanted, most, prices};
use super::index::Part;
use super::lists::{Field, Lists, number};
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
            let counts = count(&part.places, &tally.rows(CATEGORY), self.categories.len());
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
                sum_up(sums, field.names.all(), &of_field(field, &tally.rows(bit)));
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
        let attributes = self.attributes.into_iter().take(MAX_VALUES);
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

/// How many of some rows have each of so many values.
fn count(lists: &Lists, rows: &FixedBitSet, values: usize) -> Vec<u32> {
    let mut counts = vec![0; values];
    for row in rows.ones() {
        for &value in lists.of(row) {
            counts[value as usize] += 1;
        }
    }
    counts
}

fn of_field<K: std::hash::Hash + Eq + Clone>(field: &Field<K>, rows: &FixedBitSet) -> Vec<u32> {
    count(&field.lists, rows, field.names.all().len())
}

/// Counts rows by values, each row once.
struct Counts(Vec<(u32, u32)>);

impl Counts {
    fn new(values: usize) -> Self {
        Self(vec![(0, NONE); values])
    }

    /// Counts a row for a value, unless it was counted for it just now.
    fn add(&mut self, value: u32, row: usize) {
        let (count, last) = &mut self.0[value as usize];
        if *last != number(row) {
            *count += 1;
            *last = number(row);
        }
    }

    fn done(self) -> Vec<u32> {
        self.0.into_iter().map(|(count, _)| count).collect()
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

    fn sizes(&self) -> Vec<u32> {
        let (field, rows) = (&self.columns.sizes, self.rows(SIZE));
        if !self.filter.asks(SIZE) {
            return of_field(field, &rows);
        }
        let mut counts = Counts::new(field.names.all().len());
        for row in rows.ones() {
            for variant in self.filter.variants(row, SIZE) {
                let size = self.columns.variants.sizes[variant];
                if size != NONE {
                    counts.add(size, row);
                }
            }
        }
        counts.done()
    }

    /// Of attributes and options.
    fn pairs(&self) -> Vec<u32> {
        let mut counts = self.pairs_of(self.all, 0);
        let names = self.columns.pairs.names.all();
        for (bit, own) in self.filter.attributes() {
            let of_own = self.pairs_of(&self.rows(bit), bit);
            for (place, _) in names
                .iter()
                .enumerate()
                .filter(|(_, (name, _))| *name == own)
            {
                counts[place] = of_own[place];
            }
        }
        counts
    }

    fn pairs_of(&self, rows: &FixedBitSet, but: u32) -> Vec<u32> {
        let columns = self.columns;
        if !self.filter.asks(but) {
            return of_field(&columns.pairs, rows);
        }
        let mut counts = Counts::new(columns.pairs.names.all().len());
        for row in rows.ones() {
            for &pair in columns.attributes.of(row) {
                counts.add(pair, row);
            }
            for variant in self.filter.variants(row, but) {
                for &pair in columns.variants.options.of(variant) {
                    counts.add(pair, row);
                }
            }
        }
        counts.done()
    }

    /// Adds the prices of products, whose numbers begin after those before.
    fn prices(&self, before: u32, into: &mut Vec<(u32, i64)>) {
        let (columns, rows) = (self.columns, self.rows(PRICE));
        let asks = self.filter.asks(PRICE);
        for row in rows.ones() {
            let product = before + number(row);
            if asks {
                let variants = self.filter.variants(row, PRICE);
                into.extend(variants.map(|variant| (product, columns.variants.prices[variant])));
            } else {
                into.extend(columns.prices.of(row).iter().map(|&price| (product, price)));
            }
        }
    }

    fn in_stock(&self) -> u64 {
        let mut rows = self.rows(IN_STOCK).into_owned();
        rows.intersect_with(&self.columns.in_stock);
        if !self.filter.asks(IN_STOCK) {
            return rows.count_ones(..) as u64;
        }
        let there = |row: &usize| {
            let mut variants = self.filter.variants(*row, IN_STOCK);
            variants.any(|variant| self.columns.variants.in_stock[variant])
        };
        rows.ones().filter(there).count() as u64
    }
}
