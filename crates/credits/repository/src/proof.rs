//! What entries, lots and holds add up to.

use credits_model::proof::{Figure, Proof};
use database::Scoped;
use kernel::{Fault, WalletId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    credit_balance: i64,
    held: i64,
    total_top_up: i64,
    total_spent: i64,
    entries: i64,
    booked: i64,
    booked_entries: i64,
    in_lots: i64,
    in_holds: i64,
    topped_up: i64,
    spent: i64,
    broken: i64,
    lopsided: i64,
    untraced: i64,
    strayed: i64,
}

/// All in one statement, which sees one state of the wallet.
const SQL: &str = "SELECT w.id, w.credit_balance, w.held, w.total_top_up, w.total_spent, w.entries, \
   CAST(COALESCE(b.booked, 0) AS bigint) AS booked, CAST(COALESCE(b.booked_entries, 0) AS bigint) AS booked_entries, \
   CAST(COALESCE(b.topped_up, 0) AS bigint) AS topped_up, CAST(COALESCE(b.spent, 0) AS bigint) AS spent, \
   CAST(COALESCE(b.broken, 0) AS bigint) AS broken, CAST(COALESCE(b.lopsided, 0) AS bigint) AS lopsided, \
   CAST(COALESCE(b.untraced, 0) AS bigint) AS untraced, \
   CAST(COALESCE((SELECT sum(l.remaining) FROM credit_lots l WHERE l.tenant_id = $1 AND l.wallet_id = w.id), 0) AS bigint) AS in_lots, \
   CAST(COALESCE((SELECT sum(h.amount - h.captured) FROM credit_holds h \
     WHERE h.tenant_id = $1 AND h.wallet_id = w.id AND h.status = 'open'), 0) AS bigint) AS in_holds, \
   (SELECT count(*) FROM credit_lots l WHERE l.tenant_id = $1 AND l.wallet_id = w.id AND l.remaining <> COALESCE( \
     (SELECT sum(m.amount) FROM credit_lot_movements m WHERE m.tenant_id = $1 AND m.lot_id = l.id), 0)) AS strayed \
 FROM wallets w LEFT JOIN ( \
   SELECT wallet_id, sum(change) AS booked, count(*) AS booked_entries, \
     sum(CASE WHEN kind IN ('TOP_UP', 'TOP_UP_REFUND') THEN change ELSE 0 END) AS topped_up, \
     -sum(CASE WHEN kind IN ('SUBSCRIPTION', 'UPGRADE', 'RENEWAL', 'ORDER', 'REFUND') THEN change ELSE 0 END) AS spent, \
     sum(CASE WHEN balance_after = running AND sequence = place THEN 0 ELSE 1 END) AS broken, \
     sum(CASE WHEN other = -change THEN 0 ELSE 1 END) AS lopsided, \
     sum(CASE WHEN moved = change THEN 0 ELSE 1 END) AS untraced \
   FROM (SELECT e.wallet_id, t.kind, e.side * e.amount AS change, e.balance_after, e.sequence, \
       sum(e.side * e.amount) OVER (PARTITION BY e.wallet_id ORDER BY e.sequence) AS running, \
       row_number() OVER (PARTITION BY e.wallet_id ORDER BY e.sequence) AS place, \
       COALESCE((SELECT sum(o.side * o.amount) FROM ledger_entries o WHERE o.tenant_id = $1 \
         AND o.transfer_id = e.transfer_id AND o.side <> e.side), 0) AS other, \
       COALESCE((SELECT sum(m.amount) FROM credit_lot_movements m WHERE m.tenant_id = $1 \
         AND m.transfer_id = e.transfer_id), 0) AS moved \
     FROM ledger_entries e JOIN ledger_transfers t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id \
     WHERE e.tenant_id = $1 AND e.wallet_id IN (SELECT id FROM picked)) booking \
   GROUP BY wallet_id) b ON b.wallet_id = w.id \
 WHERE w.tenant_id = $1 AND w.id IN (SELECT id FROM picked) ORDER BY w.id";

async fn proven(
    db: &Scoped,
    picked: &str,
    values: [sea_orm::Value; 2],
) -> Result<Vec<Proof>, Fault> {
    let rows: Vec<Row> = db
        .all(&format!("WITH picked AS ({picked}) {SQL}"), values)
        .await?;
    Ok(rows.iter().map(proof).collect())
}

/// Proves one wallet.
pub async fn of(db: &Scoped, wallet: WalletId) -> Result<Option<Proof>, Fault> {
    let picked = "SELECT id FROM wallets WHERE tenant_id = $1 AND id = $2 LIMIT $3";
    let found = proven(db, picked, [wallet.uuid().into(), 1i64.into()]).await?;
    Ok(found.into_iter().next())
}

/// Proves wallets; those after one, by id.
pub async fn some(db: &Scoped, after: Option<WalletId>, limit: i64) -> Result<Vec<Proof>, Fault> {
    let picked = "SELECT id FROM wallets WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    let after = after.map_or_else(Uuid::nil, WalletId::uuid);
    proven(db, picked, [after.into(), limit.into()]).await
}

fn proof(row: &Row) -> Proof {
    let figure = |name, cached, proven| Figure {
        name,
        cached,
        proven,
    };
    Proof {
        wallet: WalletId::from_uuid(row.id),
        figures: vec![
            figure("balance_of_entries", row.credit_balance, row.booked),
            figure("balance_of_lots", row.credit_balance, row.in_lots),
            figure("held_of_holds", row.held, row.in_holds),
            figure("total_top_up", row.total_top_up, row.topped_up),
            figure("total_spent", row.total_spent, row.spent),
            figure("entries", row.entries, row.booked_entries),
            figure("entries_that_do_not_follow", 0, row.broken),
            figure("transfers_that_do_not_balance", 0, row.lopsided),
            figure("transfers_that_no_lot_tells", 0, row.untraced),
            figure("lots_that_no_transfer_tells", 0, row.strayed),
        ],
    }
}

#[derive(FromQueryResult)]
struct Sum {
    total: i64,
}

/// What all entries of the tenant add up to: nothing.
pub async fn sum_of_entries(db: &Scoped) -> Result<i64, Fault> {
    let row: Option<Sum> = db
        .one(
            "SELECT CAST(COALESCE(sum(side * amount), 0) AS bigint) AS total FROM ledger_entries WHERE tenant_id = $1",
            [],
        )
        .await?;
    Ok(row.map_or(0, |row| row.total))
}
