//! The names of attributes and options that a catalog uses.

use std::collections::BTreeSet;

use database::{Backend, Scoped};
use kernel::Fault;
use sea_orm::FromQueryResult;

#[derive(FromQueryResult)]
struct NameRow {
    name: String,
}

async fn names(db: &Scoped, table: &str, column: &str) -> Result<BTreeSet<String>, Fault> {
    let sql = match db.backend() {
        Backend::Postgres => {
            format!(
                "SELECT DISTINCT jsonb_object_keys({column}) AS name FROM {table} WHERE tenant_id = $1"
            )
        }
        Backend::Sqlite => format!(
            "SELECT DISTINCT j.key AS name FROM {table} CROSS JOIN json_each({column}) j WHERE tenant_id = $1"
        ),
    };
    let rows: Vec<NameRow> = db.all(&sql, []).await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// The names of all attributes of products.
pub async fn attributes(db: &Scoped) -> Result<BTreeSet<String>, Fault> {
    names(db, "products", "attributes").await
}

/// The names of all options of variants.
pub async fn options(db: &Scoped) -> Result<BTreeSet<String>, Fault> {
    names(db, "variants", "options").await
}
