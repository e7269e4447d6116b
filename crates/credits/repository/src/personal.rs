//! What wallets know about a person.

use database::{Scoped, Transaction};
use kernel::{Fault, Timestamp, UserId};
use sea_orm::FromQueryResult;

#[derive(FromQueryResult)]
struct Count {
    holds: i64,
}

#[derive(FromQueryResult)]
struct Open {
    top_ups: i64,
}

/// How many top-ups of a person wait to be paid.
pub async fn open_top_ups(db: &Scoped, user: UserId) -> Result<i64, Fault> {
    let row: Option<Open> = db
        .one(
            "SELECT count(*) AS top_ups FROM top_ups p JOIN wallets w ON w.tenant_id = p.tenant_id AND w.id = p.wallet_id \
             WHERE p.tenant_id = $1 AND w.user_id = $2 AND p.status IN ('created', 'open', 'processing')",
            [user.uuid().into()],
        )
        .await?;
    Ok(row.map_or(0, |row| row.top_ups))
}

/// How many holds a person's wallets have open.
pub async fn open_holds(db: &Scoped, user: UserId) -> Result<i64, Fault> {
    let row: Option<Count> = db
        .one(
            "SELECT count(*) AS holds FROM credit_holds h JOIN wallets w ON w.tenant_id = h.tenant_id AND w.id = h.wallet_id \
             WHERE h.tenant_id = $1 AND w.user_id = $2 AND h.status = 'open'",
            [user.uuid().into()],
        )
        .await?;
    Ok(row.map_or(0, |row| row.holds))
}

/// Closes a person's wallets, and forgets what somebody wrote about their
/// bookings. The bookings stay: accounting has to keep them, and they name
/// nobody.
pub async fn close(tx: &Transaction, user: UserId, now: Timestamp) -> Result<(), Fault> {
    tx.run(
        "UPDATE wallets SET status = 'closed', low_balance_threshold = NULL, auto_top_up_below = NULL, updated_at = $2, version = version + 1 \
         WHERE tenant_id = $1 AND user_id = $3 AND status <> 'closed'",
        [now.micros().into(), user.uuid().into()],
    )
    .await?;
    tx.run(
        "DELETE FROM auto_top_ups WHERE tenant_id = $1 AND wallet_id IN (SELECT w.id FROM wallets w \
           WHERE w.tenant_id = $1 AND w.user_id = $2)",
        [user.uuid().into()],
    )
    .await?;
    // What was charged goes by a name that the gateway knows. What failed may
    // still be paid, and then no way of paying is kept for them.
    tx.run(
        "UPDATE top_ups SET charged_to = NULL, saves_method = false \
         WHERE tenant_id = $1 AND (charged_to IS NOT NULL OR saves_method) AND wallet_id IN \
           (SELECT w.id FROM wallets w WHERE w.tenant_id = $1 AND w.user_id = $2)",
        [user.uuid().into()],
    )
    .await?;
    tx.run(
        "DELETE FROM transfer_notes WHERE tenant_id = $1 AND transfer_id IN (SELECT e.transfer_id FROM ledger_entries e \
           JOIN wallets w ON w.tenant_id = e.tenant_id AND w.id = e.wallet_id WHERE e.tenant_id = $1 AND w.user_id = $2)",
        [user.uuid().into()],
    )
    .await?;
    tx.run(
        "UPDATE top_up_refunds SET reason = NULL WHERE tenant_id = $1 AND reason IS NOT NULL AND top_up_id IN (SELECT p.id \
           FROM top_ups p JOIN wallets w ON w.tenant_id = p.tenant_id AND w.id = p.wallet_id \
           WHERE p.tenant_id = $1 AND w.user_id = $2)",
        [user.uuid().into()],
    )
    .await?;
    tx.run(
        "UPDATE gift_cards SET note = NULL WHERE tenant_id = $1 AND note IS NOT NULL \
         AND wallet_id IN (SELECT w.id FROM wallets w WHERE w.tenant_id = $1 AND w.user_id = $2)",
        [user.uuid().into()],
    )
    .await
    .map(|_| ())
}
