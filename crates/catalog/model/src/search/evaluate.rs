//! From products that may match to a page of those that do, and to facets.

use std::cmp::Ordering;

use fixedbitset::FixedBitSet;
use kernel::{CategoryId, ProductId};

use super::columns::Columns;
use super::dictionary::Scores;
use super::facets::{Facets, Wanted};
use super::index::{Index, Part};
use super::matching::Filter;
use super::tally::Totals;
use super::tree::Tree;
use super::words::Term;
use crate::listing::{ProductFilter, ProductPosition, ProductSort};

/// What is asked.
pub struct Question<'a> {
    /// The words.
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

impl Answer {
    /// That nothing matches.
    pub fn nothing(wanted: Wanted) -> Self {
        Self {
            page: Vec::new(),
            next: None,
            total: 0,
            facets: Totals::new(wanted, &Tree::default()).into_facets(),
        }
    }
}

/// Answers a question about products. They may be just candidates: all that
/// have all its words and fail at most one filter of a wanted facet; others do
/// no harm.
pub fn evaluate(question: &Question<'_>, index: &Index) -> Answer {
    let categories: Vec<[u8; 16]> = index
        .tree()
        .subtree(&question.filter.categories)
        .into_iter()
        .map(|id: CategoryId| id.uuid().into_bytes())
        .collect();
    let mut totals = Totals::new(question.wanted, index.tree());
    let mut hits: Vec<Hit<'_>> = Vec::new();
    let mut total = 0;
    for part in index.parts() {
        let base = with_words(question, part);
        let filter = Filter::new(question.filter, &categories, &part.columns);
        let all = filter.among(&base, 0);
        total += all.count_ones(..) as u64;
        add_hits(question, &part.columns, &all, &mut hits);
        totals.add(part, &filter, &base, &all);
    }
    let next = cut(&mut hits, question);
    Answer {
        next,
        page: hits.iter().map(|hit| hit.id).collect(),
        total,
        facets: totals.into_facets(),
    }
}

/// The products of a part that have all words.
fn with_words(question: &Question<'_>, part: &Part) -> FixedBitSet {
    let (columns, mut base) = (&part.columns, part.shown.clone());
    for term in question.terms {
        base.intersect_with(&columns.dictionary.having(term, columns.len()));
    }
    base
}

/// Adds those that may be on the page.
fn add_hits<'a>(
    question: &Question<'_>,
    columns: &'a Columns,
    all: &FixedBitSet,
    hits: &mut Vec<Hit<'a>>,
) {
    let sort = question.sort;
    let scores = columns.dictionary.scores(question.terms);
    let hit = |row| Hit::new(sort, &scores, columns, row);
    let after = question.after;
    let found = all
        .ones()
        .map(hit)
        .filter(|hit| after.is_none_or(|after| hit.comes_after(sort, after)));
    match sort {
        // In order already; one more tells that there is more.
        ProductSort::Newest => hits.extend(found.take(question.limit.saturating_add(1))),
        _ => hits.extend(found),
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
    fn new(sort: ProductSort, scores: &Scores<'_>, columns: &'a Columns, row: usize) -> Self {
        Self {
            id: columns.ids[row],
            name: columns.names.get(row),
            number: match sort {
                ProductSort::Relevance => scores.of(row),
                ProductSort::Price | ProductSort::PriceDesc => columns.price(row),
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
    use std::sync::Arc;

    use super::*;
    use crate::product::{Condition, ProductKind};
    use crate::search::card::{Card, CardVariant};
    use crate::search::columns::Stored;
    use proptest::prelude::*;

    const BRANDS: [&str; 3] = ["Lux", "Heron", "Moss"];
    const SIZES: [&str; 3] = ["41", "42", "43"];
    const COLOURS: [&str; 3] = ["Red", "Blue", "Moss"];

    /// Brand, and of each variant size, colour, price and whether it is there.
    type Made = (usize, Vec<(usize, usize, i64, bool)>);

    fn product(id: u8) -> ProductId {
        ProductId::from_uuid(uuid::Uuid::from_bytes([id; 16]))
    }

    fn card(id: u8, (brand, of): &Made) -> Stored {
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
        Stored {
            cards: postcard::to_stdvec(&card).expect("a card"),
            words: "a\u{1f}name".to_owned(),
        }
    }

    fn made() -> impl Strategy<Value = Made> {
        let variant = (0..4_usize, 0..3_usize, 0..900_i64, any::<bool>());
        (0..4_usize, proptest::collection::vec(variant, 1..4))
    }

    /// What is asked for.
    #[derive(Debug, Clone, Copy, Default)]
    struct Asked {
        size: Option<usize>,
        brand: Option<usize>,
        colour: Option<usize>,
        in_stock: bool,
        from: Option<i64>,
        to: Option<i64>,
    }

    fn asked() -> impl Strategy<Value = Asked> {
        let three = || proptest::option::of(0..3_usize);
        let price = || proptest::option::of(0..900_i64);
        let all = (three(), three(), three(), any::<bool>(), price(), price());
        all.prop_map(|(size, brand, colour, in_stock, from, to)| Asked {
            size,
            brand,
            colour,
            in_stock,
            from,
            to,
        })
    }

    impl Asked {
        fn filter(&self) -> ProductFilter {
            let text = |all: [&str; 3], one: Option<usize>| -> Vec<String> {
                one.into_iter().map(|one| all[one].to_owned()).collect()
            };
            let colours = text(COLOURS, self.colour);
            let attributes = (!colours.is_empty()).then(|| ("colour".to_owned(), colours));
            ProductFilter {
                brands: text(BRANDS, self.brand),
                sizes: text(SIZES, self.size),
                attributes: attributes.into_iter().collect(),
                in_stock: self.in_stock,
                price_from: self.from,
                price_to: self.to,
                ..ProductFilter::default()
            }
        }

        /// How many products match, worked out variant by variant.
        fn count(&self, all: &[Made]) -> u64 {
            let matches = |&(id, (brand, variants)): &(usize, &Made)| {
                self.brand.is_none_or(|asked| *brand == asked)
                    && variants.iter().any(|&(size, colour, price, there)| {
                        self.size.is_none_or(|asked| size == asked)
                            && (there || !self.in_stock)
                            && self.from.is_none_or(|from| price >= from)
                            && self.to.is_none_or(|to| price <= to)
                            && self
                                .colour
                                .is_none_or(|asked| colour == asked || id % 3 == asked)
                    })
            };
            (1..).zip(all).filter(matches).count() as u64
        }
    }

    proptest! {
        /// A count is how many products match when its value is chosen instead
        /// of those of its facet.
        #[test]
        fn counts_are_those_of_a_scan_however_products_are_divided(
            all in proptest::collection::vec(made(), 0..30), cut in 0..30_usize, asked in asked(),
        ) {
            let cards: Vec<Stored> = (1..).zip(&all).map(|(id, made)| card(id, made)).collect();
            let ids: Vec<ProductId> = (1..).zip(&all).map(|(id, _)| product(id)).collect();
            let filter = asked.filter();
            let question = Question {
                terms: &[], filter: &filter, sort: ProductSort::Newest, after: None,
                limit: 100, wanted: Wanted::all(),
            };
            let tree = Arc::new(Tree::default());
            let whole = Index::read(&cards, tree).expect("cards");
            let once = evaluate(&question, &whole);
            prop_assert_eq!(once.total, asked.count(&all));
            prop_assert_eq!(once.total, once.page.len() as u64);
            let facets = &once.facets;
            let of = |counts: &[super::super::facets::Count<String>], value: &str| {
                counts.iter().find(|count| count.value == value).map_or(0, |count| count.count)
            };
            let brands = facets.brands.as_deref().expect("wanted");
            let sizes = facets.sizes.as_deref().expect("wanted");
            let attributes = facets.attributes.as_deref().expect("wanted");
            let colours = attributes.first().map_or(&[][..], |(_, counts)| counts.as_slice());
            for one in 0..3 {
                let value = Some(one);
                prop_assert_eq!(of(brands, BRANDS[one]), Asked { brand: value, ..asked }.count(&all));
                prop_assert_eq!(of(sizes, SIZES[one]), Asked { size: value, ..asked }.count(&all));
                let by_hand = Asked { colour: value, ..asked }.count(&all);
                prop_assert_eq!(of(colours, COLOURS[one]), by_hand);
            }
            let there = Asked { in_stock: true, ..asked }.count(&all);
            prop_assert_eq!(facets.in_stock, Some(there));
            for range in &facets.prices.as_ref().expect("wanted").ranges {
                let (from, to) = (Some(range.value.from), Some(range.value.to));
                prop_assert_eq!(range.count, Asked { from, to, ..asked }.count(&all));
            }
            // Some of them there again, as what has changed.
            let changed = ids.iter().zip(&cards).take(cut);
            let changed = changed.map(|(&id, card)| (id, card.clone())).collect();
            let twice = whole.with(changed).expect("cards").expect("few");
            prop_assert_eq!(once, evaluate(&question, &twice));
        }
    }
}
