//! What products are found by: writing their documents.

use std::collections::BTreeSet;

use catalog_model::search::Document;
use catalog_model::search::document::FORMAT;
use catalog_model::search::words::forms;
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, ProductId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::search::{SEPARATOR, one_of, texts};

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
        "SELECT word FROM search_spelling WHERE tenant_id = $1 AND form = word AND {}",
        one_of(backend, "form", "$2")
    );
    let there: Vec<WordRow> = tx
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
struct WordRow {
    word: String,
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
