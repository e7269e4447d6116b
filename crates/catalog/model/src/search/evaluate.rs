//! From products that may match to a page of those that do, and to facets.

use std::cmp::Ordering;
use std::collections::HashSet;

use kernel::{CategoryId, ProductId};
use uuid::Uuid;

use super::card::{Card, read};
use super::facets::{Facets, Wanted};
use super::matching::{Filter, NOT_ATTRIBUTES, score};
use super::tally::Tally;
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

/// Answers a question from the cards of products that have all the words and
/// fail at most one filter of a wanted facet; others do no harm. Cards come in
/// one row of bytes or in several.
pub fn evaluate(question: &Question<'_>, cards: &[Vec<u8>]) -> Result<Answer, postcard::Error> {
    let categories: HashSet<[u8; 16]> = subtree(&question.filter.categories, question.tree)
        .into_iter()
        .map(|id| id.uuid().into_bytes())
        .collect();
    let filter = Filter::new(question.filter, categories);
    let mut tally = Tally::new(question.wanted, question.tree, &filter);
    let mut hits: Vec<Hit<'_>> = Vec::new();
    let mut total = 0;
    for card in cards.iter().flat_map(|bytes| read(bytes)) {
        let card = card?;
        let product = filter.failed_by_product(&card);
        // Whatever fails two filters is in no facet. Attributes may still be
        // options of a variant.
        if (product & NOT_ATTRIBUTES).count_ones() > 1 {
            continue;
        }
        if tally.add(&card, &filter, product) {
            total += 1;
            let hit = Hit::new(question, &card);
            if question
                .after
                .is_none_or(|after| hit.comes_after(question.sort, after))
            {
                hits.push(hit);
            }
        }
    }
    let order = |a: &Hit<'_>, b: &Hit<'_>| a.compare(b, question.sort);
    // Only the page has to be in order, and one more tells that there is more.
    if hits.len() > question.limit + 1 {
        hits.select_nth_unstable_by(question.limit, order);
        hits.truncate(question.limit + 1);
    }
    hits.sort_unstable_by(order);
    let more = hits.len() > question.limit;
    hits.truncate(question.limit);
    Ok(Answer {
        next: hits
            .last()
            .filter(|_| more)
            .map(|hit| hit.position(question.sort)),
        page: hits.iter().map(|hit| hit.id).collect(),
        total,
        facets: tally.into_facets(),
    })
}

/// A product that matches, and what it is sorted by.
struct Hit<'a> {
    id: ProductId,
    name: &'a str,
    /// Price or score.
    number: i64,
}

impl<'a> Hit<'a> {
    fn new(question: &Question<'_>, card: &Card<'a>) -> Self {
        Self {
            id: ProductId::from_uuid(Uuid::from_slice(card.id).unwrap_or_default()),
            name: card.name,
            number: match question.sort {
                ProductSort::Relevance => score(question.terms, card),
                ProductSort::Price | ProductSort::PriceDesc => card.price(),
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
