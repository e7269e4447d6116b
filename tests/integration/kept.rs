//! Looking for what must not be in the database.

use sea_orm::QueryResult;
use serde_json::Value;
use testkit::App;

/// Every row that a tenant has in these tables, as text.
pub async fn rows(app: &App, tenant: &str, tables: &[&str]) -> Vec<String> {
    let scope = app.scope(tenant);
    let mut all = Vec::new();
    for table in tables {
        let db = app.sutler.database.read(&scope).await.expect("a read");
        let sql = format!("SELECT * FROM {table} WHERE tenant_id = $1");
        let rows = db.rows(&sql, []).await.expect("rows");
        all.extend(rows.iter().map(|row| format!("{table}: {}", cells(row))));
    }
    all
}

/// Whether a secret is in any of the rows; they have to be some.
pub fn has(rows: &[String], secret: &str) -> bool {
    assert!(!rows.is_empty(), "nothing was looked at");
    let bytes = format!("{:?}", secret.as_bytes());
    let bytes = bytes.trim_matches(['[', ']']);
    rows.iter()
        .any(|row| row.contains(secret) || row.contains(bytes))
}

/// The cells of a row: text as it is, bytes as numbers.
fn cells(row: &QueryResult) -> String {
    let names = row.column_names();
    let texts = names.iter().filter_map(|name| {
        let name = name.as_str();
        if let Ok(Some(text)) = row.try_get::<Option<String>>("", name) {
            return Some(text);
        }
        if let Ok(Some(json)) = row.try_get::<Option<Value>>("", name) {
            return Some(json.to_string());
        }
        let bytes = row.try_get::<Option<Vec<u8>>>("", name).ok()??;
        Some(format!("{bytes:?}"))
    });
    texts.collect::<Vec<_>>().join(" | ")
}
