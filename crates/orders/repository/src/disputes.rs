//! Payments that buyers dispute.

use database::Scoped;
use database::column::{currency, word};
use kernel::{DisputeId, Fault, Money, OrderId, PaymentId, Timestamp};
use orders_model::dispute::Dispute;
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::table::{Kind, Table};

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    id: Uuid,
    order_id: Uuid,
    payment_id: Uuid,
    external_id: String,
    status: String,
    outcome: String,
    amount: i64,
    currency: String,
    reason: String,
    evidence_due_at: Option<i64>,
    funds_withdrawn: i64,
    opened_at: i64,
    updated_at: i64,
}

pub(crate) const TABLE: Table = Table {
    name: "disputes",
    columns: &[
        ("id", Kind::Uuid),
        ("order_id", Kind::Uuid),
        ("payment_id", Kind::Uuid),
        ("external_id", Kind::Plain),
        ("status", Kind::Plain),
        ("outcome", Kind::Plain),
        ("amount", Kind::Plain),
        ("currency", Kind::Plain),
        ("reason", Kind::Plain),
        ("evidence_due_at", Kind::Plain),
        ("funds_withdrawn", Kind::Plain),
        ("opened_at", Kind::Plain),
        ("updated_at", Kind::Plain),
    ],
};

pub(crate) fn read(row: Row) -> Result<Dispute, Fault> {
    Ok(Dispute {
        id: DisputeId::from_uuid(row.id),
        order: OrderId::from_uuid(row.order_id),
        payment: PaymentId::from_uuid(row.payment_id),
        external: row.external_id,
        status: row.status,
        outcome: word("disputes.outcome", &row.outcome)?,
        amount: Money::new(row.amount, currency("disputes.currency", &row.currency)?),
        reason: row.reason,
        evidence_due_at: row.evidence_due_at.map(Timestamp::from_micros),
        funds_withdrawn: row.funds_withdrawn,
        opened_at: Timestamp::from_micros(row.opened_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// The disputes of an order, oldest first.
pub async fn of(db: &Scoped, order: OrderId) -> Result<Vec<Dispute>, Fault> {
    let sql = format!(
        "{} AND order_id = $2 ORDER BY opened_at, id",
        TABLE.select()
    );
    let rows: Vec<Row> = db.all(&sql, [order.uuid().into()]).await?;
    rows.into_iter().map(read).collect()
}

/// The write that stores a dispute as it is now, for a batch. Its order must
/// be locked.
pub fn store(dispute: &Dispute) -> (&'static str, Vec<Value>) {
    let outcome: &'static str = dispute.outcome.into();
    (
        "INSERT INTO disputes (tenant_id, id, order_id, payment_id, external_id, status, outcome, amount, currency, \
           reason, evidence_due_at, funds_withdrawn, opened_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         ON CONFLICT (tenant_id, payment_id, external_id) DO UPDATE SET status = excluded.status, \
           outcome = excluded.outcome, amount = excluded.amount, reason = excluded.reason, \
           evidence_due_at = excluded.evidence_due_at, funds_withdrawn = excluded.funds_withdrawn, \
           updated_at = excluded.updated_at",
        vec![
            dispute.id.uuid().into(),
            dispute.order.uuid().into(),
            dispute.payment.uuid().into(),
            dispute.external.clone().into(),
            dispute.status.clone().into(),
            outcome.into(),
            dispute.amount.minor.into(),
            dispute.amount.currency.code().into(),
            dispute.reason.clone().into(),
            dispute.evidence_due_at.map(Timestamp::micros).into(),
            dispute.funds_withdrawn.into(),
            dispute.opened_at.micros().into(),
            dispute.updated_at.micros().into(),
        ],
    )
}
