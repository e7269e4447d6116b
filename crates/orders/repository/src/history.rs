//! What happened to orders.

use std::sync::LazyLock;

use database::Scoped;
use kernel::{Actor, Fault, OrderId, Timestamp};
use orders_model::order::HistoryEntry;
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;

use crate::table::{Kind, Table};

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    kind: String,
    note: Option<String>,
    actor: String,
    created_at: i64,
}

pub(crate) const TABLE: Table = Table {
    name: "order_history",
    columns: &[
        ("kind", Kind::Plain),
        ("note", Kind::Plain),
        ("actor", Kind::Plain),
        ("created_at", Kind::Plain),
    ],
};

static OF: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} AND order_id = $2 ORDER BY created_at, id",
        TABLE.select()
    )
});

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
    let rows: Vec<Row> = db.all(&OF, [order.uuid().into()]).await?;
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
