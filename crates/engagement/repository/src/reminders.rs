//! Reminders of carts, and who wishes none.

use database::{Scoped, Transaction};
use kernel::{CartId, Fault, JobId, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// Who reminds of a cart, and when they did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The job that was first.
    pub job: JobId,
    /// When the mail was handed over.
    pub sent_at: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Row {
    job_id: Uuid,
    sent_at: Option<i64>,
}

/// Lets a job, and no other one, remind of a cart; false when there is one.
pub async fn claim(
    tx: &Transaction,
    cart: CartId,
    job: JobId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let inserted = tx
        .run(
            "INSERT INTO cart_reminders (tenant_id, cart_id, job_id, claimed_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            [cart.uuid().into(), job.uuid().into(), now.micros().into()],
        )
        .await?;
    Ok(inserted == 1)
}

/// The reminder of a cart.
pub async fn find(db: &Scoped, cart: CartId) -> Result<Option<Claim>, Fault> {
    let row: Option<Row> = db
        .one(
            "SELECT job_id, sent_at FROM cart_reminders WHERE tenant_id = $1 AND cart_id = $2",
            [cart.uuid().into()],
        )
        .await?;
    Ok(row.map(|row| Claim {
        job: JobId::from_uuid(row.job_id),
        sent_at: row.sent_at.map(Timestamp::from_micros),
    }))
}

/// Notes that the mail was handed over; false when that was noted before.
pub async fn mark_sent(tx: &Transaction, cart: CartId, now: Timestamp) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE cart_reminders SET sent_at = $2 WHERE tenant_id = $1 AND cart_id = $3 AND sent_at IS NULL",
            [now.micros().into(), cart.uuid().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Lets the reminder of a cart go to an address, unless one of another cart
/// went there since then; of several at once, one does.
pub async fn take_turn(
    tx: &Transaction,
    address: &[u8],
    cart: CartId,
    since: Timestamp,
    now: Timestamp,
) -> Result<bool, Fault> {
    let taken = tx
        .run(
            "INSERT INTO reminded_addresses (tenant_id, address_hash, cart_id, reminded_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (tenant_id, address_hash) DO UPDATE SET cart_id = excluded.cart_id, reminded_at = excluded.reminded_at \
             WHERE reminded_addresses.reminded_at <= $5 OR reminded_addresses.cart_id = excluded.cart_id",
            [
                address.to_vec().into(),
                cart.uuid().into(),
                now.micros().into(),
                since.micros().into(),
            ],
        )
        .await?;
    Ok(taken == 1)
}

/// Forgets which addresses were reminded before then.
pub async fn forget_turns(tx: &Transaction, before: Timestamp) -> Result<(), Fault> {
    tx.run(
        "DELETE FROM reminded_addresses WHERE tenant_id = $1 AND reminded_at <= $2",
        [before.micros().into()],
    )
    .await
    .map(|_| ())
}

/// Notes that nobody is to be reminded at an address.
pub async fn opt_out(tx: &Transaction, address: &[u8], now: Timestamp) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO mail_optouts (tenant_id, address_hash, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [address.to_vec().into(), now.micros().into()],
    )
    .await
    .map(|_| ())
}

/// Forgets what is kept of an address: that nobody is to be reminded there,
/// and that somebody was.
pub async fn forget_address(tx: &Transaction, address: &[u8]) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM mail_optouts WHERE tenant_id = $1 AND address_hash = $2",
        "DELETE FROM reminded_addresses WHERE tenant_id = $1 AND address_hash = $2",
    ] {
        tx.run(sql, [address.to_vec().into()]).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct CountRow {
    count: i64,
}

/// Whether nobody is to be reminded at an address.
pub async fn has_opted_out(db: &Scoped, address: &[u8]) -> Result<bool, Fault> {
    let row: Option<CountRow> = db
        .one(
            "SELECT count(*) AS count FROM mail_optouts WHERE tenant_id = $1 AND address_hash = $2",
            [address.to_vec().into()],
        )
        .await?;
    Ok(row.is_some_and(|row| row.count > 0))
}
