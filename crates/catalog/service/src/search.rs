//! Search, with facets.

use std::collections::BTreeSet;
use std::sync::Arc;

use catalog_model::CatalogError;
use catalog_model::category::Category;
use catalog_model::listing::{ProductFilter, ProductPosition, ProductSort};
use catalog_model::offer::{CategoryName, ProductSummary};
use catalog_model::search::document::token;
use catalog_model::search::evaluate::{Answer, Question, evaluate, subtree};
use catalog_model::search::facets::Count;
use catalog_model::search::words::{forms, of_question, one_slip_apart};
use catalog_model::search::{FacetName, Facets, Term, Wanted};
use catalog_repository::search::{Narrow, Narrowing};
use catalog_repository::{categories, listing, search};
use database::Scoped;
use kernel::{Currency, Fault, Page, PageRequest, Scope};

use crate::Catalog;
use crate::shelf::Products;

/// How many words a misspelt one may stand for.
const MAX_CORRECTIONS: usize = 20;

/// A page of products, and what was counted.
pub struct Found {
    /// The page.
    pub page: Page<ProductSummary, ProductPosition>,
    /// What was counted, if anything was to be.
    pub counted: Option<Counted>,
}

/// How many products there are of what.
pub struct Counted {
    /// How many match on all pages.
    pub total: u64,
    /// By what.
    pub facets: Facets,
    /// The categories in the facets, by name, in the same order.
    pub categories: Vec<CategoryName>,
    /// The currency of the prices in the facets.
    pub currency: Currency,
}

/// Whether a question needs more than a list that the database orders.
pub(crate) fn is_search(filter: &ProductFilter, wanted: Wanted) -> bool {
    filter.text.is_some() || !filter.attributes.is_empty() || !wanted.is_empty()
}

impl Catalog {
    /// Answers in four statements: what is known of the words, the categories,
    /// the cards of candidates, the products of the page. Without words there
    /// are the categories, the products of the page, and the cards of what
    /// changed since the last such question, if anything did.
    pub(crate) async fn search(
        &self,
        scope: &Scope,
        filter: &ProductFilter,
        sort: ProductSort,
        page: PageRequest<ProductPosition>,
        wanted: Wanted,
    ) -> Result<Found, CatalogError> {
        // Before a connection is held: they may have to be read.
        let currency = self.currency(scope).await?;
        let known = match &filter.text {
            Some(_) => None,
            None => Some(self.shelf.products(scope, &self.database).await?),
        };
        let db = self.database.read(scope).await?;
        let terms = match &filter.text {
            Some(text) => terms(&db, text).await?,
            None => Some(Vec::new()),
        };
        let tree = categories::all(&db).await?;
        let products = match (known, &terms) {
            (Some(known), _) => known,
            (None, Some(terms)) => {
                let narrowing = narrowing(terms.clone(), filter, &tree, wanted);
                Arc::new(Products::read(&search::cards(&db, &narrowing).await?)?)
            }
            // A word that nothing has.
            (None, None) => Arc::default(),
        };
        let question = Question {
            terms: terms.as_deref().unwrap_or_default(),
            filter,
            sort: match (sort, &filter.text) {
                (ProductSort::Relevance, None) => ProductSort::Newest,
                (sort, _) => sort,
            },
            after: page.after.as_ref(),
            limit: usize::try_from(page.limit).unwrap_or(usize::MAX),
            wanted,
            tree: &tree,
        };
        let answer = evaluate(&question, &products.parts());
        drop(products);
        let items = listing::by_ids(&db, &answer.page).await?;
        Ok(found(answer, items, &tree, wanted, currency))
    }
}

fn found(
    answer: Answer,
    items: Vec<ProductSummary>,
    tree: &[Category],
    wanted: Wanted,
    currency: Currency,
) -> Found {
    let named = |count: &Count<kernel::CategoryId>| {
        let category = tree.iter().find(|category| category.id == count.value)?;
        Some(CategoryName {
            id: category.id,
            slug: category.slug.clone(),
            name: category.name.clone(),
        })
    };
    let counts = answer.facets.categories.iter().flatten();
    let categories = counts.filter_map(named).collect();
    Found {
        page: Page {
            items,
            next: answer.next,
        },
        counted: (!wanted.is_empty()).then_some(Counted {
            total: answer.total,
            facets: answer.facets,
            categories,
            currency,
        }),
    }
}

/// What the words of a text stand for; none if nothing has one of them.
async fn terms(db: &Scoped, text: &str) -> Result<Option<Vec<Term>>, Fault> {
    let asked = of_question(text);
    if asked.is_empty() {
        return Ok(None);
    }
    let all_forms: BTreeSet<String> = asked.iter().flat_map(|word| forms(word)).collect();
    let known = search::known(db, &asked, &all_forms).await?;
    let term = |(place, word): (usize, String)| {
        if known.beginnings.contains(&place) {
            return Some(Term::Prefix(word));
        }
        let similar: Vec<String> = known
            .similar
            .iter()
            .filter(|other| one_slip_apart(&word, other))
            .take(MAX_CORRECTIONS)
            .cloned()
            .collect();
        (!similar.is_empty()).then_some(Term::OneOf(similar))
    };
    Ok(asked.into_iter().enumerate().map(term).collect())
}

/// What candidates have in common.
fn narrowing(
    terms: Vec<Term>,
    filter: &ProductFilter,
    tree: &[Category],
    wanted: Wanted,
) -> Narrowing {
    let mut filters = Vec::new();
    let mut by = |named: bool, name: FacetName, tokens: Vec<String>| {
        if named {
            filters.push(Narrow {
                tokens,
                counted: wanted.has(name),
            });
        }
    };
    let of = |values: &[String], token: fn(&str) -> String| -> Vec<String> {
        values.iter().map(|value| token(value)).collect()
    };
    let below = subtree(&filter.categories, tree);
    by(
        !filter.categories.is_empty(),
        FacetName::Category,
        below.into_iter().map(token::category).collect(),
    );
    by(
        !filter.brands.is_empty(),
        FacetName::Brand,
        of(&filter.brands, token::brand),
    );
    by(
        !filter.tags.is_empty(),
        FacetName::Tag,
        of(&filter.tags, token::tag),
    );
    by(
        !filter.sizes.is_empty(),
        FacetName::Size,
        of(&filter.sizes, token::size),
    );
    for (name, values) in &filter.attributes {
        let tokens = values.iter().map(|value| token::attribute(name, value));
        by(true, FacetName::Attribute, tokens.collect());
    }
    Narrowing { terms, filters }
}
