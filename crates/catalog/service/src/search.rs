//! Search, with facets.

use std::collections::BTreeSet;
use std::sync::Arc;

use catalog_model::CatalogError;
use catalog_model::listing::{ProductFilter, ProductPosition, ProductSort};
use catalog_model::offer::{CategoryName, ProductSummary};
use catalog_model::search::document::token;
use catalog_model::search::facets::Count;
use catalog_model::search::words::{forms, of_question};
use catalog_model::search::{
    Answer, FacetName, Facets, Index, Question, Term, Tree, Wanted, evaluate,
};
use catalog_repository::search::{Narrow, Narrowing};
use catalog_repository::{categories, listing, search};
use database::{Database, Scoped};
use kernel::{Currency, Fault, Page, PageRequest, Scope};

use crate::Catalog;
use crate::shelf::read;

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
    /// Answers from the products in memory, and asks the database for the
    /// products of the page; before that for what changed since the last such
    /// question, if anything did. Words are looked for in the database where
    /// the products are not in memory: what is known of the words, the
    /// categories, candidates, the products of the page.
    pub(crate) async fn search(
        &self,
        scope: &Scope,
        filter: &ProductFilter,
        sort: ProductSort,
        page: PageRequest<ProductPosition>,
        wanted: Wanted,
    ) -> Result<Found, CatalogError> {
        let currency = self.currency(scope).await?;
        let (index, terms) = match &filter.text {
            None => {
                let index = self.shelf.index(scope, &self.database).await?;
                (index, Some(Vec::new()))
            }
            Some(text) => match self.shelf.ready(scope, &self.database).await? {
                Some(index) => {
                    let terms = index.terms(text);
                    (index, terms)
                }
                None => candidates(scope, &self.database, text, filter, wanted).await?,
            },
        };
        let answer = match &terms {
            Some(terms) => {
                let question = Question {
                    terms,
                    filter,
                    sort: match (sort, &filter.text) {
                        (ProductSort::Relevance, None) => ProductSort::Newest,
                        (sort, _) => sort,
                    },
                    after: page.after.as_ref(),
                    limit: usize::try_from(page.limit).unwrap_or(usize::MAX),
                    wanted,
                };
                evaluate(&question, &index)
            }
            // A word that nothing has.
            None => Answer::nothing(wanted),
        };
        let db = self.database.read(scope).await?;
        let items = listing::by_ids(&db, &answer.page).await?;
        Ok(found(answer, items, index.tree(), wanted, currency))
    }
}

/// Those that may match, and what the words stand for; none if nothing has one
/// of them.
async fn candidates(
    scope: &Scope,
    database: &Database,
    text: &str,
    filter: &ProductFilter,
    wanted: Wanted,
) -> Result<(Arc<Index>, Option<Vec<Term>>), Fault> {
    let db = database.read(scope).await?;
    let terms = terms(&db, text).await?;
    let tree = Arc::new(Tree::new(categories::all(&db).await?));
    let stored = match &terms {
        Some(terms) => {
            let narrowing = narrowing(terms.clone(), filter, &tree, wanted);
            search::stored(&db, &narrowing).await?
        }
        None => Vec::new(),
    };
    Ok((Arc::new(read(&stored, tree)?), terms))
}

fn found(
    answer: Answer,
    items: Vec<ProductSummary>,
    tree: &Tree,
    wanted: Wanted,
    currency: Currency,
) -> Found {
    let named = |count: &Count<kernel::CategoryId>| {
        let category = tree
            .all()
            .iter()
            .find(|category| category.id == count.value)?;
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
        Term::corrected(&word, known.similar.iter().map(String::as_str))
    };
    Ok(asked.into_iter().enumerate().map(term).collect())
}

/// What candidates have in common.
fn narrowing(terms: Vec<Term>, filter: &ProductFilter, tree: &Tree, wanted: Wanted) -> Narrowing {
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
    let below = tree.subtree(&filter.categories);
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
