//! Lots.

use credits_model::lot::Lot;
use credits_model::wallet::Wallet;
use database::{OrFault as _, Scoped};
use kernel::{Fault, Timestamp, WalletId};
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
