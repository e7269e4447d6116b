//! Counting products, while they pass by.

use std::collections::{BTreeMap, HashMap};

use kernel::CategoryId;

use super::card::{Card, CardVariant};
use super::facets::{Count, Counter, FacetName, Facets, MAX_VALUES, Wanted, most, prices};
use super::matching::{BRAND, CATEGORY, CONDITION, Filter, IN_STOCK, KIND, PRICE, SIZE, TAG};
use crate::category::{Category, CategoryStatus};

/// The categories that are shown, each with itself and those above it.
fn ancestors(tree: &[Category]) -> HashMap<[u8; 16], Vec<CategoryId>> {
    let by_id: HashMap<CategoryId, &Category> = tree.iter().map(|c| (c.id, c)).collect();
    let path = |category: &Category| -> Option<Vec<CategoryId>> {
        let mut path = Vec::new();
        let mut next = Some(category);
        while let Some(node) = next {
            if node.status == CategoryStatus::Archived || path.len() > tree.len() {
                return None;
            }
            path.push(node.id);
            next = node.parent.and_then(|parent| by_id.get(&parent)).copied();
        }
        Some(path)
    };
    tree.iter()
        .filter_map(|category| Some((category.id.uuid().into_bytes(), path(category)?)))
        .collect()
}

/// Counts, while products pass by.
pub(super) struct Tally<'a> {
    wanted: Wanted,
    /// The number of the product that passes.
    product: u64,
    ancestors: HashMap<[u8; 16], Vec<CategoryId>>,
    /// The bits of the attributes that are filtered by.
    filtered: BTreeMap<&'a str, u32>,
    categories: Counter<CategoryId>,
    brands: Counter<&'a str>,
    conditions: Counter<&'static str>,
    kinds: Counter<&'static str>,
    tags: Counter<&'a str>,
    sizes: Counter<&'a str>,
    attributes: Counter<(&'a str, &'a str)>,
    prices: Vec<(u64, i64)>,
    in_stock: Counter<()>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(wanted: Wanted, tree: &[Category], filter: &Filter<'a>) -> Self {
        let ancestors = if wanted.has(FacetName::Category) {
            ancestors(tree)
        } else {
            HashMap::new()
        };
        Self {
            wanted,
            product: 0,
            ancestors,
            filtered: filter.attributes(),
            categories: Counter::default(),
            brands: Counter::default(),
            conditions: Counter::default(),
            kinds: Counter::default(),
            tags: Counter::default(),
            sizes: Counter::default(),
            attributes: Counter::default(),
            prices: Vec::new(),
            in_stock: Counter::default(),
        }
    }

    /// Counts a product; whether it matches all filters.
    pub(super) fn add(&mut self, card: &Card<'a>, filter: &Filter<'_>, product: u32) -> bool {
        self.product += 1;
        let mut matches = false;
        // What failed when the product itself was counted already.
        let mut counted: Vec<u32> = Vec::new();
        for variant in &card.variants {
            let failed = filter.failed_by(card, variant, product);
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
            if !counted.contains(&failed) {
                counted.push(failed);
                self.add_product(card, failed);
            }
            self.add_variant(card, variant, failed);
        }
        matches
    }

    fn add_variant(&mut self, card: &Card<'a>, variant: &CardVariant<'a>, failed: u32) {
        let number = self.product;
        let wanted = self.wanted;
        let counts = |bit: u32, name: FacetName| failed & !bit == 0 && wanted.has(name);
        if counts(SIZE, FacetName::Size)
            && let Some(size) = card.size_of(variant)
        {
            self.sizes.add(size, number);
        }
        if counts(PRICE, FacetName::Price) && self.prices.last() != Some(&(number, variant.price)) {
            self.prices.push((number, variant.price));
        }
        if counts(IN_STOCK, FacetName::InStock) && variant.in_stock {
            self.in_stock.add((), number);
        }
        if wanted.has(FacetName::Attribute) {
            for (name, value) in card.options_of(variant) {
                self.add_attribute(name, value, failed);
            }
        }
    }

    /// Counts what all variants of a product have in common.
    fn add_product(&mut self, card: &Card<'a>, failed: u32) {
        let number = self.product;
        let wanted = self.wanted;
        // Counted where nothing failed, or only the facet's own filter.
        let counts = |bit: u32, name: FacetName| failed & !bit == 0 && wanted.has(name);
        if counts(CATEGORY, FacetName::Category) {
            for id in card.categories.chunks_exact(16) {
                for above in self.ancestors.get(id).into_iter().flatten() {
                    self.categories.add(*above, number);
                }
            }
        }
        if counts(BRAND, FacetName::Brand)
            && let Some(brand) = card.brand
        {
            self.brands.add(brand, number);
        }
        if counts(CONDITION, FacetName::Condition) {
            self.conditions.add(card.condition.into(), number);
        }
        if counts(KIND, FacetName::Kind) {
            self.kinds.add(card.kind.into(), number);
        }
        if counts(TAG, FacetName::Tag) {
            for tag in &card.tags {
                self.tags.add(tag, number);
            }
        }
        if wanted.has(FacetName::Attribute) {
            for &(name, value) in &card.attributes {
                self.add_attribute(name, value, failed);
            }
        }
    }

    fn add_attribute(&mut self, name: &'a str, value: &'a str, failed: u32) {
        let own = self.filtered.get(name).copied().unwrap_or(0);
        if failed & !own == 0 {
            self.attributes.add((name, value), self.product);
        }
    }

    pub(super) fn into_facets(self) -> Facets {
        let wanted = self.wanted;
        let texts = |counter: Counter<&str>| {
            let counts = counter.into_counts().map(|Count { value, count }| Count {
                value: value.to_owned(),
                count,
            });
            most(counts)
        };
        let mut by_name: BTreeMap<String, Vec<Count<String>>> = BTreeMap::new();
        for Count {
            value: (name, value),
            count,
        } in self.attributes.into_counts()
        {
            by_name.entry(name.to_owned()).or_default().push(Count {
                value: value.to_owned(),
                count,
            });
        }
        let attributes = by_name
            .into_iter()
            .take(MAX_VALUES)
            .map(|(name, values)| (name, most(values.into_iter())))
            .collect();
        Facets {
            categories: wanted
                .has(FacetName::Category)
                .then(|| most(self.categories.into_counts())),
            brands: wanted.has(FacetName::Brand).then(|| texts(self.brands)),
            conditions: wanted
                .has(FacetName::Condition)
                .then(|| texts(self.conditions)),
            kinds: wanted.has(FacetName::Kind).then(|| texts(self.kinds)),
            tags: wanted.has(FacetName::Tag).then(|| texts(self.tags)),
            sizes: wanted.has(FacetName::Size).then(|| texts(self.sizes)),
            prices: wanted.has(FacetName::Price).then(|| prices(&self.prices)),
            in_stock: wanted.has(FacetName::InStock).then(|| {
                let counts = self.in_stock.into_counts();
                counts.map(|all| all.count).sum()
            }),
            attributes: wanted.has(FacetName::Attribute).then_some(attributes),
        }
    }
}
