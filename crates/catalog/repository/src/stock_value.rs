//! What the stock is worth.

use database::Scoped;
use database::column::currency;
use kernel::{Currency, Fault};
use sea_orm::FromQueryResult;

#[derive(FromQueryResult)]
struct Row {
    currency: String,
    pieces: i64,
    value: i64,
}

/// In each currency, how many pieces there are, and what they cost at the
/// prices they are sold for; where variants share a pile, at the lowest.
pub async fn by_currency(db: &Scoped) -> Result<Vec<(Currency, i64, i64)>, Fault> {
    let rows: Vec<Row> = db
        .all(
            "SELECT currency, CAST(SUM(on_hand) AS bigint) AS pieces, CAST(SUM(on_hand * price) AS bigint) AS value \
             FROM (SELECT s.id, s.on_hand, v.currency, MIN(v.price) AS price FROM stock_items s \
               JOIN variants v ON v.tenant_id = $1 AND v.stock_item_id = s.id AND v.status <> 'archived' \
               WHERE s.tenant_id = $1 GROUP BY s.id, s.on_hand, v.currency) AS piles \
             GROUP BY currency ORDER BY currency",
            [],
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency("variants.currency", &row.currency)?;
            Ok((currency, row.pieces, row.value))
        })
        .collect()
}
