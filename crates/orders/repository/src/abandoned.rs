//! Carts that were left behind.

use database::{Backend, Scoped, Sql, Transaction};
use kernel::{CartId, Fault, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

// Whoever goes on with a cart in this very moment has changed `updated_at`:
// the outer conditions are looked at again after waiting for the row.
static MARK: Sql = Sql::new(|backend| {
    let lock = match backend {
        Backend::Postgres => " FOR UPDATE SKIP LOCKED",
        Backend::Sqlite => "",
    };
    format!(
        "UPDATE carts SET abandoned_at = $2 WHERE tenant_id = $1 AND status = 'open' AND abandoned_at IS NULL \
           AND updated_at < $3 AND id IN (SELECT c.id FROM carts c WHERE c.tenant_id = $1 AND c.status = 'open' \
             AND c.updated_at < $3 AND c.updated_at >= $4 AND c.abandoned_at IS NULL \
             AND (c.email IS NOT NULL OR c.user_id IS NOT NULL) \
             AND EXISTS (SELECT 1 FROM cart_lines l WHERE l.tenant_id = $1 AND l.cart_id = c.id) \
             ORDER BY c.updated_at LIMIT $5{lock}) \
         RETURNING id"
    )
});

/// Marks carts that nobody touched since, though not longer ago than
/// `not_before`; each is marked once. They have something in them and somebody
/// to write to.
pub async fn mark(
    tx: &Transaction,
    idle_since: Timestamp,
    not_before: Timestamp,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<CartId>, Fault> {
    let rows: Vec<IdRow> = tx
        .all(
            MARK.on(tx.backend()),
            [
                now.micros().into(),
                idle_since.micros().into(),
                not_before.micros().into(),
                limit.into(),
            ],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| CartId::from_uuid(row.id))
        .collect())
}

#[derive(FromQueryResult)]
struct MarkRow {
    abandoned_at: Option<i64>,
}

/// When a cart was marked.
pub async fn marked_at(db: &Scoped, cart: CartId) -> Result<Option<Timestamp>, Fault> {
    let row: Option<MarkRow> = db
        .one(
            "SELECT abandoned_at FROM carts WHERE tenant_id = $1 AND id = $2",
            [cart.uuid().into()],
        )
        .await?;
    Ok(row
        .and_then(|row| row.abandoned_at)
        .map(Timestamp::from_micros))
}

/// Whether an order was placed with a mail address since.
pub async fn has_ordered(db: &Scoped, email: &str, since: Timestamp) -> Result<bool, Fault> {
    let row: Option<IdRow> = db
        .one(
            "SELECT id FROM orders WHERE tenant_id = $1 AND email = $2 AND placed_at >= $3 LIMIT 1",
            [email.into(), since.micros().into()],
        )
        .await?;
    Ok(row.is_some())
}
