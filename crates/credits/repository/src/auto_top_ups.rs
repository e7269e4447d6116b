//! Automatic top-ups, and the ways of paying that gateways keep for them.

use credits_model::auto_top_up::{AutoTopUp, AutoTopUpTerms};
use database::Scoped;
use database::column::{Stored, to_json, word};
use kernel::{Fault, Timestamp, TopUpId, UserId, WalletId};
use payments::SavedMethod;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    wallet_id: Uuid,
    gateway: String,
    method: Stored<SavedMethod>,
    saved_at: i64,
    status: String,
    threshold: Option<i64>,
    amount: Option<i64>,
    max_per_day: Option<i64>,
    failures: i64,
    not_before: Option<i64>,
    failure: Option<String>,
    updated_at: i64,
}

impl TryFrom<Row> for AutoTopUp {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        let terms = match (row.threshold, row.amount, row.max_per_day) {
            (Some(threshold), Some(amount), Some(max_per_day)) => Some(AutoTopUpTerms {
                threshold,
                amount,
                max_per_day,
            }),
            _ => None,
        };
        Ok(Self {
            wallet: WalletId::from_uuid(row.wallet_id),
            gateway: row.gateway,
            method: row.method.0,
            saved_at: Timestamp::from_micros(row.saved_at),
            status: word("auto_top_ups.status", &row.status)?,
            terms,
            failures: row.failures,
            not_before: row.not_before.map(Timestamp::from_micros),
            failure: row.failure,
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

const SELECT: &str = "SELECT a.wallet_id, a.gateway, a.method, a.saved_at, a.status, a.threshold, a.amount, a.max_per_day, \
     a.failures, a.not_before, a.failure, a.updated_at FROM auto_top_ups a";

/// That of a wallet. To change it, the wallet has to be locked before it is
/// read.
pub async fn find(db: &Scoped, wallet: WalletId) -> Result<Option<AutoTopUp>, Fault> {
    let row: Option<Row> = db
        .one(
            &format!("{SELECT} WHERE a.tenant_id = $1 AND a.wallet_id = $2"),
            [wallet.uuid().into()],
        )
        .await?;
    row.map(AutoTopUp::try_from).transpose()
}

/// Those of all wallets of a user.
pub async fn of(db: &Scoped, user: UserId) -> Result<Vec<AutoTopUp>, Fault> {
    let rows: Vec<Row> = db
        .all(
            &format!(
                "{SELECT} JOIN wallets w ON w.tenant_id = a.tenant_id AND w.id = a.wallet_id \
                 WHERE a.tenant_id = $1 AND w.user_id = $2 ORDER BY a.wallet_id"
            ),
            [user.uuid().into()],
        )
        .await?;
    rows.into_iter().map(AutoTopUp::try_from).collect()
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// Wallets that are to top themselves up and do not yet; those after one, by
/// id.
pub async fn due(
    db: &Scoped,
    now: Timestamp,
    after: Option<WalletId>,
    limit: i64,
) -> Result<Vec<WalletId>, Fault> {
    let after = after.map_or_else(Uuid::nil, WalletId::uuid);
    let rows: Vec<Id> = db
        .all(
            "SELECT w.id FROM auto_top_ups a JOIN wallets w ON w.tenant_id = a.tenant_id AND w.id = a.wallet_id \
             WHERE a.tenant_id = $1 AND a.status = 'active' AND (a.not_before IS NULL OR a.not_before <= $2) \
               AND w.status = 'active' AND w.credit_balance < w.auto_top_up_below AND w.id > $3 \
               AND NOT EXISTS (SELECT 1 FROM top_ups p WHERE p.tenant_id = w.tenant_id AND p.wallet_id = w.id \
                 AND p.charged_to IS NOT NULL AND p.status IN ('created', 'open', 'processing')) \
             ORDER BY w.id LIMIT $4",
            [now.micros().into(), after.into(), limit.into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| WalletId::from_uuid(row.id))
        .collect())
}

#[derive(FromQueryResult)]
struct Recent {
    id: Uuid,
    is_open: bool,
    created_at: i64,
}

/// An automatic top-up that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecentTopUp {
    /// Which.
    pub id: TopUpId,
    /// Whether it is under way.
    pub is_open: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Automatic top-ups of a wallet that are under way, or were made after an
/// instant and did not fail; the oldest first.
pub async fn recent(
    db: &Scoped,
    wallet: WalletId,
    after: Timestamp,
) -> Result<Vec<RecentTopUp>, Fault> {
    let rows: Vec<Recent> = db
        .all(
            "SELECT p.id, p.status IN ('created', 'open', 'processing') AS is_open, p.created_at FROM top_ups p \
             WHERE p.tenant_id = $1 AND p.wallet_id = $2 AND p.charged_to IS NOT NULL \
               AND p.status NOT IN ('failed', 'expired') \
               AND (p.created_at > $3 OR p.status IN ('created', 'open', 'processing')) ORDER BY p.created_at, p.id",
            [wallet.uuid().into(), after.micros().into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| RecentTopUp {
            id: TopUpId::from_uuid(row.id),
            is_open: row.is_open,
            created_at: Timestamp::from_micros(row.created_at),
        })
        .collect())
}

/// The write of all there is of one, new or not, for a batch. Its wallet must
/// be locked.
pub fn put(auto: &AutoTopUp) -> (&'static str, Vec<Value>) {
    let status: &'static str = auto.status.into();
    (
        "INSERT INTO auto_top_ups (tenant_id, wallet_id, gateway, method, saved_at, status, threshold, amount, max_per_day, \
           failures, not_before, failure, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (tenant_id, wallet_id) DO UPDATE SET \
           gateway = excluded.gateway, method = excluded.method, saved_at = excluded.saved_at, status = excluded.status, \
           threshold = excluded.threshold, amount = excluded.amount, max_per_day = excluded.max_per_day, \
           failures = excluded.failures, not_before = excluded.not_before, failure = excluded.failure, \
           updated_at = excluded.updated_at",
        vec![
            auto.wallet.uuid().into(),
            auto.gateway.clone().into(),
            to_json(&auto.method).into(),
            auto.saved_at.micros().into(),
            status.into(),
            auto.terms.map(|terms| terms.threshold).into(),
            auto.terms.map(|terms| terms.amount).into(),
            auto.terms.map(|terms| terms.max_per_day).into(),
            auto.failures.into(),
            auto.not_before.map(Timestamp::micros).into(),
            auto.failure.clone().into(),
            auto.updated_at.micros().into(),
        ],
    )
}

/// The write that forgets one, for a batch.
pub fn delete(wallet: WalletId) -> (&'static str, Vec<Value>) {
    (
        "DELETE FROM auto_top_ups WHERE tenant_id = $1 AND wallet_id = $2",
        vec![wallet.uuid().into()],
    )
}
