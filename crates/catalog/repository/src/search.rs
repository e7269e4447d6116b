//! Finding products: by an inverted index in a table, the cards of products,
//! and the spelling of words.
//!
//! The same tables and statements serve both databases. On PostgreSQL the
//! operators of full-text indexes are not leakproof, so row-level security
//! keeps them from being used; comparisons of texts are.

use std::collections::{BTreeSet, HashMap};

use catalog_model::search::document::{BETWEEN_PRODUCTS, SEPARATOR};
use catalog_model::search::words::end_of_prefix;
use catalog_model::search::{Stored, Term};
use database::{Backend, Scoped};
use kernel::{Fault, ProductId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// How many products are looked at, at most, to answer one question.
pub const MAX_CANDIDATES: usize = 200_000;
/// Texts as one parameter, so that a statement is the same however many there
/// are.
pub(crate) fn texts<'a>(backend: Backend, all: impl IntoIterator<Item = &'a str>) -> Value {
    let all: Vec<&str> = all.into_iter().collect();
    match backend {
        Backend::Postgres => all.join(&SEPARATOR.to_string()).into(),
        Backend::Sqlite => serde_json::json!(all).to_string().into(),
    }
}

/// That a column is one of the texts of a parameter.
pub(crate) fn one_of(backend: Backend, column: &str, place: &str) -> String {
    match backend {
        Backend::Postgres => format!("{column} = ANY (string_to_array({place}, E'\\x1f'))"),
        Backend::Sqlite => format!("{column} IN (SELECT value FROM json_each({place}))"),
    }
}

#[derive(FromQueryResult)]
struct KnownRow {
    place: i32,
    word: String,
}

/// What is known of words.
#[derive(Debug, Default)]
pub struct Known {
    /// The places of those that some word begins like.
    pub beginnings: BTreeSet<usize>,
    /// Words that have a form in common with one of them.
    pub similar: BTreeSet<String>,
}

/// What is known of some words, and of forms of them.
pub async fn known(
    db: &Scoped,
    words: &[String],
    forms: &BTreeSet<String>,
) -> Result<Known, Fault> {
    let backend = db.backend();
    let mut values = vec![texts(backend, forms.iter().map(String::as_str))];
    let mut parts = vec![format!(
        "SELECT -1 AS place, word FROM search_spelling WHERE tenant_id = $1 AND {}",
        one_of(backend, "form", "$2")
    )];
    for (place, word) in words.iter().enumerate() {
        values.extend([word.clone().into(), end_of_prefix(word).into()]);
        parts.push(format!(
            "SELECT {place} AS place, word FROM (SELECT word FROM search_words \
             WHERE tenant_id = $1 AND word >= ${} AND word < ${} LIMIT 1) AS w{place}",
            values.len(),
            values.len() + 1
        ));
    }
    let rows: Vec<KnownRow> = db.all(&parts.join(" UNION ALL "), values).await?;
    let mut known = Known::default();
    for row in rows {
        match usize::try_from(row.place) {
            Ok(place) => known.beginnings.insert(place),
            Err(_) => known.similar.insert(row.word),
        };
    }
    Ok(known)
}

/// What candidates have in common.
#[derive(Debug, Default)]
pub struct Narrowing {
    /// All of these words.
    pub terms: Vec<Term>,
    /// Of each of these filters one token, or of all but one that is counted.
    pub filters: Vec<Narrow>,
}

/// A filter by tokens.
#[derive(Debug)]
pub struct Narrow {
    /// One of these is enough.
    pub tokens: Vec<String>,
    /// Products that fail this filter alone are wanted as well.
    pub counted: bool,
}

#[derive(FromQueryResult)]
struct StoredRow {
    cards: Option<Vec<u8>>,
    words: Option<String>,
}

impl From<StoredRow> for Stored {
    fn from(row: StoredRow) -> Self {
        Self {
            cards: row.cards.unwrap_or_default(),
            words: row.words.unwrap_or_default(),
        }
    }
}

/// What is stored of products that are shown, in one statement; in one row or
/// in several.
pub async fn stored(db: &Scoped, narrowing: &Narrowing) -> Result<Vec<Stored>, Fault> {
    let backend = db.backend();
    let (ids, values) = candidates(backend, narrowing);
    let columns = match backend {
        // Rows cost more than their bytes.
        Backend::Postgres => {
            let between = u32::from(BETWEEN_PRODUCTS);
            format!(
                "string_agg(card, ''::bytea) AS cards, string_agg(words, chr({between})) AS words"
            )
        }
        Backend::Sqlite => "card AS cards, words".to_owned(),
    };
    let shown = "FROM search_products WHERE tenant_id = $1 AND length(card) > 0";
    let sql = match (ids, backend) {
        (None, _) => format!(
            "SELECT {columns} FROM (SELECT card, words {shown} \
             ORDER BY product_id DESC LIMIT {MAX_CANDIDATES}) AS newest"
        ),
        // As an array the ids lead to an index, however many the planner
        // expects.
        (Some(Ids { with, select }), Backend::Postgres) => format!(
            "{with}SELECT {columns} {shown} \
             AND product_id = ANY (ARRAY({select} LIMIT {MAX_CANDIDATES}))"
        ),
        (Some(Ids { with, select }), Backend::Sqlite) => format!(
            "{with}SELECT {columns} {shown} AND product_id IN ({select} LIMIT {MAX_CANDIDATES})"
        ),
    };
    let rows: Vec<StoredRow> = db.all(&sql, values).await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

#[derive(FromQueryResult)]
struct OneRow {
    product_id: Uuid,
    card: Vec<u8>,
    words: String,
}

/// What is stored of some products; nothing of those that are not shown.
pub async fn stored_of(
    db: &Scoped,
    products: &[ProductId],
) -> Result<Vec<(ProductId, Stored)>, Fault> {
    let ids: Vec<String> = products
        .iter()
        .map(|product| product.uuid().simple().to_string())
        .collect();
    let backend = db.backend();
    let named = match backend {
        Backend::Postgres => "= ANY (string_to_array($2, E'\\x1f')::uuid[])",
        Backend::Sqlite => "IN (SELECT unhex(value) FROM json_each($2))",
    };
    let sql = format!(
        "SELECT product_id, card, words FROM search_products \
         WHERE tenant_id = $1 AND product_id {named}"
    );
    let rows: Vec<OneRow> = db
        .all(&sql, [texts(backend, ids.iter().map(String::as_str))])
        .await?;
    let stored = |row: OneRow| Stored {
        cards: row.card,
        words: row.words,
    };
    let mut found: HashMap<Uuid, Stored> = rows
        .into_iter()
        .map(|row| (row.product_id, stored(row)))
        .collect();
    let of = |&product: &ProductId| (product, found.remove(&product.uuid()).unwrap_or_default());
    Ok(products.iter().map(of).collect())
}

/// Which products may match: what comes before the statement, and the
/// statement.
struct Ids {
    with: String,
    select: String,
}

/// What every candidate has: all words, and one token of each filter but the
/// one that is left out.
type Set = Vec<usize>;

/// The sets whose union is wanted; scans are numbered, first those of words.
/// Products that fail no filter are in each of the sets.
fn sets(narrowing: &Narrowing) -> Vec<Set> {
    let terms = narrowing.terms.len();
    let all_but = |left_out: Option<usize>| -> Set {
        (0..terms + narrowing.filters.len())
            .filter(|&n| Some(n) != left_out)
            .collect()
    };
    let counted: Vec<Set> = (terms..)
        .zip(&narrowing.filters)
        .filter(|(_, filter)| filter.counted)
        .map(|(n, _)| all_but(Some(n)))
        .collect();
    if counted.is_empty() {
        vec![all_but(None)]
    } else {
        counted
    }
}

/// The values of a statement after its first, the tenant.
#[derive(Default)]
struct Values(Vec<Value>);

impl Values {
    fn bind(&mut self, value: Value) -> String {
        self.0.push(value);
        format!("${}", self.0.len() + 1)
    }
}

/// Which rows of the index a scan reads.
fn scan(backend: Backend, narrowing: &Narrowing, n: usize, values: &mut Values) -> String {
    let mut any_of = |words: &[String]| {
        let place = values.bind(texts(backend, words.iter().map(String::as_str)));
        one_of(backend, "word", &place)
    };
    match narrowing.terms.get(n) {
        Some(Term::Prefix(word)) => {
            let from = values.bind(word.clone().into());
            let to = values.bind(end_of_prefix(word).into());
            format!("word >= {from} AND word < {to}")
        }
        Some(Term::OneOf(words)) => any_of(words),
        None => any_of(&narrowing.filters[n - narrowing.terms.len()].tokens),
    }
}

/// None for all of them.
fn candidates(backend: Backend, narrowing: &Narrowing) -> (Option<Ids>, Vec<Value>) {
    let sets = sets(narrowing);
    if sets.iter().any(Vec::is_empty) {
        return (None, Vec::new());
    }
    let mut values = Values::default();
    // A scan that several sets share is made once, one that none has never:
    // PostgreSQL refuses a value that no part of a statement uses.
    let materialized = if sets.len() > 1 { "MATERIALIZED " } else { "" };
    let used: BTreeSet<usize> = sets.iter().flatten().copied().collect();
    let with: Vec<String> = used
        .into_iter()
        .map(|n| {
            format!(
                "s{n} AS {materialized}(SELECT product_id FROM search_words WHERE tenant_id = $1 AND {})",
                scan(backend, narrowing, n, &mut values)
            )
        })
        .collect();
    let intersect = |set: &Set| {
        let scans: Vec<String> = set
            .iter()
            .map(|n| format!("SELECT product_id FROM s{n}"))
            .collect();
        scans.join(" INTERSECT ")
    };
    let unions: Vec<String> = sets
        .iter()
        .enumerate()
        .map(|(n, set)| format!("SELECT product_id FROM ({}) AS u{n}", intersect(set)))
        .collect();
    let ids = Ids {
        with: format!("WITH {} ", with.join(", ")),
        select: unions.join(" UNION "),
    };
    (Some(ids), values.0)
}
