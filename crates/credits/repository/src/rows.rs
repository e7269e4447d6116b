//! The rows, and what they mean.

use credits_model::hold::Hold;
use credits_model::lot::Lot;
use credits_model::wallet::Wallet;
use database::column::{currency, word};
use kernel::{Fault, HoldId, LotId, Timestamp, UserId, WalletId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// The columns of a wallet.
pub(crate) const WALLET: &str = "w.id, w.user_id, w.currency, w.status, w.credit_balance, w.held, w.total_top_up, \
     w.total_spent, w.entries, w.low_balance_threshold, w.auto_top_up_below, w.version, w.created_at, w.updated_at";

/// The columns of a lot, named as those of [`LotRow`] with the prefix `l_`.
pub(crate) const LOT: &str = "l.id AS l_id, l.kind AS l_kind, l.priority AS l_priority, l.expires_at AS l_expires_at, \
     l.granted AS l_granted, l.remaining AS l_remaining, l.created_at AS l_created_at";

#[derive(FromQueryResult)]
pub(crate) struct WalletRow {
    id: Uuid,
    user_id: Uuid,
    currency: String,
    status: String,
    credit_balance: i64,
    held: i64,
    total_top_up: i64,
    total_spent: i64,
    entries: i64,
    low_balance_threshold: Option<i64>,
    auto_top_up_below: Option<i64>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<WalletRow> for Wallet {
    type Error = Fault;

    fn try_from(row: WalletRow) -> Result<Self, Fault> {
        Ok(Self {
            id: WalletId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            currency: currency("wallets.currency", &row.currency)?,
            status: word("wallets.status", &row.status)?,
            balance: row.credit_balance,
            held: row.held,
            total_top_up: row.total_top_up,
            total_spent: row.total_spent,
            entries: row.entries,
            low_balance_threshold: row.low_balance_threshold,
            auto_top_up_below: row.auto_top_up_below,
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}

#[derive(FromQueryResult)]
pub(crate) struct LotRow {
    id: Uuid,
    kind: String,
    priority: i64,
    expires_at: Option<i64>,
    granted: i64,
    remaining: i64,
    created_at: i64,
}

impl TryFrom<LotRow> for Lot {
    type Error = Fault;

    fn try_from(row: LotRow) -> Result<Self, Fault> {
        Ok(Self {
            id: LotId::from_uuid(row.id),
            kind: word("credit_lots.kind", &row.kind)?,
            priority: row.priority,
            expires_at: row.expires_at.map(Timestamp::from_micros),
            granted: row.granted,
            remaining: row.remaining,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

#[derive(FromQueryResult)]
pub(crate) struct HoldRow {
    id: Uuid,
    wallet_id: Uuid,
    reference: String,
    status: String,
    amount: i64,
    captured: i64,
    expires_at: i64,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<HoldRow> for Hold {
    type Error = Fault;

    fn try_from(row: HoldRow) -> Result<Self, Fault> {
        Ok(Self {
            id: HoldId::from_uuid(row.id),
            wallet: WalletId::from_uuid(row.wallet_id),
            reference: row.reference,
            status: word("credit_holds.status", &row.status)?,
            amount: row.amount,
            captured: row.captured,
            expires_at: Timestamp::from_micros(row.expires_at),
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}
