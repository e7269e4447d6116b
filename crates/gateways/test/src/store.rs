//! What the gateway remembers.

use database::{Scoped, Transaction};
use kernel::{Fault, Money, Timestamp};
use sea_orm::{FromQueryResult, Value};

/// A session as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct StoredSession {
    pub(crate) id: String,
    pub(crate) payment_id: String,
    pub(crate) description: String,
    pub(crate) amount: Money,
    pub(crate) status: String,
    pub(crate) success_url: String,
    pub(crate) cancel_url: String,
    pub(crate) expires_at: Timestamp,
    /// Whether the way of paying is to be kept, and then what it is good for.
    pub(crate) kept: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    id: String,
    payment_id: String,
    description: String,
    amount: i64,
    currency: String,
    status: String,
    success_url: String,
    cancel_url: String,
    expires_at: i64,
    kept: Option<String>,
}

impl TryFrom<Row> for StoredSession {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        Ok(Self {
            id: row.id,
            payment_id: row.payment_id,
            description: row.description,
            amount: Money::new(
                row.amount,
                row.currency
                    .parse()
                    .map_err(|error| Fault::permanent("session currency").caused_by(error))?,
            ),
            status: row.status,
            success_url: row.success_url,
            cancel_url: row.cancel_url,
            expires_at: Timestamp::from_micros(row.expires_at),
            kept: row.kept,
        })
    }
}

/// The write that adds a session, unless it is there already.
pub(crate) fn insert(session: &StoredSession, now: Timestamp) -> (&'static str, Vec<Value>) {
    (
        "INSERT INTO test_gateway_sessions (tenant_id, id, idempotency_key, payment_id, description, amount, currency, \
           status, success_url, cancel_url, expires_at, created_at, kept) \
         VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
        vec![
            session.id.clone().into(),
            session.payment_id.clone().into(),
            session.description.clone().into(),
            session.amount.minor.into(),
            session.amount.currency.code().into(),
            session.status.clone().into(),
            session.success_url.clone().into(),
            session.cancel_url.clone().into(),
            session.expires_at.micros().into(),
            now.micros().into(),
            session.kept.clone().into(),
        ],
    )
}

/// One session.
pub(crate) async fn find(db: &Scoped, id: &str) -> Result<Option<StoredSession>, Fault> {
    let row: Option<Row> = db
        .one(
            "SELECT id, payment_id, description, amount, currency, status, success_url, cancel_url, expires_at, kept \
             FROM test_gateway_sessions WHERE tenant_id = $1 AND id = $2",
            [id.into()],
        )
        .await?;
    row.map(StoredSession::try_from).transpose()
}

/// Moves an open session on. False when it is not open any more.
pub(crate) async fn leave_open(
    tx: &Transaction,
    id: &str,
    status: &str,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE test_gateway_sessions SET status = $2 \
             WHERE tenant_id = $1 AND id = $3 AND status = 'open' AND ($2 = 'expired' OR expires_at > $4)",
            [status.into(), id.into(), now.micros().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Notes what a way of paying that is to be kept is good for.
pub(crate) async fn keep(tx: &Transaction, id: &str, good: bool) -> Result<(), Fault> {
    let sql = if good {
        "UPDATE test_gateway_sessions SET kept = 'good' WHERE tenant_id = $1 AND id = $2 AND kept = 'wanted'"
    } else {
        "UPDATE test_gateway_sessions SET kept = CASE WHEN kept = 'wanted' THEN 'declining' ELSE 'once' END \
         WHERE tenant_id = $1 AND id = $2"
    };
    tx.run(sql, [id.into()]).await.map(|_| ())
}

/// The gateway forgets a way of paying.
pub(crate) fn forget(id: &str) -> (&'static str, Vec<Value>) {
    (
        "UPDATE test_gateway_sessions SET kept = NULL WHERE tenant_id = $1 AND id = $2",
        vec![id.into()],
    )
}

/// A refund as it is stored.
#[derive(Debug, Clone, FromQueryResult)]
pub(crate) struct StoredRefund {
    pub(crate) id: String,
    pub(crate) idempotency_key: String,
    pub(crate) amount: i64,
}

/// Adds a refund, unless it is there already or exceeds what was paid.
pub(crate) async fn insert_refund(
    tx: &Transaction,
    refund: &StoredRefund,
    session: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO test_gateway_refunds (tenant_id, id, idempotency_key, session_id, amount, created_at) \
         SELECT $1, $2, $3, s.id, $5, $6 FROM test_gateway_sessions s \
         WHERE s.tenant_id = $1 AND s.id = $4 AND s.status = 'paid' AND s.amount >= $5 + \
           (SELECT COALESCE(sum(r.amount), 0) FROM test_gateway_refunds r WHERE r.tenant_id = $1 AND r.session_id = $4) \
         ON CONFLICT DO NOTHING",
        [
            refund.id.clone().into(),
            refund.idempotency_key.clone().into(),
            session.into(),
            refund.amount.into(),
            now.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// The refunds of a session, oldest first.
pub(crate) async fn refunds(db: &Scoped, session: &str) -> Result<Vec<StoredRefund>, Fault> {
    db.all(
        "SELECT id, idempotency_key, amount FROM test_gateway_refunds \
         WHERE tenant_id = $1 AND session_id = $2 ORDER BY created_at, id",
        [session.into()],
    )
    .await
}
