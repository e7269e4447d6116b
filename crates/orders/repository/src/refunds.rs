//! Money that goes back.

use std::sync::LazyLock;

use database::Scoped;
use database::column::{Stored, currency, to_json, word};
use kernel::{Fault, Money, OrderId, PaymentId, RefundId, Timestamp};
use orders_model::refund::{Refund, Restock};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::table::{Kind, Table};

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    id: Uuid,
    order_id: Uuid,
    payment_id: Uuid,
    status: String,
    amount: i64,
    currency: String,
    reason: String,
    restock: Stored<Vec<Restock>>,
    external_id: Option<String>,
    failure: Option<String>,
    checked_at: i64,
    created_at: i64,
    updated_at: i64,
}

pub(crate) const TABLE: Table = Table {
    name: "refunds",
    columns: &[
        ("id", Kind::Uuid),
        ("order_id", Kind::Uuid),
        ("payment_id", Kind::Uuid),
        ("status", Kind::Plain),
        ("amount", Kind::Plain),
        ("currency", Kind::Plain),
        ("reason", Kind::Plain),
        ("restock", Kind::Json),
        ("external_id", Kind::Plain),
        ("failure", Kind::Plain),
        ("checked_at", Kind::Plain),
        ("created_at", Kind::Plain),
        ("updated_at", Kind::Plain),
    ],
};

static SELECT: LazyLock<String> = LazyLock::new(|| TABLE.select());

pub(crate) fn read(row: Row) -> Result<Refund, Fault> {
    Ok(Refund {
        id: RefundId::from_uuid(row.id),
        order: OrderId::from_uuid(row.order_id),
        payment: PaymentId::from_uuid(row.payment_id),
        status: word("refunds.status", &row.status)?,
        amount: Money::new(row.amount, currency("refunds.currency", &row.currency)?),
        reason: row.reason,
        restock: row.restock.0,
        external: row.external_id,
        failure: row.failure,
        checked_at: Timestamp::from_micros(row.checked_at),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// One refund.
pub async fn find(db: &Scoped, id: RefundId) -> Result<Option<Refund>, Fault> {
    let row: Option<Row> = db
        .one(&format!("{} AND id = $2", *SELECT), [id.uuid().into()])
        .await?;
    row.map(read).transpose()
}

/// The refunds of an order, oldest first.
pub async fn of(db: &Scoped, order: OrderId) -> Result<Vec<Refund>, Fault> {
    let rows: Vec<Row> = db
        .all(
            &format!("{} AND order_id = $2 ORDER BY created_at, id", *SELECT),
            [order.uuid().into()],
        )
        .await?;
    rows.into_iter().map(read).collect()
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Refunds the gateway was last asked about before; those after one, by id.
pub async fn pending(
    db: &Scoped,
    before: Timestamp,
    after: Option<RefundId>,
    limit: i64,
) -> Result<Vec<RefundId>, Fault> {
    let after = after.map_or_else(Uuid::nil, kernel::Id::uuid);
    let rows: Vec<IdRow> = db
        .all(
            "SELECT id FROM refunds WHERE tenant_id = $1 AND status = 'pending' AND checked_at <= $2 \
               AND id > $3 ORDER BY id LIMIT $4",
            [before.micros().into(), after.into(), limit.into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| RefundId::from_uuid(row.id))
        .collect())
}

/// The write that adds a refund, for a batch.
pub fn insert(refund: &Refund) -> (&'static str, Vec<Value>) {
    let status: &'static str = refund.status.into();
    (
        "INSERT INTO refunds (tenant_id, id, order_id, payment_id, status, amount, currency, reason, restock, \
           external_id, checked_at, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        vec![
            refund.id.uuid().into(),
            refund.order.uuid().into(),
            refund.payment.uuid().into(),
            status.into(),
            refund.amount.minor.into(),
            refund.amount.currency.code().into(),
            refund.reason.clone().into(),
            to_json(&refund.restock).into(),
            refund.external.clone().into(),
            refund.checked_at.micros().into(),
            refund.created_at.micros().into(),
            refund.updated_at.micros().into(),
        ],
    )
}

/// The write of everything about a refund that can change, for a batch. Its
/// order must be locked.
pub fn update(refund: &Refund) -> (&'static str, Vec<Value>) {
    let status: &'static str = refund.status.into();
    (
        "UPDATE refunds SET status = $2, external_id = $3, failure = $4, checked_at = $5, updated_at = $6 \
         WHERE tenant_id = $1 AND id = $7",
        vec![
            status.into(),
            refund.external.clone().into(),
            refund.failure.clone().into(),
            refund.checked_at.micros().into(),
            refund.updated_at.micros().into(),
            refund.id.uuid().into(),
        ],
    )
}
