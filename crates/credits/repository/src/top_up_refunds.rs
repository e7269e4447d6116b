//! Money of top-ups that goes back.

use credits_model::top_up_refund::TopUpRefund;
use database::Scoped;
use database::column::word;
use kernel::{Fault, RefundId, Timestamp, TopUpId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    top_up_id: Uuid,
    cause: String,
    status: String,
    amount: i64,
    taken: i64,
    reason: Option<String>,
    external_id: Option<String>,
    failure: Option<String>,
    checked_at: i64,
    created_at: i64,
    updated_at: i64,
}

const SELECT: &str = "SELECT id, top_up_id, cause, status, amount, taken, reason, external_id, failure, checked_at, \
     created_at, updated_at FROM top_up_refunds WHERE tenant_id = $1";

impl TryFrom<Row> for TopUpRefund {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        Ok(Self {
            id: RefundId::from_uuid(row.id),
            top_up: TopUpId::from_uuid(row.top_up_id),
            cause: word("top_up_refunds.cause", &row.cause)?,
            status: word("top_up_refunds.status", &row.status)?,
            amount: row.amount,
            taken: row.taken,
            reason: row.reason,
            external: row.external_id,
            failure: row.failure,
            checked_at: Timestamp::from_micros(row.checked_at),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

/// One refund.
pub async fn find(db: &Scoped, id: RefundId) -> Result<Option<TopUpRefund>, Fault> {
    let row: Option<Row> = db
        .one(&format!("{SELECT} AND id = $2"), [id.uuid().into()])
        .await?;
    row.map(TopUpRefund::try_from).transpose()
}

/// What went back of a top-up, oldest first.
pub async fn of(db: &Scoped, top_up: TopUpId) -> Result<Vec<TopUpRefund>, Fault> {
    let rows: Vec<Row> = db
        .all(
            &format!("{SELECT} AND top_up_id = $2 ORDER BY created_at, id"),
            [top_up.uuid().into()],
        )
        .await?;
    rows.into_iter().map(TopUpRefund::try_from).collect()
}

/// Refunds that the gateway was last asked about before; those after one, by
/// id.
pub async fn pending(
    db: &Scoped,
    before: Timestamp,
    after: Option<RefundId>,
    limit: i64,
) -> Result<Vec<TopUpRefund>, Fault> {
    let after = after.map_or_else(Uuid::nil, RefundId::uuid);
    let rows: Vec<Row> = db
        .all(
            &format!(
                "{SELECT} AND status = 'pending' AND checked_at <= $2 AND id > $3 ORDER BY id LIMIT $4"
            ),
            [before.micros().into(), after.into(), limit.into()],
        )
        .await?;
    rows.into_iter().map(TopUpRefund::try_from).collect()
}

/// The write that adds a refund, for a batch.
pub fn insert(refund: &TopUpRefund) -> (&'static str, Vec<Value>) {
    let status: &'static str = refund.status.into();
    let cause: &'static str = refund.cause.into();
    (
        "INSERT INTO top_up_refunds (tenant_id, id, top_up_id, cause, status, amount, taken, reason, external_id, \
           checked_at, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        vec![
            refund.id.uuid().into(),
            refund.top_up.uuid().into(),
            cause.into(),
            status.into(),
            refund.amount.into(),
            refund.taken.into(),
            refund.reason.clone().into(),
            refund.external.clone().into(),
            refund.checked_at.micros().into(),
            refund.created_at.micros().into(),
            refund.updated_at.micros().into(),
        ],
    )
}

/// The write of everything about a refund that can change, for a batch. Its
/// top-up must be locked.
pub fn update(refund: &TopUpRefund) -> (&'static str, Vec<Value>) {
    let status: &'static str = refund.status.into();
    (
        "UPDATE top_up_refunds SET status = $2, external_id = $3, failure = $4, checked_at = $5, updated_at = $6 \
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
