//! What happened to orders.

use database::Scoped;
use kernel::{Actor, Fault, OrderId, Timestamp};
use orders_model::order::HistoryEntry;
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::detail::{Columns, Kind};

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    kind: String,
    note: Option<String>,
    actor: String,
    created_at: i64,
}

pub(crate) const COLUMNS: Columns = &[
    ("kind", Kind::Plain),
    ("note", Kind::Plain),
    ("actor", Kind::Plain),
    ("created_at", Kind::Plain),
];

/// The write that notes something, for a batch.
pub fn note(
    order: OrderId,
    kind: &str,
    note: Option<String>,
    actor: Actor,
    now: Timestamp,
) -> (&'static str, Vec<Value>) {
    (
        "INSERT INTO order_history (tenant_id, id, order_id, kind, note, actor, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        vec![
            kernel::random::uuid_v7(now).into(),
            order.uuid().into(),
            kind.into(),
            note.into(),
            actor.label().into(),
            now.micros().into(),
        ],
    )
}

/// What happened to an order, oldest first.
pub async fn of(db: &Scoped, order: OrderId) -> Result<Vec<HistoryEntry>, Fault> {
    let rows: Vec<Row> = db
        .all(
            "SELECT kind, note, actor, created_at FROM order_history \
             WHERE tenant_id = $1 AND order_id = $2 ORDER BY created_at, id",
            [Uuid::into(order.uuid())],
        )
        .await?;
    Ok(rows.into_iter().map(read).collect())
}

pub(crate) fn read(row: Row) -> HistoryEntry {
    HistoryEntry {
        kind: row.kind,
        note: row.note,
        actor: row.actor,
        at: Timestamp::from_micros(row.created_at),
    }
}
