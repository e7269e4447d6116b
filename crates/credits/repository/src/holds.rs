//! Holds.

use credits_model::hold::Hold;
use database::Scoped;
use kernel::{Fault, HoldId, Timestamp, WalletId};
use sea_orm::Value;
use uuid::Uuid;

use crate::rows::HoldRow;

/// The unique key of what is held once.
pub const UNIQUE_REFERENCE: &str = "credit_holds(reference)";

const SELECT: &str = "SELECT id, wallet_id, reference, status, amount, captured, expires_at, created_at, updated_at \
     FROM credit_holds WHERE tenant_id = $1";

/// One hold. To change it, its wallet has to be locked before it is read.
pub async fn find(db: &Scoped, id: HoldId) -> Result<Option<Hold>, Fault> {
    let row: Option<HoldRow> = db
        .one(&format!("{SELECT} AND id = $2"), [id.uuid().into()])
        .await?;
    row.map(Hold::try_from).transpose()
}

/// The hold that was made under a name.
pub async fn find_by_reference(db: &Scoped, reference: &str) -> Result<Option<Hold>, Fault> {
    let row: Option<HoldRow> = db
        .one(&format!("{SELECT} AND reference = $2"), [reference.into()])
        .await?;
    row.map(Hold::try_from).transpose()
}

/// The open holds of a wallet, those that end first coming first.
pub async fn open(db: &Scoped, wallet: WalletId, limit: i64) -> Result<Vec<Hold>, Fault> {
    let rows: Vec<HoldRow> = db
        .all(
            &format!(
                "{SELECT} AND wallet_id = $2 AND status = 'open' ORDER BY expires_at, id LIMIT $3"
            ),
            [wallet.uuid().into(), limit.into()],
        )
        .await?;
    rows.into_iter().map(Hold::try_from).collect()
}

/// Open holds whose time is over; those after one, by id.
pub async fn due(
    db: &Scoped,
    now: Timestamp,
    after: Option<HoldId>,
    limit: i64,
) -> Result<Vec<Hold>, Fault> {
    let after = after.map_or_else(Uuid::nil, HoldId::uuid);
    let rows: Vec<HoldRow> = db
        .all(
            &format!(
                "{SELECT} AND status = 'open' AND expires_at <= $2 AND id > $3 ORDER BY id LIMIT $4"
            ),
            [now.micros().into(), after.into(), limit.into()],
        )
        .await?;
    rows.into_iter().map(Hold::try_from).collect()
}

/// The write that adds a hold, for a batch.
pub fn insert(hold: &Hold) -> (&'static str, Vec<Value>) {
    let status: &'static str = hold.status.into();
    (
        "INSERT INTO credit_holds (tenant_id, id, wallet_id, reference, status, amount, captured, expires_at, created_at, \
           updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        vec![
            hold.id.uuid().into(),
            hold.wallet.uuid().into(),
            hold.reference.clone().into(),
            status.into(),
            hold.amount.into(),
            hold.captured.into(),
            hold.expires_at.micros().into(),
            hold.created_at.micros().into(),
            hold.updated_at.micros().into(),
        ],
    )
}

/// The write of everything about a hold that can change, for a batch. Its
/// wallet must be locked.
pub fn update(hold: &Hold) -> (&'static str, Vec<Value>) {
    let status: &'static str = hold.status.into();
    (
        "UPDATE credit_holds SET status = $2, captured = $3, updated_at = $4, amount = $5 WHERE tenant_id = $1 AND id = $6",
        vec![
            status.into(),
            hold.captured.into(),
            hold.updated_at.micros().into(),
            hold.amount.into(),
            hold.id.uuid().into(),
        ],
    )
}
