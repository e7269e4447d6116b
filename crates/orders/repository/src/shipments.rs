//! Shipments of orders.

use database::column::{Stored, to_json, word};
use database::{Scoped, Transaction};
use kernel::{Fault, OrderId, OrderLineId, ShipmentId, Timestamp};
use orders_model::shipment::{LineQuantity, Shipment, Tracking};
use sea_orm::{FromQueryResult, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::table::{Kind, Table};

/// Pieces of a line, as stored.
#[derive(Debug, Serialize, Deserialize)]
struct StoredLine {
    line: Uuid,
    quantity: i64,
}

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    id: Uuid,
    order_id: Uuid,
    status: String,
    lines: Stored<Vec<StoredLine>>,
    carrier: Option<String>,
    tracking_number: Option<String>,
    tracking_url: Option<String>,
    created_at: i64,
    shipped_at: Option<i64>,
    delivered_at: Option<i64>,
    canceled_at: Option<i64>,
}

pub(crate) const TABLE: Table = Table {
    name: "shipments",
    columns: &[
        ("id", Kind::Uuid),
        ("order_id", Kind::Uuid),
        ("status", Kind::Plain),
        ("lines", Kind::Json),
        ("carrier", Kind::Plain),
        ("tracking_number", Kind::Plain),
        ("tracking_url", Kind::Plain),
        ("created_at", Kind::Plain),
        ("shipped_at", Kind::Plain),
        ("delivered_at", Kind::Plain),
        ("canceled_at", Kind::Plain),
    ],
};

pub(crate) fn read(row: Row) -> Result<Shipment, Fault> {
    let at = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    Ok(Shipment {
        id: ShipmentId::from_uuid(row.id),
        order: OrderId::from_uuid(row.order_id),
        status: word("shipments.status", &row.status)?,
        lines: row
            .lines
            .0
            .into_iter()
            .map(|entry| LineQuantity {
                line: OrderLineId::from_uuid(entry.line),
                quantity: entry.quantity,
            })
            .collect(),
        tracking: Tracking {
            carrier: row.carrier,
            number: row.tracking_number,
            url: row.tracking_url,
        },
        created_at: Timestamp::from_micros(row.created_at),
        shipped_at: at(row.shipped_at),
        delivered_at: at(row.delivered_at),
        canceled_at: at(row.canceled_at),
    })
}

/// The shipments of an order, oldest first.
pub async fn of(db: &Scoped, order: OrderId) -> Result<Vec<Shipment>, Fault> {
    let sql = format!(
        "{} AND order_id = $2 ORDER BY created_at, id",
        TABLE.select()
    );
    let rows: Vec<Row> = db.all(&sql, [order.uuid().into()]).await?;
    rows.into_iter().map(read).collect()
}

/// One shipment.
pub async fn find(db: &Scoped, id: ShipmentId) -> Result<Option<Shipment>, Fault> {
    let sql = format!("{} AND id = $2", TABLE.select());
    let row: Option<Row> = db.one(&sql, [id.uuid().into()]).await?;
    row.map(read).transpose()
}

#[derive(FromQueryResult)]
struct OrderRow {
    order_id: Uuid,
}

/// The order of a shipment, which is locked before the shipment is read.
pub async fn order_of(tx: &Transaction, id: ShipmentId) -> Result<Option<OrderId>, Fault> {
    let row: Option<OrderRow> = tx
        .one(
            "SELECT order_id FROM shipments WHERE tenant_id = $1 AND id = $2",
            [id.uuid().into()],
        )
        .await?;
    Ok(row.map(|row| OrderId::from_uuid(row.order_id)))
}

/// The write that adds a shipment, for a batch.
pub fn insert(shipment: &Shipment) -> (&'static str, Vec<Value>) {
    let status: &'static str = shipment.status.into();
    let lines: Vec<StoredLine> = shipment
        .lines
        .iter()
        .map(|entry| StoredLine {
            line: entry.line.uuid(),
            quantity: entry.quantity,
        })
        .collect();
    (
        "INSERT INTO shipments (tenant_id, id, order_id, status, lines, carrier, tracking_number, tracking_url, \
           created_at, shipped_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        vec![
            shipment.id.uuid().into(),
            shipment.order.uuid().into(),
            status.into(),
            to_json(&lines).into(),
            shipment.tracking.carrier.clone().into(),
            shipment.tracking.number.clone().into(),
            shipment.tracking.url.clone().into(),
            shipment.created_at.micros().into(),
            shipment.shipped_at.map(Timestamp::micros).into(),
        ],
    )
}

/// The write of everything about a shipment that can change, for a batch. Its
/// order must be locked.
pub fn update(shipment: &Shipment) -> (&'static str, Vec<Value>) {
    let status: &'static str = shipment.status.into();
    let at = |instant: Option<Timestamp>| instant.map(Timestamp::micros);
    (
        "UPDATE shipments SET status = $2, carrier = $3, tracking_number = $4, tracking_url = $5, shipped_at = $6, \
           delivered_at = $7, canceled_at = $8 WHERE tenant_id = $1 AND id = $9",
        vec![
            status.into(),
            shipment.tracking.carrier.clone().into(),
            shipment.tracking.number.clone().into(),
            shipment.tracking.url.clone().into(),
            at(shipment.shipped_at).into(),
            at(shipment.delivered_at).into(),
            at(shipment.canceled_at).into(),
            shipment.id.uuid().into(),
        ],
    )
}
