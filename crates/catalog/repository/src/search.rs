//! What products are found by: an inverted index in a table, the cards of
//! products, and the spelling of words.
//!
//! The same tables and statements serve both databases. On PostgreSQL the
//! operators of full-text indexes are not leakproof, so row-level security
//! keeps them from being used; comparisons of texts are.

use std::collections::BTreeSet;

use catalog_model::search::document::FORMAT;
use catalog_model::search::words::end_of_prefix;
use catalog_model::search::{Document, Term};
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, ProductId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// How many products are looked at, at most, to answer one question.
pub const MAX_CANDIDATES: usize = 200_000;
/// Between texts in one parameter. Neither words nor tokens have control
/// characters.
const SEPARATOR: char = '\u{1f}';

/// Texts as one parameter, so that a statement is the same however many there
/// are.
fn texts<'a>(backend: Backend, all: impl IntoIterator<Item = &'a str>) -> Value {
    let all: Vec<&str> = all.into_iter().collect();
    match backend {
        Backend::Postgres => all.join(&SEPARATOR.to_string()).into(),
        Backend::Sqlite => serde_json::json!(all).to_string().into(),
    }
}

/// That a column is one of the texts of a parameter.
fn one_of(backend: Backend, column: &str, place: &str) -> String {
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
struct CardsRow {
    cards: Option<Vec<u8>>,
}

/// The cards of products, in one statement; in one row of bytes or in several.
pub async fn cards(db: &Scoped, narrowing: &Narrowing) -> Result<Vec<Vec<u8>>, Fault> {
    let backend = db.backend();
    let (ids, values) = candidates(backend, narrowing);
    let cards = match backend {
        // Rows cost more than their bytes.
        Backend::Postgres => "string_agg(card, ''::bytea)",
        Backend::Sqlite => "card",
    };
    let sql = match (ids, backend) {
        (None, _) => format!(
            "SELECT {cards} AS cards FROM (SELECT card FROM search_products WHERE tenant_id = $1 \
             ORDER BY product_id DESC LIMIT {MAX_CANDIDATES}) AS newest"
        ),
        // As an array the ids lead to an index, however many the planner
        // expects.
        (Some(Ids { with, select }), Backend::Postgres) => format!(
            "{with}SELECT {cards} AS cards FROM search_products WHERE tenant_id = $1 \
             AND product_id = ANY (ARRAY({select} LIMIT {MAX_CANDIDATES}))"
        ),
        (Some(Ids { with, select }), Backend::Sqlite) => format!(
            "{with}SELECT {cards} AS cards FROM search_products WHERE tenant_id = $1 \
             AND product_id IN ({select} LIMIT {MAX_CANDIDATES})"
        ),
    };
    let rows: Vec<CardsRow> = db.all(&sql, values).await?;
    Ok(rows.into_iter().filter_map(|row| row.cards).collect())
}

/// Which products may match: what comes before the statement, and the
/// statement.
struct Ids {
    with: String,
    select: String,
}

/// None for all of them.
fn candidates(backend: Backend, narrowing: &Narrowing) -> (Option<Ids>, Vec<Value>) {
    let mut values: Vec<Value> = Vec::new();
    let mut scans: Vec<String> = Vec::new();
    let mut bind = |value: Value| {
        values.push(value);
        format!("${}", values.len() + 1)
    };
    let lists = narrowing.filters.iter().map(|filter| &filter.tokens);
    for term in &narrowing.terms {
        scans.push(match term {
            Term::Prefix(word) => {
                let (from, to) = (bind(word.clone().into()), bind(end_of_prefix(word).into()));
                format!("word >= {from} AND word < {to}")
            }
            Term::OneOf(words) => {
                let place = bind(texts(backend, words.iter().map(String::as_str)));
                one_of(backend, "word", &place)
            }
        });
    }
    for tokens in lists {
        let place = bind(texts(backend, tokens.iter().map(String::as_str)));
        scans.push(one_of(backend, "word", &place));
    }
    let terms = narrowing.terms.len();
    let counted: Vec<usize> = (0..narrowing.filters.len())
        .filter(|&n| narrowing.filters[n].counted)
        .map(|n| terms + n)
        .collect();
    let all_but = |left_out: Option<usize>| -> Vec<usize> {
        (0..scans.len()).filter(|&n| Some(n) != left_out).collect()
    };
    // Products that fail no filter are in each of the sets.
    let sets: Vec<Vec<usize>> = if counted.is_empty() {
        vec![all_but(None)]
    } else {
        counted.iter().map(|&n| all_but(Some(n))).collect()
    };
    if sets.iter().any(Vec::is_empty) {
        return (None, Vec::new());
    }
    // A scan that several sets share is made once.
    let materialized = if sets.len() > 1 { "MATERIALIZED " } else { "" };
    let used = |n: &usize| sets.iter().any(|set| set.contains(n));
    let with: Vec<String> = (0..scans.len())
        .filter(used)
        .map(|n| {
            format!(
                "s{n} AS {materialized}(SELECT product_id FROM search_words WHERE tenant_id = $1 AND {})",
                scans[n]
            )
        })
        .collect();
    let intersect = |set: &Vec<usize>| {
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
    (Some(ids), values)
}

#[derive(FromQueryResult)]
struct LockedRow {
    product_id: Uuid,
    words: String,
}

/// Makes sure that products have documents, and locks these until the
/// transaction ends; what is in them, in order of the products.
pub async fn lock(
    tx: &Transaction,
    products: &BTreeSet<ProductId>,
) -> Result<Vec<(ProductId, BTreeSet<String>)>, Fault> {
    let ids = || products.iter().map(|id| Value::from(id.uuid()));
    let places = |first: usize| (first..first + products.len()).map(|n| format!("${n}"));
    let rows: Vec<String> = places(2)
        .map(|id| format!("($1, {id}, 0, '', '')"))
        .collect();
    let empty = match tx.backend() {
        Backend::Postgres => rows.join(", "),
        Backend::Sqlite => rows.join(", ").replace("0, ''", "0, x''"),
    };
    tx.run(
        &format!(
            "INSERT INTO search_products (tenant_id, product_id, format, card, words) VALUES {empty} \
             ON CONFLICT (tenant_id, product_id) DO NOTHING"
        ),
        ids(),
    )
    .await?;
    let lock = match tx.backend() {
        Backend::Postgres => " FOR UPDATE",
        Backend::Sqlite => "",
    };
    let places: Vec<String> = places(2).collect();
    let rows: Vec<LockedRow> = tx
        .all(
            &format!(
                "SELECT product_id, words FROM search_products WHERE tenant_id = $1 AND product_id IN ({}) \
                 ORDER BY product_id{lock}",
                places.join(", ")
            ),
            ids(),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let words = row.words.split(SEPARATOR).filter(|word| !word.is_empty());
            (
                ProductId::from_uuid(row.product_id),
                words.map(str::to_owned).collect(),
            )
        })
        .collect())
}

fn joined(words: &BTreeSet<String>) -> String {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.join(&SEPARATOR.to_string())
}

/// Writes a document whose row is locked, and only the words that differ from
/// those it had.
pub async fn write(
    tx: &Transaction,
    document: &Document,
    before: &BTreeSet<String>,
) -> Result<(), Fault> {
    let id = document.product.uuid();
    tx.run(
        "UPDATE search_products SET format = $2, card = $3, words = $4 WHERE tenant_id = $1 AND product_id = $5",
        [
            FORMAT.into(),
            document.card.clone().into(),
            joined(&document.words).into(),
            id.into(),
        ],
    )
    .await?;
    let gone: Vec<&str> = before
        .difference(&document.words)
        .map(String::as_str)
        .collect();
    if !gone.is_empty() {
        let backend = tx.backend();
        let sql = format!(
            "DELETE FROM search_words WHERE tenant_id = $1 AND product_id = $2 AND {}",
            one_of(backend, "word", "$3")
        );
        tx.run(&sql, [id.into(), texts(backend, gone)]).await?;
    }
    let new: Vec<(ProductId, &str)> = document
        .words
        .difference(before)
        .map(|word| (document.product, word.as_str()))
        .collect();
    insert_words(tx, &new).await?;
    let fresh = document.spelling.difference(before);
    insert_spelling(tx, &fresh.map(String::as_str).collect()).await
}

/// Adds the documents of products that have none, and that nobody else knows.
pub async fn insert(tx: &Transaction, documents: &[Document]) -> Result<(), Fault> {
    if documents.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Value> = vec![FORMAT.into()];
    let mut rows = Vec::with_capacity(documents.len());
    for document in documents {
        let first = values.len() + 2;
        rows.push(format!(
            "($1, ${first}, $2, ${}, ${})",
            first + 1,
            first + 2
        ));
        values.extend([
            document.product.uuid().into(),
            document.card.clone().into(),
            joined(&document.words).into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO search_products (tenant_id, product_id, format, card, words) VALUES {}",
        rows.join(", ")
    );
    tx.run(&sql, values).await?;
    let mut words: Vec<(ProductId, &str)> = documents
        .iter()
        .flat_map(|of| of.words.iter().map(|word| (of.product, word.as_str())))
        .collect();
    words.sort_unstable_by_key(|&(product, word)| (word, product));
    insert_words(tx, &words).await?;
    let spelling = documents.iter().flat_map(|document| &document.spelling);
    insert_spelling(tx, &spelling.map(String::as_str).collect()).await
}

async fn insert_words(tx: &Transaction, words: &[(ProductId, &str)]) -> Result<(), Fault> {
    if words.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = words
        .iter()
        .map(|(product, _)| product.uuid().simple().to_string())
        .collect();
    insert_pairs(
        tx,
        "INSERT INTO search_words (tenant_id, word, product_id)",
        words
            .iter()
            .map(|&(_, word)| word)
            .zip(ids.iter().map(String::as_str)),
        true,
    )
    .await
}

/// Adds words that misspelt ones are corrected to, with all their forms. They
/// are added in order, so that two transactions with the same new words wait
/// for each other and not in a circle.
async fn insert_spelling(tx: &Transaction, words: &BTreeSet<&str>) -> Result<(), Fault> {
    use catalog_model::search::words::forms;

    let backend = tx.backend();
    let mut fresh: BTreeSet<&str> = words
        .iter()
        .copied()
        .filter(|word| !forms(word).is_empty())
        .collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "SELECT 0 AS place, word FROM search_spelling WHERE tenant_id = $1 AND form = word AND {}",
        one_of(backend, "form", "$2")
    );
    let there: Vec<KnownRow> = tx
        .all(&sql, [texts(backend, fresh.iter().copied())])
        .await?;
    for row in &there {
        fresh.remove(row.word.as_str());
    }
    let pairs: Vec<(String, &str)> = fresh
        .iter()
        .flat_map(|word| forms(word).into_iter().map(move |form| (form, *word)))
        .collect();
    if pairs.is_empty() {
        return Ok(());
    }
    insert_pairs(
        tx,
        "INSERT INTO search_spelling (tenant_id, form, word)",
        pairs.iter().map(|(form, word)| (form.as_str(), *word)),
        false,
    )
    .await
}

/// Adds rows of two texts, or of a text and an id in hexadecimal.
async fn insert_pairs<'a>(
    tx: &Transaction,
    insert: &str,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    second_is_id: bool,
) -> Result<(), Fault> {
    let backend = tx.backend();
    let (first, second): (Vec<&str>, Vec<&str>) = pairs.unzip();
    let select = match (backend, second_is_id) {
        (Backend::Postgres, id) => format!(
            "SELECT $1, a, b FROM unnest(string_to_array($2, E'\\x1f'), string_to_array($3, E'\\x1f'){}) AS t(a, b)",
            if id { "::uuid[]" } else { "" }
        ),
        (Backend::Sqlite, id) => format!(
            "SELECT $1, a.value, {} FROM json_each($2) a JOIN json_each($3) b ON b.key = a.key WHERE true",
            if id { "unhex(b.value)" } else { "b.value" }
        ),
    };
    let sql = format!("{insert} {select} ON CONFLICT DO NOTHING");
    tx.run(&sql, [texts(backend, first), texts(backend, second)])
        .await
        .map(|_| ())
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Products without a document, or with one of another form.
pub async fn missing(db: &Scoped, limit: u32) -> Result<BTreeSet<ProductId>, Fault> {
    let rows: Vec<IdRow> = db
        .all(
            "SELECT p.id FROM products p \
             LEFT JOIN search_products s ON s.tenant_id = $1 AND s.product_id = p.id \
             WHERE p.tenant_id = $1 AND (s.format IS NULL OR s.format <> $2) ORDER BY p.id LIMIT $3",
            [FORMAT.into(), i64::from(limit).into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| ProductId::from_uuid(row.id))
        .collect())
}
