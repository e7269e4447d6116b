//! Comparing piles with their reservations.

use catalog_model::stock_sync::SyncReport;
use database::column::{json, to_json};
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, OrderId, StockItemId};
use sea_orm::prelude::Json;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct CountRow {
    count: i64,
}

#[derive(FromQueryResult)]
struct ReportRow {
    report: Json,
}

#[derive(FromQueryResult)]
struct HeldRow {
    stock_item_id: Uuid,
    held: i64,
    owed: i64,
}

/// What the reservations of a pile add up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// How many are promised.
    pub quantity: i64,
    /// How many of them are not there.
    pub owed: i64,
}

/// A reservation of an order that is not paid yet.
#[derive(Debug, Clone, Copy, FromQueryResult)]
struct UnpaidRow {
    order_id: Uuid,
    quantity: i64,
    owed: i64,
}

/// How many piles there are.
pub async fn count(db: &Scoped) -> Result<i64, Fault> {
    let row: Option<CountRow> = db
        .one(
            "SELECT count(*) AS count FROM stock_items WHERE tenant_id = $1",
            [],
        )
        .await?;
    Ok(row.map_or(0, |row| row.count))
}

/// Piles that differ from their reservations, after one, in order. There are
/// none unless somebody wrote to the database by hand.
pub async fn differing(
    db: &Scoped,
    after: Option<StockItemId>,
    limit: i64,
) -> Result<Vec<StockItemId>, Fault> {
    let rows: Vec<IdRow> = db
        .all(
            "SELECT i.id FROM stock_items i \
             LEFT JOIN (SELECT stock_item_id, sum(quantity) AS held, sum(owed) AS owed FROM stock_reservations \
               WHERE tenant_id = $1 GROUP BY stock_item_id) r ON r.stock_item_id = i.id \
             WHERE i.tenant_id = $1 AND ($2 IS NULL OR i.id > $2) \
               AND (i.reserved <> COALESCE(r.held, 0) OR i.owed <> COALESCE(r.owed, 0)) \
             ORDER BY i.id LIMIT $3",
            [after.map(StockItemId::uuid).into(), limit.into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| StockItemId::from_uuid(row.id))
        .collect())
}

/// What the reservations of piles add up to. The piles are locked: whoever
/// adds or takes reservations of them holds or waits for that lock, so that
/// nothing changes between this and the change that follows from it.
pub async fn held(
    tx: &Transaction,
    items: &[StockItemId],
) -> Result<Vec<(StockItemId, Held)>, Fault> {
    let places: Vec<String> = (0..items.len()).map(|n| format!("${}", n + 2)).collect();
    let sql = format!(
        "SELECT stock_item_id, CAST(sum(quantity) AS bigint) AS held, CAST(sum(owed) AS bigint) AS owed \
         FROM stock_reservations WHERE tenant_id = $1 AND stock_item_id IN ({}) GROUP BY stock_item_id",
        places.join(", ")
    );
    let values: Vec<Value> = items.iter().map(|id| id.uuid().into()).collect();
    let rows: Vec<HeldRow> = tx.all(&sql, values).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            (
                StockItemId::from_uuid(row.stock_item_id),
                Held {
                    quantity: row.held,
                    owed: row.owed,
                },
            )
        })
        .collect())
}

/// Notes of the newest reservations of a pile that pieces of them are not
/// there, up to so many pieces; how many were noted. Reservations that are
/// just being taken are passed over: who takes them waits for the pile.
pub async fn owe(tx: &Transaction, item: StockItemId, pieces: i64) -> Result<i64, Fault> {
    let lock = match tx.backend() {
        Backend::Postgres => " FOR UPDATE SKIP LOCKED",
        Backend::Sqlite => "",
    };
    let sql = format!(
        "SELECT order_id, quantity, owed FROM stock_reservations \
         WHERE tenant_id = $1 AND stock_item_id = $2 AND NOT sold AND owed < quantity \
         ORDER BY expires_at DESC, order_id DESC{lock}"
    );
    let rows: Vec<UnpaidRow> = tx.all(&sql, [item.uuid().into()]).await?;
    let mut left = pieces;
    for row in rows {
        let more = left.min(row.quantity - row.owed);
        if more < 1 {
            break;
        }
        tx.run(
            "UPDATE stock_reservations SET owed = owed + $2 WHERE tenant_id = $1 AND stock_item_id = $3 AND order_id = $4",
            [
                more.into(),
                item.uuid().into(),
                OrderId::from_uuid(row.order_id).uuid().into(),
            ],
        )
        .await?;
        left -= more;
    }
    Ok(pieces - left)
}

/// Keeps the report of a run, instead of the one before.
pub async fn keep(tx: &Transaction, report: &SyncReport) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO stock_syncs (tenant_id, report, finished_at) VALUES ($1, $2, $3) \
         ON CONFLICT (tenant_id) DO UPDATE SET report = excluded.report, finished_at = excluded.finished_at \
           WHERE stock_syncs.finished_at <= excluded.finished_at",
        [to_json(report).into(), report.finished_at.micros().into()],
    )
    .await
    .map(|_| ())
}

/// The report of the last run.
pub async fn last(db: &Scoped) -> Result<Option<SyncReport>, Fault> {
    let row: Option<ReportRow> = db
        .one("SELECT report FROM stock_syncs WHERE tenant_id = $1", [])
        .await?;
    row.map(|row| json("stock_syncs.report", row.report))
        .transpose()
}
