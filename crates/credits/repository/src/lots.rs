//! Lots.

use credits_model::lot::Lot;
use credits_model::wallet::Wallet;
use database::{OrFault as _, Scoped};
use kernel::{Fault, Timestamp, TopUpId, TransferId, WalletId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::rows::{LOT, LotRow};

#[derive(FromQueryResult)]
struct Id {
    wallet_id: Uuid,
}

/// Wallets with lots whose time is over, of which something can be taken;
/// those after one, by id.
pub async fn due(
    db: &Scoped,
    now: Timestamp,
    after: Option<WalletId>,
    limit: i64,
) -> Result<Vec<WalletId>, Fault> {
    let after = after.map_or_else(Uuid::nil, WalletId::uuid);
    let rows: Vec<Id> = db
        .all(
            "SELECT DISTINCT l.wallet_id FROM credit_lots l \
             JOIN wallets w ON w.tenant_id = l.tenant_id AND w.id = l.wallet_id \
             WHERE l.tenant_id = $1 AND l.is_open AND l.expires_at <= $2 AND w.held < w.credit_balance \
               AND l.wallet_id > $3 ORDER BY l.wallet_id LIMIT $4",
            [now.micros().into(), after.into(), limit.into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| WalletId::from_uuid(row.wallet_id))
        .collect())
}

/// The lots of a wallet of which something is left, in the order in which
/// they are burned, at most so many.
pub async fn open(db: &Scoped, wallet: &Wallet, limit: i64) -> Result<Vec<Lot>, Fault> {
    let rows = db
        .rows(
            &format!(
                "SELECT {LOT} FROM credit_lots l WHERE l.tenant_id = $1 AND l.wallet_id = $2 AND l.is_open \
                 ORDER BY CASE l.kind WHEN 'promotional' THEN 0 ELSE 1 END, l.priority, \
                   CASE WHEN l.expires_at IS NULL THEN 1 ELSE 0 END, l.expires_at, l.created_at, l.id LIMIT $3"
            ),
            [wallet.id.uuid().into(), limit.into()],
        )
        .await?;
    rows.iter()
        .map(|row| Lot::try_from(LotRow::from_query_result(row, "l_").or_fault()?))
        .collect()
}

#[derive(FromQueryResult)]
struct Source {
    transfer_id: Uuid,
}

/// The lot that a top-up became, and the transfer that booked it. Its wallet
/// has to be locked to change it.
pub async fn of_top_up(db: &Scoped, id: TopUpId) -> Result<Option<(TransferId, Lot)>, Fault> {
    let rows = db
        .rows(
            &format!(
                "SELECT {LOT}, l.transfer_id FROM ledger_transfers t \
                 JOIN credit_lots l ON l.tenant_id = t.tenant_id AND l.transfer_id = t.id \
                 WHERE t.tenant_id = $1 AND t.kind = 'TOP_UP' AND t.reference = $2"
            ),
            [id.to_string().into()],
        )
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let source = Source::from_query_result(row, "").or_fault()?;
    let lot = LotRow::from_query_result(row, "l_").or_fault()?;
    let transfer = TransferId::from_uuid(source.transfer_id);
    Ok(Some((transfer, lot.try_into()?)))
}
