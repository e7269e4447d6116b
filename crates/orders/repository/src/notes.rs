//! What people write about orders.

use database::Transaction;
use database::column::word;
use kernel::{Fault, OrderId, OrderNoteId, Timestamp};
use orders_model::note::OrderNote;
use sea_orm::FromQueryResult;
use serde::Deserialize;
use uuid::Uuid;

use crate::table::{Kind, Table};

/// How many notes an order has at most.
pub const MAX_NOTES: i64 = 500;

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    id: Uuid,
    audience: String,
    body: String,
    actor: String,
    created_at: i64,
}

pub(crate) const TABLE: Table = Table {
    name: "order_notes",
    columns: &[
        ("id", Kind::Uuid),
        ("audience", Kind::Plain),
        ("body", Kind::Plain),
        ("actor", Kind::Plain),
        ("created_at", Kind::Plain),
    ],
};

pub(crate) fn read(row: Row) -> Result<OrderNote, Fault> {
    Ok(OrderNote {
        id: OrderNoteId::from_uuid(row.id),
        audience: word("order_notes.audience", &row.audience)?,
        body: row.body,
        actor: row.actor,
        at: Timestamp::from_micros(row.created_at),
    })
}

/// Adds a note to an order that is locked. False when it has as many as it
/// may have.
pub async fn insert(tx: &Transaction, order: OrderId, note: &OrderNote) -> Result<bool, Fault> {
    let audience: &'static str = note.audience.into();
    let added = tx
        .run(
            "INSERT INTO order_notes (tenant_id, id, order_id, audience, body, actor, created_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7 \
             WHERE (SELECT count(*) FROM order_notes WHERE tenant_id = $1 AND order_id = $3) < $8",
            [
                note.id.uuid().into(),
                order.uuid().into(),
                audience.into(),
                note.body.clone().into(),
                note.actor.clone().into(),
                note.at.micros().into(),
                MAX_NOTES.into(),
            ],
        )
        .await?;
    Ok(added == 1)
}
