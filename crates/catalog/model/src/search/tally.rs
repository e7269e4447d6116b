//! Counting products, while they pass by.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kernel::CategoryId;

use super::columns::Columns;
use super::facets::{Count, FacetName, Facets, MAX_VALUES, Wanted, most, prices};
use super::matching::{
    BRAND, CATEGORY, CONDITION, Filter, IN_STOCK, KIND, OF_PRODUCT, PRICE, SIZE, TAG,
};
use crate::category::{Category, CategoryStatus};

/// Counts products by the numbers of values, each product once.
struct Counts(Vec<(u32, u32)>);

impl Counts {
    fn new(values: usize) -> Self {
        Self(vec![(0, 0); values])
    }

    /// Counts a product, which has a number from 1, for a value, unless it was
    /// counted for it already.
    fn add(&mut self, value: u32, product: u32) {
        let (count, last) = &mut self.0[value as usize];
        if *last != product {
            *count += 1;
            *last = product;
        }
    }

    /// What was counted for each number.
    fn counts(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|&(count, _)| u64::from(count))
    }
}

/// What was counted of values, over all columns.
type Sums = HashMap<Arc<str>, u64>;

fn sum_up(sums: &mut Sums, names: &[Arc<str>], counts: &Counts) {
    for (name, count) in names.iter().zip(counts.counts()) {
        if count > 0 {
            *sums.entry(name.clone()).or_default() += count;
        }
    }
}

fn told(sums: Sums) -> Vec<Count<String>> {
    most(sums.into_iter().map(|(value, count)| Count {
        value: value.as_ref().to_owned(),
        count,
    }))
}

/// For each category itself and those above it, as places in the tree; nothing
/// for those that are not shown.
fn paths(tree: &[Category]) -> HashMap<[u8; 16], Vec<u32>> {
    let by_id: HashMap<CategoryId, u32> = tree.iter().map(|c| c.id).zip(0..).collect();
    let path = |category: &Category| -> Option<Vec<u32>> {
        let mut path = Vec::new();
        let mut next = Some(category.id);
        while let Some(&place) = next.and_then(|id| by_id.get(&id)) {
            let node = &tree[place as usize];
            if node.status == CategoryStatus::Archived || path.len() > tree.len() {
                return None;
            }
            path.push(place);
            next = node.parent;
        }
        Some(path)
    };
    tree.iter()
        .filter_map(|category| Some((category.id.uuid().into_bytes(), path(category)?)))
        .collect()
}

/// What was counted.
pub(super) struct Totals<'t> {
    wanted: Wanted,
    tree: &'t [Category],
    paths: HashMap<[u8; 16], Vec<u32>>,
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
}

impl<'t> Totals<'t> {
    pub(super) fn new(wanted: Wanted, tree: &'t [Category]) -> Self {
        Self {
            wanted,
            tree,
            paths: if wanted.has(FacetName::Category) {
                paths(tree)
            } else {
                HashMap::new()
            },
            categories: vec![0; tree.len()],
            brands: Sums::new(),
            conditions: Sums::new(),
            kinds: Sums::new(),
            tags: Sums::new(),
            sizes: Sums::new(),
            attributes: BTreeMap::new(),
            prices: Vec::new(),
            in_stock: 0,
        }
    }

    pub(super) fn into_facets(self) -> Facets {
        let wanted = self.wanted;
        let categories = self.tree.iter().zip(self.categories);
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

/// Stands for no bit, as a bit that no filter has.
const NOTHING: u32 = 1 << 31;

/// Counts the products of some columns.
pub(super) struct Tally<'c, 't> {
    wanted: Wanted,
    columns: &'c Columns,
    filter: &'t Filter<'c>,
    /// The number of the product that passes.
    product: u32,
    /// By the numbers of categories, places in the tree.
    paths: Vec<&'t [u32]>,
    categories: Counts,
    /// By the numbers of pairs, the bits of the filters of their names.
    own_bits: Vec<u32>,
    pairs: Counts,
    brands: Counts,
    conditions: Counts,
    kinds: Counts,
    tags: Counts,
    sizes: Counts,
    prices: Vec<(u32, i64)>,
    in_stock: Counts,
}

impl<'c, 't> Tally<'c, 't> {
    pub(super) fn new(
        totals: &'t Totals<'_>,
        filter: &'t Filter<'c>,
        columns: &'c Columns,
    ) -> Self {
        let ids = columns.categories.names.all().iter();
        Self {
            wanted: totals.wanted,
            columns,
            filter,
            product: 0,
            paths: ids
                .map(|id| totals.paths.get(id).map_or(&[][..], Vec::as_slice))
                .collect(),
            categories: Counts::new(totals.tree.len()),
            own_bits: filter.own_bits(),
            pairs: Counts::new(columns.pairs.all().len()),
            brands: Counts::new(columns.brands.names.all().len()),
            conditions: Counts::new(columns.conditions.names.all().len()),
            kinds: Counts::new(columns.kinds.names.all().len()),
            tags: Counts::new(columns.tags.names.all().len()),
            sizes: Counts::new(columns.variants.sizes.names.all().len()),
            prices: Vec::new(),
            in_stock: Counts::new(1),
        }
    }

    /// Counts a product that fails these filters by itself; whether it matches
    /// all.
    pub(super) fn add(&mut self, row: usize, failed_by_product: u32) -> bool {
        self.product += 1;
        let mut matches = false;
        // The bits of what failed when the product itself was counted already.
        let mut counted = 0;
        for variant in self.columns.variants_of(row) {
            let failed = self.filter.failed_by(variant, failed_by_product);
            if failed.count_ones() > 1 {
                continue;
            }
            matches |= failed == 0;
            if self.wanted.is_empty() {
                if matches {
                    break;
                }
                continue;
            }
            let mark = if failed == 0 { NOTHING } else { failed };
            if counted & mark == 0 {
                counted |= mark;
                self.add_product(row, failed);
            }
            // The product is out, so nothing of its variants counts.
            if failed & OF_PRODUCT != 0 {
                break;
            }
            self.add_variant(variant, failed);
        }
        matches
    }

    /// Counts what all variants of a product have in common.
    fn add_product(&mut self, row: usize, failed: u32) {
        let (columns, wanted, product) = (self.columns, self.wanted, self.product);
        // Counted where nothing failed, or only the facet's own filter.
        let counts = |bit: u32, name: FacetName| failed & !bit == 0 && wanted.has(name);
        if counts(CATEGORY, FacetName::Category) {
            for &category in columns.categories.lists.of(row) {
                for &above in self.paths[category as usize] {
                    self.categories.add(above, product);
                }
            }
        }
        for (bit, name, lists, into) in [
            (
                BRAND,
                FacetName::Brand,
                &columns.brands.lists,
                &mut self.brands,
            ),
            (
                CONDITION,
                FacetName::Condition,
                &columns.conditions.lists,
                &mut self.conditions,
            ),
            (KIND, FacetName::Kind, &columns.kinds.lists, &mut self.kinds),
            (TAG, FacetName::Tag, &columns.tags.lists, &mut self.tags),
        ] {
            if counts(bit, name) {
                for &value in lists.of(row) {
                    into.add(value, product);
                }
            }
        }
        self.add_pairs(columns.attributes.of(row), failed);
    }

    fn add_variant(&mut self, variant: usize, failed: u32) {
        let (variants, wanted, product) = (&self.columns.variants, self.wanted, self.product);
        let counts = |bit: u32, name: FacetName| failed & !bit == 0 && wanted.has(name);
        if counts(SIZE, FacetName::Size) {
            for &size in variants.sizes.lists.of(variant) {
                self.sizes.add(size, product);
            }
        }
        let price = (product, variants.prices[variant]);
        if counts(PRICE, FacetName::Price) && self.prices.last() != Some(&price) {
            self.prices.push(price);
        }
        if counts(IN_STOCK, FacetName::InStock) && variants.in_stock[variant] {
            self.in_stock.add(0, product);
        }
        self.add_pairs(variants.options.of(variant), failed);
    }

    fn add_pairs(&mut self, pairs: &[u32], failed: u32) {
        if !self.wanted.has(FacetName::Attribute) {
            return;
        }
        for &pair in pairs {
            if failed & !self.own_bits[pair as usize] == 0 {
                self.pairs.add(pair, self.product);
            }
        }
    }

    /// What was counted, to be added to what was counted before.
    pub(super) fn into_counted(self) -> Counted<'c> {
        Counted {
            columns: self.columns,
            categories: self.categories,
            pairs: self.pairs,
            texts: [
                self.brands,
                self.conditions,
                self.kinds,
                self.tags,
                self.sizes,
            ],
            prices: self.prices,
            in_stock: self.in_stock,
            products: self.product,
        }
    }
}

/// What was counted of some columns.
pub(super) struct Counted<'a> {
    columns: &'a Columns,
    categories: Counts,
    pairs: Counts,
    /// Brands, conditions, kinds, tags and sizes.
    texts: [Counts; 5],
    prices: Vec<(u32, i64)>,
    in_stock: Counts,
    /// How many products passed.
    products: u32,
}

impl Totals<'_> {
    /// Adds what was counted of some columns, after `before` products of
    /// others; how many there are now.
    pub(super) fn add(&mut self, part: Counted<'_>, before: u32) -> u32 {
        let columns = part.columns;
        for (sum, count) in self.categories.iter_mut().zip(part.categories.counts()) {
            *sum += count;
        }
        let [brands, conditions, kinds, tags, sizes] = &part.texts;
        sum_up(&mut self.brands, columns.brands.names.all(), brands);
        sum_up(
            &mut self.conditions,
            columns.conditions.names.all(),
            conditions,
        );
        sum_up(&mut self.kinds, columns.kinds.names.all(), kinds);
        sum_up(&mut self.tags, columns.tags.names.all(), tags);
        sum_up(&mut self.sizes, columns.variants.sizes.names.all(), sizes);
        let texts = columns.texts.all();
        for (&(name, value), count) in columns.pairs.all().iter().zip(part.pairs.counts()) {
            if count > 0 {
                let sums = self.attributes.entry(texts[name as usize].clone());
                *sums
                    .or_default()
                    .entry(texts[value as usize].clone())
                    .or_default() += count;
            }
        }
        let prices = part.prices.into_iter();
        self.prices
            .extend(prices.map(|(product, price)| (before + product, price)));
        self.in_stock += part.in_stock.counts().sum::<u64>();
        before + part.products
    }
}
