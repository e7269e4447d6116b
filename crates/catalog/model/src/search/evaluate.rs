//! From products that may match to a page of those that do, and to facets.

use std::cmp::Ordering;
use std::collections::HashSet;

use kernel::{CategoryId, ProductId};

use super::columns::Columns;
use super::facets::{Facets, Wanted};
use super::matching::{Filter, NOT_ATTRIBUTES, score};
use super::tally::{Tally, Totals};
use super::words::Term;
use crate::category::{Category, CategoryStatus};
use crate::listing::{CategoryRef, ProductFilter, ProductPosition, ProductSort};

/// What is asked.
pub struct Question<'a> {
    /// The words, which all candidates have.
    pub terms: &'a [Term],
    /// The other filters.
    pub filter: &'a ProductFilter,
    /// The order.
    pub sort: ProductSort,
    /// The position of the last product of the page before.
    pub after: Option<&'a ProductPosition>,
    /// How many at most.
    pub limit: usize,
    /// What is counted.
    pub wanted: Wanted,
    /// All categories.
    pub tree: &'a [Category],
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The products of the page, in order.
    pub page: Vec<ProductId>,
    /// The position after which the next page begins, if there is one.
    pub next: Option<ProductPosition>,
    /// How many products match on all pages.
    pub total: u64,
    /// What was counted.
    pub facets: Facets,
}

/// The categories that are named and all below them, without those that are
/// archived.
pub fn subtree(named: &[CategoryRef], tree: &[Category]) -> Vec<CategoryId> {
    let active: Vec<&Category> = tree
        .iter()
        .filter(|category| category.status == CategoryStatus::Active)
        .collect();
    let is_named = |category: &&&Category| {
        named.iter().any(|name| match name {
            CategoryRef::Id(id) => category.id == *id,
            CategoryRef::Slug(slug) => category.slug == *slug,
        })
    };
    let mut found: Vec<CategoryId> = active.iter().filter(is_named).map(|c| c.id).collect();
    let mut next = 0;
    while let Some(&above) = found.get(next) {
        let below = active.iter().filter(|c| c.parent == Some(above));
        for id in below.map(|category| category.id) {
            if !found.contains(&id) {
                found.push(id);
            }
        }
        next += 1;
    }
    found
}

/// Some products that are looked at.
#[derive(Clone, Copy)]
pub struct Part<'a> {
    /// The products.
    pub columns: &'a Columns,
    /// Those among them that are not: true at their rows. None where all are.
    pub hidden: Option<&'a [bool]>,
}

/// Answers a question about products that have all its words and fail at most
/// one filter of a wanted facet; others do no harm. No product is in two
/// parts.
pub fn evaluate(question: &Question<'_>, parts: &[Part<'_>]) -> Answer {
    let categories: HashSet<[u8; 16]> = subtree(&question.filter.categories, question.tree)
        .into_iter()
        .map(|id| id.uuid().into_bytes())
        .collect();
    let mut totals = Totals::new(question.wanted, question.tree);
    let mut hits: Vec<Hit<'_>> = Vec::new();
    let (mut total, mut seen) = (0, 0);
    for part in parts {
        let columns = part.columns;
        let filter = Filter::new(question.filter, &categories, columns);
        let mut tally = Tally::new(&totals, &filter, columns);
        for row in 0..columns.ids.len() {
            if part.hidden.is_some_and(|hidden| hidden[row]) {
                continue;
            }
            let failed = filter.failed_by_product(row);
            // Whatever fails two filters is in no facet. Attributes may still
            // be options of a variant.
            if (failed & NOT_ATTRIBUTES).count_ones() > 1 || !tally.add(row, failed) {
                continue;
            }
            total += 1;
            let hit = Hit::new(question, columns, row);
            let after = question.after;
            if after.is_none_or(|after| hit.comes_after(question.sort, after)) {
                hits.push(hit);
            }
        }
        let counted = tally.into_counted();
        seen = totals.add(counted, seen);
    }
    let next = cut(&mut hits, question);
    Answer {
        next,
        page: hits.iter().map(|hit| hit.id).collect(),
        total,
        facets: totals.into_facets(),
    }
}

/// Leaves the page, in order; the position of its last product if there is
/// more.
fn cut(hits: &mut Vec<Hit<'_>>, question: &Question<'_>) -> Option<ProductPosition> {
    let order = |a: &Hit<'_>, b: &Hit<'_>| a.compare(b, question.sort);
    // Only the page has to be in order, and one more tells that there is more.
    if hits.len() > question.limit + 1 {
        hits.select_nth_unstable_by(question.limit, order);
        hits.truncate(question.limit + 1);
    }
    hits.sort_unstable_by(order);
    let more = hits.len() > question.limit;
    hits.truncate(question.limit);
    hits.last()
        .filter(|_| more)
        .map(|hit| hit.position(question.sort))
}

/// A product that matches, and what it is sorted by.
struct Hit<'a> {
    id: ProductId,
    name: &'a str,
    /// Price or score.
    number: i64,
}

impl<'a> Hit<'a> {
    fn new(question: &Question<'_>, columns: &'a Columns, row: usize) -> Self {
        Self {
            id: columns.ids[row],
            name: &columns.names[row],
            number: match question.sort {
                ProductSort::Relevance => score(question.terms, columns, row),
                ProductSort::Price | ProductSort::PriceDesc => columns.prices[row],
                ProductSort::Newest | ProductSort::Name => 0,
            },
        }
    }

    fn position(&self, sort: ProductSort) -> ProductPosition {
        match sort {
            ProductSort::Newest => ProductPosition::Newest(self.id),
            ProductSort::Name => ProductPosition::Name(self.name.to_owned(), self.id),
            ProductSort::Price | ProductSort::PriceDesc => {
                ProductPosition::Price(self.number, self.id)
            }
            ProductSort::Relevance => ProductPosition::Relevance(self.number, self.id),
        }
    }

    fn compare(&self, other: &Self, sort: ProductSort) -> Ordering {
        let by_number = self.number.cmp(&other.number);
        match sort {
            ProductSort::Newest => other.id.cmp(&self.id),
            ProductSort::Name => (self.name, self.id).cmp(&(other.name, other.id)),
            ProductSort::Price => by_number.then(self.id.cmp(&other.id)),
            ProductSort::PriceDesc | ProductSort::Relevance => {
                by_number.then(self.id.cmp(&other.id)).reverse()
            }
        }
    }

    fn comes_after(&self, sort: ProductSort, position: &ProductPosition) -> bool {
        let (name, number, id) = match position {
            ProductPosition::Newest(id) => ("", 0, *id),
            ProductPosition::Name(name, id) => (name.as_str(), 0, *id),
            ProductPosition::Price(number, id) | ProductPosition::Relevance(number, id) => {
                ("", *number, *id)
            }
        };
        let last = Hit { id, name, number };
        self.compare(&last, sort) == Ordering::Greater
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{Condition, ProductKind};
    use crate::search::card::{Card, CardVariant};
    use proptest::prelude::*;

    const BRANDS: [&str; 3] = ["Lux", "Heron", "Moss"];
    const SIZES: [&str; 3] = ["41", "42", "43"];
    const COLOURS: [&str; 3] = ["Red", "Blue", "Moss"];

    /// Brand, and of each variant size, colour, price and whether it is there.
    type Made = (usize, Vec<(usize, usize, i64, bool)>);

    fn card(id: u8, (brand, of): &Made) -> Vec<u8> {
        let colours = COLOURS.map(|colour| ("colour", colour));
        let places: Vec<[u8; 2]> = of
            .iter()
            .map(|variant| [u8::try_from(variant.1).expect("few"), 0])
            .collect();
        let variants = of.iter().zip(&places);
        let card = Card {
            id: &[id; 16],
            name: "a name",
            brand: BRANDS.get(*brand).copied(),
            kind: ProductKind::Goods,
            condition: Condition::New,
            categories: &[],
            tags: vec![],
            attributes: vec![("colour", COLOURS[usize::from(id) % 3])],
            sizes: SIZES.to_vec(),
            options: colours.to_vec(),
            variants: variants
                .map(|(&(size, _, price, in_stock), options)| CardVariant {
                    price,
                    in_stock,
                    size: u16::try_from(size).ok(),
                    options,
                })
                .collect(),
        };
        postcard::to_stdvec(&card).expect("a card")
    }

    fn made() -> impl Strategy<Value = Made> {
        let variant = (0..4_usize, 0..3_usize, 0..900_i64, any::<bool>());
        (0..4_usize, proptest::collection::vec(variant, 1..4))
    }

    /// A count is how many products match when its value is chosen instead of
    /// those of its facet, worked out variant by variant.
    fn by_hand(all: &[Made], size: Option<&str>, brand: Option<&str>, in_stock: bool) -> u64 {
        let matches = |(of, variants): &&Made| {
            brand.is_none_or(|brand| BRANDS.get(*of) == Some(&brand))
                && variants.iter().any(|&(of, _, _, there)| {
                    size.is_none_or(|size| SIZES.get(of) == Some(&size)) && (there || !in_stock)
                })
        };
        all.iter().filter(matches).count() as u64
    }

    proptest! {
        #[test]
        fn counts_are_those_of_a_scan_however_products_are_divided(
            all in proptest::collection::vec(made(), 0..30), cut in 0..30_usize,
            size in 0..3_usize, brand in 0..3_usize, in_stock: bool,
        ) {
            let cards: Vec<Vec<u8>> = (1..).zip(&all).map(|(id, made)| card(id, made)).collect();
            let filter = ProductFilter {
                brands: vec![BRANDS[brand].to_owned()],
                sizes: vec![SIZES[size].to_owned()],
                in_stock,
                ..ProductFilter::default()
            };
            let question = Question {
                terms: &[], filter: &filter, sort: ProductSort::Newest, after: None,
                limit: 100, wanted: Wanted::all(), tree: &[],
            };
            let whole = Columns::read(&cards).expect("cards");
            let once = evaluate(&question, &[Part { columns: &whole, hidden: None }]);
            prop_assert_eq!(
                once.total, by_hand(&all, Some(SIZES[size]), Some(BRANDS[brand]), in_stock)
            );
            for count in once.facets.brands.iter().flatten() {
                let by_hand = by_hand(&all, Some(SIZES[size]), Some(&count.value), in_stock);
                prop_assert_eq!(count.count, by_hand);
            }
            for count in once.facets.sizes.iter().flatten() {
                let by_hand = by_hand(&all, Some(&count.value), Some(BRANDS[brand]), in_stock);
                prop_assert_eq!(count.count, by_hand);
            }
            // Some of them hidden, and there again in a part of their own.
            let cut = cut.min(cards.len());
            let hidden: Vec<bool> = (0..cards.len()).map(|row| row < cut).collect();
            let fresh = Columns::read(&[cards[..cut].concat()]).expect("cards");
            let twice = evaluate(&question, &[
                Part { columns: &whole, hidden: Some(&hidden) },
                Part { columns: &fresh, hidden: None },
            ]);
            prop_assert_eq!(once, twice);
        }
    }
}
