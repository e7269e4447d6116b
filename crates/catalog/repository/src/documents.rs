//! What products are found by: writing their documents.

use std::collections::{BTreeMap, BTreeSet};

use catalog_model::search::Document;
use catalog_model::search::document::{FORMAT, SEPARATOR};
use catalog_model::search::words::forms;
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, ImportId, ProductId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::search::{one_of, texts};

#[derive(FromQueryResult)]
struct LockedRow {
    product_id: Uuid,
    words: String,
}

/// Makes sure that products have documents, and locks these until the
/// transaction ends; their words.
pub async fn lock(
    tx: &Transaction,
    products: &BTreeSet<ProductId>,
) -> Result<BTreeMap<ProductId, BTreeSet<String>>, Fault> {
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

/// A document to write, and the words the one before had.
#[derive(Debug)]
pub struct Rewrite {
    /// The document.
    pub document: Document,
    /// Of the one before; none where there is none yet.
    pub before: BTreeSet<String>,
}

/// Writes documents, and only the words that differ from those they had: a
/// fixed number of statements, however many they are. Rows that are there have
/// to be locked, see [`lock`].
pub async fn write(tx: &Transaction, rewrites: &[Rewrite]) -> Result<(), Fault> {
    if rewrites.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Value> = vec![FORMAT.into()];
    let mut rows = Vec::with_capacity(rewrites.len());
    for Rewrite { document, .. } in rewrites {
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
        "INSERT INTO search_products (tenant_id, product_id, format, card, words) VALUES {} \
         ON CONFLICT (tenant_id, product_id) DO UPDATE \
         SET format = excluded.format, card = excluded.card, words = excluded.words",
        rows.join(", ")
    );
    tx.run(&sql, values).await?;
    let mut gone: Vec<(&str, ProductId)> = Vec::new();
    let mut new: Vec<(&str, ProductId)> = Vec::new();
    let mut spelling: BTreeSet<&str> = BTreeSet::new();
    for Rewrite { document, before } in rewrites {
        let of = |word| (String::as_str(word), document.product);
        gone.extend(before.difference(&document.words).map(of));
        new.extend(document.words.difference(before).map(of));
        // Also what it had already: as a word of its description, say, to which
        // nothing is corrected.
        spelling.extend(document.spelling.iter().map(String::as_str));
    }
    gone.sort_unstable();
    new.sort_unstable();
    change_words(tx, &gone, |pairs| {
        format!("DELETE FROM search_words WHERE tenant_id = $1 AND (word, product_id) IN (SELECT a, b FROM {pairs})")
    })
    .await?;
    change_words(tx, &new, |pairs| {
        format!(
            "INSERT INTO search_words (tenant_id, word, product_id) SELECT $1, a, b FROM {pairs} WHERE true \
             ON CONFLICT DO NOTHING"
        )
    })
    .await?;
    insert_spelling(tx, &spelling).await
}

/// Runs a statement over words and their products, if there are any.
async fn change_words(
    tx: &Transaction,
    words: &[(&str, ProductId)],
    sql: impl Fn(&str) -> String,
) -> Result<(), Fault> {
    if words.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = words
        .iter()
        .map(|(_, product)| product.uuid().simple().to_string())
        .collect();
    let named = words.iter().zip(&ids);
    let named: Vec<(&str, &str)> = named.map(|(&(word, _), id)| (word, id.as_str())).collect();
    let (pairs, values) = pairs(tx.backend(), &named, true);
    tx.run(&sql(&pairs), values).await?;
    Ok(())
}

/// Pairs of texts as rows `(a, b)` of `t`, and the parameters from `$2` on that
/// hold them; the second text may be an id in hexadecimal.
fn pairs(backend: Backend, pairs: &[(&str, &str)], second_is_id: bool) -> (String, Vec<Value>) {
    match backend {
        Backend::Postgres => {
            let to_id = if second_is_id { "::uuid[]" } else { "" };
            (
                format!(
                    "unnest(string_to_array($2, E'\\x1f'), string_to_array($3, E'\\x1f'){to_id}) AS t(a, b)"
                ),
                vec![
                    texts(backend, pairs.iter().map(|&(first, _)| first)),
                    texts(backend, pairs.iter().map(|&(_, second)| second)),
                ],
            )
        }
        // One list of pairs: a join of two lists looks through the second one
        // for each text of the first.
        Backend::Sqlite => {
            let second = "json_extract(value, '$[1]')";
            let second = if second_is_id {
                format!("unhex({second})")
            } else {
                second.to_owned()
            };
            (
                format!(
                    "(SELECT json_extract(value, '$[0]') AS a, {second} AS b FROM json_each($2)) t"
                ),
                vec![serde_json::json!(pairs).to_string().into()],
            )
        }
    }
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
    let pairs_of: Vec<(String, &str)> = fresh
        .iter()
        .flat_map(|word| forms(word).into_iter().map(move |form| (form, *word)))
        .collect();
    if pairs_of.is_empty() {
        return Ok(());
    }
    let known: Vec<(&str, &str)> = pairs_of
        .iter()
        .map(|(form, word)| (form.as_str(), *word))
        .collect();
    let (rows, values) = pairs(backend, &known, false);
    let sql = format!(
        "INSERT INTO search_spelling (tenant_id, form, word) SELECT $1, a, b FROM {rows} WHERE true \
         ON CONFLICT DO NOTHING"
    );
    tx.run(&sql, values).await?;
    Ok(())
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

/// Documents of the products of an import, and of bundles that share their
/// stock, are made anew: what they are of is no longer so.
pub async fn outdate(tx: &Transaction, import: ImportId) -> Result<(), Fault> {
    tx.run(
        "UPDATE search_products SET format = 0 WHERE tenant_id = $1 AND product_id IN \
           (SELECT ip.product_id FROM import_products ip WHERE ip.tenant_id = $1 AND ip.import_id = $2 \
            UNION SELECT v.product_id FROM import_products ip \
              JOIN variants c ON c.tenant_id = $1 AND c.product_id = ip.product_id \
              JOIN bundle_components b ON b.tenant_id = $1 AND b.component_id = c.id \
              JOIN variants v ON v.tenant_id = $1 AND v.id = b.bundle_id \
              WHERE ip.tenant_id = $1 AND ip.import_id = $2)",
        [import.uuid().into()],
    )
    .await?;
    Ok(())
}
