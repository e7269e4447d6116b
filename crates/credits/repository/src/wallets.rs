//! Wallets.

use credits_model::lot::Lot;
use credits_model::purse::Purse;
use credits_model::transfer::TransferKind;
use credits_model::wallet::{Wallet, WalletKey, WalletStatus};
use database::{Backend, Batch, Conditions, OrFault as _, Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, TransferId, UserId, WalletId};
use sea_orm::{FromQueryResult, QueryResult, Value};
use uuid::Uuid;

use crate::rows::{LOT, LotRow, WALLET, WalletRow};

/// A wallet that nobody else changes until the transaction ends.
pub struct Locked {
    /// The wallet and its lots.
    pub purse: Purse,
    /// The transfer that was booked under the name that was asked for.
    pub known: Option<TransferId>,
}

fn condition(key: WalletKey) -> (&'static str, [Value; 2]) {
    match key {
        // Both have as many values, so that what follows keeps its numbers.
        WalletKey::Id(id) => (
            "w.id = $2 AND ($3 IS NULL OR w.currency = $3)",
            [id.uuid().into(), None::<String>.into()],
        ),
        WalletKey::Of { user, currency } => (
            "w.user_id = $2 AND w.currency = $3",
            [user.uuid().into(), currency.code().into()],
        ),
    }
}

/// One wallet.
pub async fn find(db: &Scoped, key: WalletKey) -> Result<Option<Wallet>, Fault> {
    let (condition, values) = condition(key);
    let row: Option<WalletRow> = db
        .one(
            &format!("SELECT {WALLET} FROM wallets w WHERE w.tenant_id = $1 AND {condition}"),
            values,
        )
        .await?;
    row.map(Wallet::try_from).transpose()
}

#[derive(FromQueryResult)]
struct State {
    version: i64,
    seen: i64,
    known: Option<Uuid>,
}

/// Locks a wallet and reads its open lots, and the transfer that was booked
/// under a name, if any.
///
/// On PostgreSQL the statement may have waited for another transaction. It
/// then has the wallet as that one left it, and the lots as they were before;
/// the two versions tell, and it is read again, under the lock.
pub async fn lock(
    tx: &Transaction,
    key: WalletKey,
    name: Option<(TransferKind, &str)>,
) -> Result<Option<Locked>, Fault> {
    let (condition, values) = condition(key);
    let lock = match tx.backend() {
        Backend::Postgres => " FOR UPDATE OF w",
        Backend::Sqlite => "",
    };
    let sql = format!(
        "SELECT {WALLET}, {LOT}, \
           (SELECT s.version FROM wallets s WHERE s.tenant_id = $1 AND s.id = w.id) AS seen, \
           (SELECT t.id FROM ledger_transfers t WHERE t.tenant_id = $1 AND t.kind = $4 AND t.reference = $5) AS known \
         FROM wallets w LEFT JOIN credit_lots l ON l.tenant_id = w.tenant_id AND l.wallet_id = w.id AND l.is_open \
         WHERE w.tenant_id = $1 AND {condition}{lock}"
    );
    let kind: Option<String> = name.map(|(kind, _)| <&'static str>::from(kind).to_owned());
    let reference: Option<String> = name.map(|(_, reference)| reference.to_owned());
    let values: Vec<Value> = values
        .into_iter()
        .chain([kind.into(), reference.into()])
        .collect();
    // The second time it is locked already.
    for _ in 0..2 {
        let rows = tx.rows(&sql, values.clone()).await?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let state = State::from_query_result(first, "").or_fault()?;
        if state.version == state.seen {
            return locked(&rows, first, state.known).map(Some);
        }
    }
    Err(Fault::transient("a wallet changed under its lock"))
}

fn locked(rows: &[QueryResult], first: &QueryResult, known: Option<Uuid>) -> Result<Locked, Fault> {
    let wallet = WalletRow::from_query_result(first, "").or_fault()?;
    let mut lots = Vec::new();
    for row in rows {
        if let Some(lot) = LotRow::from_query_result_optional(row, "l_").or_fault()? {
            lots.push(Lot::try_from(lot)?);
        }
    }
    lots.sort_by_key(Lot::burn_order);
    Ok(Locked {
        purse: Purse {
            wallet: wallet.try_into()?,
            lots,
        },
        known: known.map(TransferId::from_uuid),
    })
}

/// The write that adds a wallet, unless its owner has one.
pub fn insert(wallet: &Wallet) -> (&'static str, Vec<Value>) {
    let status: &'static str = wallet.status.into();
    (
        "INSERT INTO wallets (tenant_id, id, user_id, currency, status, credit_balance, held, total_top_up, total_spent, \
           entries, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, 0, 1, $6, $7) ON CONFLICT DO NOTHING",
        vec![
            wallet.id.uuid().into(),
            wallet.user.uuid().into(),
            wallet.currency.code().into(),
            status.into(),
            wallet.created_at.micros().into(),
            wallet.updated_at.micros().into(),
        ],
    )
}

#[derive(FromQueryResult)]
struct Version {
    version: i64,
}

/// Runs the writes of a batch and changes the wallet with them, if it still
/// has the version that was read; it has the next one then.
pub async fn save(tx: &Transaction, mut batch: Batch, wallet: &mut Wallet) -> Result<(), Fault> {
    let status: &'static str = wallet.status.into();
    batch.add((
        "UPDATE wallets SET status = $2, credit_balance = $3, held = $4, total_top_up = $5, total_spent = $6, \
           entries = $7, low_balance_threshold = $8, auto_top_up_below = $9, updated_at = $10, version = version + 1 \
         WHERE tenant_id = $1 AND id = $11 AND version = $12 RETURNING version",
        vec![
            status.into(),
            wallet.balance.into(),
            wallet.held.into(),
            wallet.total_top_up.into(),
            wallet.total_spent.into(),
            wallet.entries.into(),
            wallet.low_balance_threshold.into(),
            wallet.auto_top_up_below.into(),
            wallet.updated_at.micros().into(),
            wallet.id.uuid().into(),
            wallet.version.into(),
        ],
    ));
    match batch.run_for::<Version>(tx).await? {
        Some(row) => {
            wallet.version = row.version;
            Ok(())
        }
        None => Err(Fault::transient("a wallet changed under its lock")),
    }
}

/// Which wallets to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of that user.
    pub user: Option<UserId>,
    /// Only those of that status.
    pub status: Option<WalletStatus>,
}

/// Wallets, newest first.
pub async fn list(
    db: &Scoped,
    filter: &Filter,
    page: PageRequest<WalletId>,
) -> Result<Page<Wallet, WalletId>, Fault> {
    let mut conditions = Conditions::of_tenant("w.tenant_id");
    conditions.add_if("w.user_id = ?", filter.user.map(UserId::uuid));
    conditions.add_if("w.status = ?", filter.status.map(<&'static str>::from));
    conditions.add_if("w.id < ?", page.after.map(WalletId::uuid));
    let limit = conditions.bind(i64::try_from(page.limit + 1).unwrap_or(i64::MAX));
    let (wanted, values) = conditions.into_parts();
    let sql =
        format!("SELECT {WALLET} FROM wallets w WHERE {wanted} ORDER BY w.id DESC LIMIT {limit}");
    let rows: Vec<WalletRow> = db.all(&sql, values).await?;
    let wallets = rows
        .into_iter()
        .map(Wallet::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(wallets, page.limit, |wallet| wallet.id))
}

/// All wallets of a user.
pub async fn of(db: &Scoped, user: UserId) -> Result<Vec<Wallet>, Fault> {
    let rows: Vec<WalletRow> = db
        .all(
            &format!("SELECT {WALLET} FROM wallets w WHERE w.tenant_id = $1 AND w.user_id = $2 ORDER BY w.id"),
            [user.uuid().into()],
        )
        .await?;
    rows.into_iter().map(Wallet::try_from).collect()
}
