//! Attempts to pay.

use std::sync::LazyLock;

use database::Scoped;
use database::column::{currency, word};
use kernel::{Fault, Money, OrderId, PaymentId, Timestamp};
use orders_model::payment::Payment;
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::table::{Kind, Table};

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    id: Uuid,
    order_id: Uuid,
    gateway: String,
    status: String,
    amount: i64,
    currency: String,
    session_id: Option<String>,
    url: Option<String>,
    intent_id: Option<String>,
    captured: i64,
    tax: i64,
    refunded: i64,
    failure: Option<String>,
    expires_at: i64,
    checked_at: i64,
    created_at: i64,
    updated_at: i64,
}

pub(crate) const TABLE: Table = Table {
    name: "payments",
    columns: &[
        ("id", Kind::Uuid),
        ("order_id", Kind::Uuid),
        ("gateway", Kind::Plain),
        ("status", Kind::Plain),
        ("amount", Kind::Plain),
        ("currency", Kind::Plain),
        ("session_id", Kind::Plain),
        ("url", Kind::Plain),
        ("intent_id", Kind::Plain),
        ("captured", Kind::Plain),
        ("tax", Kind::Plain),
        ("refunded", Kind::Plain),
        ("failure", Kind::Plain),
        ("expires_at", Kind::Plain),
        ("checked_at", Kind::Plain),
        ("created_at", Kind::Plain),
        ("updated_at", Kind::Plain),
    ],
};

static SELECT: LazyLock<String> = LazyLock::new(|| TABLE.select());

pub(crate) fn read(row: Row) -> Result<Payment, Fault> {
    let currency = currency("payments.currency", &row.currency)?;
    let money = |minor| Money::new(minor, currency);
    Ok(Payment {
        id: PaymentId::from_uuid(row.id),
        order: OrderId::from_uuid(row.order_id),
        gateway: row.gateway,
        status: word("payments.status", &row.status)?,
        amount: money(row.amount),
        session: row.session_id,
        url: row.url,
        intent: row.intent_id,
        captured: money(row.captured),
        tax: money(row.tax),
        refunded: money(row.refunded),
        failure: row.failure,
        expires_at: Timestamp::from_micros(row.expires_at),
        checked_at: Timestamp::from_micros(row.checked_at),
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// One attempt.
pub async fn find(db: &Scoped, id: PaymentId) -> Result<Option<Payment>, Fault> {
    one(db, "id = $2", [id.uuid().into()]).await
}

/// The attempt with that session of a gateway.
pub async fn find_by_session(
    db: &Scoped,
    gateway: &str,
    session: &str,
) -> Result<Option<Payment>, Fault> {
    one(
        db,
        "gateway = $2 AND session_id = $3",
        [gateway.into(), session.into()],
    )
    .await
}

/// The attempt with that money of a gateway.
pub async fn find_by_intent(
    db: &Scoped,
    gateway: &str,
    intent: &str,
) -> Result<Option<Payment>, Fault> {
    one(
        db,
        "gateway = $2 AND intent_id = $3",
        [gateway.into(), intent.into()],
    )
    .await
}

async fn one(
    db: &Scoped,
    condition: &str,
    values: impl IntoIterator<Item = Value> + Send,
) -> Result<Option<Payment>, Fault> {
    let row: Option<Row> = db
        .one(&format!("{} AND {condition}", *SELECT), values)
        .await?;
    row.map(read).transpose()
}

/// The attempts to pay an order, oldest first.
pub async fn of(db: &Scoped, order: OrderId) -> Result<Vec<Payment>, Fault> {
    let rows: Vec<Row> = db
        .all(
            &format!("{} AND order_id = $2 ORDER BY created_at, id", *SELECT),
            [order.uuid().into()],
        )
        .await?;
    rows.into_iter().map(read).collect()
}

/// Attempts under way that the gateway was last asked about before; those
/// after one, by id.
pub async fn unsettled(
    db: &Scoped,
    before: Timestamp,
    after: Option<PaymentId>,
    limit: i64,
) -> Result<Vec<Payment>, Fault> {
    let after = after.map_or_else(Uuid::nil, kernel::Id::uuid);
    let rows: Vec<Row> = db
        .all(
            &format!(
                "{} AND status IN ('created', 'open', 'processing') AND checked_at <= $2 \
                 AND id > $3 ORDER BY id LIMIT $4",
                *SELECT
            ),
            [before.micros().into(), after.into(), limit.into()],
        )
        .await?;
    rows.into_iter().map(read).collect()
}

/// The write that adds an attempt, as far as it got, for a batch.
pub fn insert(payment: &Payment) -> (&'static str, Vec<Value>) {
    let status: &'static str = payment.status.into();
    (
        "INSERT INTO payments (tenant_id, id, order_id, gateway, status, amount, currency, session_id, url, intent_id, \
           captured, tax, refunded, failure, expires_at, checked_at, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        vec![
            payment.id.uuid().into(),
            payment.order.uuid().into(),
            payment.gateway.clone().into(),
            status.into(),
            payment.amount.minor.into(),
            payment.amount.currency.code().into(),
            payment.session.clone().into(),
            payment.url.clone().into(),
            payment.intent.clone().into(),
            payment.captured.minor.into(),
            payment.tax.minor.into(),
            payment.refunded.minor.into(),
            payment.failure.clone().into(),
            payment.expires_at.micros().into(),
            payment.checked_at.micros().into(),
            payment.created_at.micros().into(),
            payment.updated_at.micros().into(),
        ],
    )
}

/// The write of everything about an attempt that can change, for a batch. Its
/// order must be locked.
pub fn update(payment: &Payment) -> (&'static str, Vec<Value>) {
    let status: &'static str = payment.status.into();
    (
        "UPDATE payments SET status = $2, session_id = $3, url = $4, intent_id = $5, captured = $6, tax = $7, \
           refunded = $8, failure = $9, checked_at = $10, updated_at = $11 WHERE tenant_id = $1 AND id = $12",
        vec![
            status.into(),
            payment.session.clone().into(),
            payment.url.clone().into(),
            payment.intent.clone().into(),
            payment.captured.minor.into(),
            payment.tax.minor.into(),
            payment.refunded.minor.into(),
            payment.failure.clone().into(),
            payment.checked_at.micros().into(),
            payment.updated_at.micros().into(),
            payment.id.uuid().into(),
        ],
    )
}

/// The write that notes the page the gateway opened for an attempt, unless
/// more is known of it already.
pub fn opened(
    id: PaymentId,
    session: &str,
    url: &str,
    now: Timestamp,
) -> (&'static str, Vec<Value>) {
    (
        "UPDATE payments SET session_id = $2, url = $3, updated_at = $4, \
           status = CASE WHEN status = 'created' THEN 'open' ELSE status END \
         WHERE tenant_id = $1 AND id = $5 AND session_id IS NULL",
        vec![
            session.into(),
            url.into(),
            now.micros().into(),
            id.uuid().into(),
        ],
    )
}

/// The write that notes that the gateway was asked and nothing was new.
pub fn checked(id: PaymentId, now: Timestamp) -> (&'static str, Vec<Value>) {
    (
        "UPDATE payments SET checked_at = $2 WHERE tenant_id = $1 AND id = $3",
        vec![now.micros().into(), id.uuid().into()],
    )
}
