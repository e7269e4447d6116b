//! Transfers, their entries, and what they do to lots.

use std::collections::HashMap;

use credits_model::lot::{Lot, LotChange, LotKind, Taken};
use credits_model::transfer::{Account, LotPart, Posting, Transaction, Transfer, TransferKind};
use credits_model::wallet::Wallet;
use database::column::word;
use database::{Batch, OrFault as _, Scoped};
use kernel::{Currency, Fault, LotId, Money, Page, PageRequest, Timestamp, TransferId, WalletId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::rows::{LOT, LotRow};

/// The unique key of what is booked once.
pub const UNIQUE_REFERENCE: &str = "ledger_transfers(kind,reference)";

/// Adds the writes of a booking to a batch. The wallet is saved after them.
pub fn post(batch: &mut Batch, wallet: &Wallet, posting: &Posting, actor: &str) {
    batch.add(transfer(wallet, posting, actor));
    batch.add(entries(wallet, posting));
    for (n, change) in posting.lots.iter().enumerate() {
        batch.add(if n == 0 && posting.adds_lot {
            new_lot(wallet, posting.id, &change.lot)
        } else {
            changed_lot(change)
        });
    }
    batch.add(movements(posting));
}

fn transfer(wallet: &Wallet, posting: &Posting, actor: &str) -> (&'static str, Vec<Value>) {
    let kind: &'static str = posting.kind.into();
    (
        "INSERT INTO ledger_transfers (tenant_id, id, kind, reference, currency, amount, reverses, actor, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        vec![
            posting.id.uuid().into(),
            kind.into(),
            posting.reference.clone().into(),
            wallet.currency.code().into(),
            posting.amount.abs().into(),
            posting.reverses.map(TransferId::uuid).into(),
            actor.to_owned().into(),
            posting.at.micros().into(),
        ],
    )
}

/// Both entries in one write: there is never one without the other.
fn entries(wallet: &Wallet, posting: &Posting) -> (&'static str, Vec<Value>) {
    let own: &'static str = Account::Wallet.into();
    let other: &'static str = posting.kind.counterpart().into();
    (
        "INSERT INTO ledger_entries (tenant_id, transfer_id, side, amount, account, wallet_id, balance_after, sequence, \
           created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9), ($1, $2, -$3, $4, $10, NULL, NULL, NULL, $9)",
        vec![
            posting.id.uuid().into(),
            posting.amount.signum().into(),
            posting.amount.abs().into(),
            own.into(),
            wallet.id.uuid().into(),
            posting.balance_after.into(),
            posting.sequence.into(),
            posting.at.micros().into(),
            other.into(),
        ],
    )
}

fn new_lot(wallet: &Wallet, transfer: TransferId, lot: &Lot) -> (&'static str, Vec<Value>) {
    let kind: &'static str = lot.kind.into();
    (
        "INSERT INTO credit_lots (tenant_id, id, wallet_id, transfer_id, kind, priority, expires_at, granted, remaining, \
           is_open, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9 > 0, $10)",
        vec![
            lot.id.uuid().into(),
            wallet.id.uuid().into(),
            transfer.uuid().into(),
            kind.into(),
            lot.priority.into(),
            lot.expires_at.map(Timestamp::micros).into(),
            lot.granted.into(),
            lot.remaining.into(),
            lot.created_at.micros().into(),
        ],
    )
}

/// Changed by how much, and not to how much: the check of the table holds for
/// what is there.
fn changed_lot(change: &LotChange) -> (&'static str, Vec<Value>) {
    (
        "UPDATE credit_lots SET remaining = remaining + $2, is_open = remaining + $2 > 0 \
         WHERE tenant_id = $1 AND id = $3",
        vec![change.by.into(), change.lot.id.uuid().into()],
    )
}

fn movements(posting: &Posting) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![posting.id.uuid().into()];
    let mut rows = Vec::with_capacity(posting.lots.len());
    for change in &posting.lots {
        let first = values.len() + 2;
        rows.push(format!(
            "($1, $2, ${first}, ${}, ${})",
            first + 1,
            first + 2
        ));
        values.extend([
            change.lot.id.uuid().into(),
            change.by.into(),
            change.lot.remaining.into(),
        ]);
    }
    (
        format!(
            "INSERT INTO credit_lot_movements (tenant_id, transfer_id, lot_id, amount, remaining_after) VALUES {}",
            rows.join(", ")
        ),
        values,
    )
}

/// The write that keeps why somebody booked something by hand. It stands
/// apart from the ledger, which cannot be changed, because it may have to be
/// forgotten.
pub fn note(transfer: TransferId, reason: &str) -> (&'static str, Vec<Value>) {
    (
        "INSERT INTO transfer_notes (tenant_id, transfer_id, reason) VALUES ($1, $2, $3)",
        vec![transfer.uuid().into(), reason.to_owned().into()],
    )
}

#[derive(FromQueryResult)]
struct TransferRow {
    id: Uuid,
    kind: String,
    wallet_id: Uuid,
    amount: i64,
    balance_after: i64,
    reverses: Option<Uuid>,
}

impl TryFrom<TransferRow> for Transfer {
    type Error = Fault;

    fn try_from(row: TransferRow) -> Result<Self, Fault> {
        Ok(Self {
            id: TransferId::from_uuid(row.id),
            kind: word("ledger_transfers.kind", &row.kind)?,
            wallet: WalletId::from_uuid(row.wallet_id),
            amount: row.amount,
            balance_after: row.balance_after,
            reverses: row.reverses.map(TransferId::from_uuid),
        })
    }
}

const TRANSFER: &str = "SELECT t.id, t.kind, e.wallet_id, e.side * e.amount AS amount, e.balance_after, t.reverses \
     FROM ledger_transfers t JOIN ledger_entries e \
       ON e.tenant_id = t.tenant_id AND e.transfer_id = t.id AND e.wallet_id IS NOT NULL \
     WHERE t.tenant_id = $1";

/// One transfer.
pub async fn find(db: &Scoped, id: TransferId) -> Result<Option<Transfer>, Fault> {
    let row: Option<TransferRow> = db
        .one(&format!("{TRANSFER} AND t.id = $2"), [id.uuid().into()])
        .await?;
    row.map(Transfer::try_from).transpose()
}

/// The transfer that was booked under a name.
pub async fn find_by_reference(
    db: &Scoped,
    kind: TransferKind,
    reference: &str,
) -> Result<Option<Transfer>, Fault> {
    let kind: &'static str = kind.into();
    let row: Option<TransferRow> = db
        .one(
            &format!("{TRANSFER} AND t.kind = $2 AND t.reference = $3"),
            [kind.into(), reference.into()],
        )
        .await?;
    row.map(Transfer::try_from).transpose()
}

#[derive(FromQueryResult)]
struct TakenRow {
    taken: i64,
}

/// What a spend took of each lot and was not given back. Its wallet has to be
/// locked.
pub async fn taken(db: &Scoped, spend: TransferId) -> Result<Vec<Taken>, Fault> {
    let rows = db
        .rows(
            &format!(
                "SELECT {LOT}, m.taken FROM (SELECT m.lot_id, CAST(-sum(m.amount) AS bigint) AS taken \
                   FROM credit_lot_movements m JOIN ledger_transfers t ON t.tenant_id = m.tenant_id AND t.id = m.transfer_id \
                   WHERE m.tenant_id = $1 AND (t.id = $2 OR t.reverses = $2) GROUP BY m.lot_id) m \
                 JOIN credit_lots l ON l.tenant_id = $1 AND l.id = m.lot_id WHERE m.taken > 0"
            ),
            [spend.uuid().into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Taken {
                lot: LotRow::from_query_result(row, "l_")
                    .or_fault()?
                    .try_into()?,
                amount: TakenRow::from_query_result(row, "").or_fault()?.taken,
            })
        })
        .collect()
}

/// Which transactions to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of a kind.
    pub kind: Option<TransferKind>,
    /// Only those from then on.
    pub from: Option<Timestamp>,
    /// Only those before then.
    pub to: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct TransactionRow {
    id: Uuid,
    sequence: i64,
    kind: String,
    reference: String,
    amount: i64,
    balance_after: i64,
    reverses: Option<Uuid>,
    reason: Option<String>,
    created_at: i64,
}

/// The transactions of a wallet, newest first.
pub async fn transactions(
    db: &Scoped,
    wallet: &Wallet,
    filter: &Filter,
    page: &PageRequest<i64>,
) -> Result<Page<Transaction, i64>, Fault> {
    let kind: Option<&'static str> = filter.kind.map(Into::into);
    let rows: Vec<TransactionRow> = db
        .all(
            "SELECT t.id, e.sequence, t.kind, t.reference, e.side * e.amount AS amount, e.balance_after, t.reverses, \
               n.reason, e.created_at \
             FROM ledger_entries e JOIN ledger_transfers t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id \
             LEFT JOIN transfer_notes n ON n.tenant_id = t.tenant_id AND n.transfer_id = t.id \
             WHERE e.tenant_id = $1 AND e.wallet_id = $2 AND ($3 IS NULL OR t.kind = $3) \
               AND ($4 IS NULL OR e.created_at >= $4) AND ($5 IS NULL OR e.created_at < $5) \
               AND ($6 IS NULL OR e.sequence < $6) ORDER BY e.sequence DESC LIMIT $7",
            [
                wallet.id.uuid().into(),
                kind.map(str::to_owned).into(),
                filter.from.map(Timestamp::micros).into(),
                filter.to.map(Timestamp::micros).into(),
                page.after.into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut parts = parts(db, &ids).await?;
    let transactions = rows
        .into_iter()
        .map(|row| {
            let parts = parts.remove(&row.id).unwrap_or_default();
            transaction(row, parts, wallet.currency)
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    Ok(Page::from_rows(transactions, page.limit, |one| {
        one.sequence
    }))
}

fn transaction(
    row: TransactionRow,
    lots: Vec<LotPart>,
    currency: Currency,
) -> Result<Transaction, Fault> {
    Ok(Transaction {
        id: TransferId::from_uuid(row.id),
        sequence: row.sequence,
        kind: word("ledger_transfers.kind", &row.kind)?,
        reference: row.reference,
        amount: Money::new(row.amount, currency),
        balance_after: Money::new(row.balance_after, currency),
        reverses: row.reverses.map(TransferId::from_uuid),
        reason: row.reason,
        lots,
        created_at: Timestamp::from_micros(row.created_at),
    })
}

#[derive(FromQueryResult)]
struct PartRow {
    transfer_id: Uuid,
    lot_id: Uuid,
    kind: String,
    amount: i64,
}

/// What transfers did to lots.
async fn parts(db: &Scoped, transfers: &[Uuid]) -> Result<HashMap<Uuid, Vec<LotPart>>, Fault> {
    let mut parts: HashMap<Uuid, Vec<LotPart>> = HashMap::new();
    if transfers.is_empty() {
        return Ok(parts);
    }
    let places: Vec<String> = (0..transfers.len())
        .map(|n| format!("${}", n + 2))
        .collect();
    let rows: Vec<PartRow> = db
        .all(
            &format!(
                "SELECT m.transfer_id, m.lot_id, l.kind, m.amount FROM credit_lot_movements m \
                 JOIN credit_lots l ON l.tenant_id = m.tenant_id AND l.id = m.lot_id \
                 WHERE m.tenant_id = $1 AND m.transfer_id IN ({}) ORDER BY m.transfer_id, l.kind DESC, m.lot_id",
                places.join(", ")
            ),
            transfers.iter().map(|id| (*id).into()).collect::<Vec<Value>>(),
        )
        .await?;
    for row in rows {
        let kind: LotKind = word("credit_lots.kind", &row.kind)?;
        parts.entry(row.transfer_id).or_default().push(LotPart {
            lot: LotId::from_uuid(row.lot_id),
            kind,
            amount: row.amount,
        });
    }
    Ok(parts)
}
