//! What products are called.

use std::fmt::Write as _;

use database::Scoped;
use kernel::{Fault, ProductId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
}

/// The names of some products; there are few.
pub async fn of(db: &Scoped, products: &[ProductId]) -> Result<Vec<(ProductId, String)>, Fault> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = "SELECT id, name FROM products WHERE tenant_id = $1 AND id IN (".to_owned();
    for n in 0..products.len() {
        let comma = if n == 0 { "" } else { ", " };
        let _ = write!(sql, "{comma}${}", n + 2);
    }
    sql.push(')');
    let values: Vec<Value> = products.iter().map(|id| id.uuid().into()).collect();
    let rows: Vec<Row> = db.all(&sql, values).await?;
    Ok(rows
        .into_iter()
        .map(|row| (ProductId::from_uuid(row.id), row.name))
        .collect())
}
