//! What orders know about people, and forgetting it.

use database::column::to_maybe;
use database::{Scoped, Transaction};
use kernel::{CartId, Fault, OrderId, Timestamp, UserId};
use orders_model::address::Address;
use orders_model::order::{NOBODY, Order};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::{returns, words};

/// Whose orders: an account's, and those a guest placed with an address.
pub struct Whose<'a> {
    /// The account.
    pub user: UserId,
    /// The address, in lower case.
    pub email: Option<&'a str>,
}

impl Whose<'_> {
    fn values(&self) -> Vec<Value> {
        vec![
            self.user.uuid().into(),
            self.email.map(str::to_owned).into(),
        ]
    }
}

/// Rows of an account or of a guest with the address: `$2` and `$3`.
const THEIRS: &str = "(user_id = $2 OR (user_id IS NULL AND $3 IS NOT NULL AND lower(email) = $3))";

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

#[derive(FromQueryResult)]
struct NumberRow {
    number: i64,
}

/// The ids of all their orders, oldest first.
pub async fn orders_of(db: &Scoped, whose: &Whose<'_>) -> Result<Vec<OrderId>, Fault> {
    let rows: Vec<IdRow> = db
        .all(
            &format!("SELECT id FROM orders WHERE tenant_id = $1 AND {THEIRS} ORDER BY id"),
            whose.values(),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| OrderId::from_uuid(row.id))
        .collect())
}

/// The number of one of their orders that is not done: not paid, not wholly
/// sent, with goods that are to come back, with money that is about to go back,
/// or disputed.
pub async fn in_progress(db: &Scoped, whose: &Whose<'_>) -> Result<Option<i64>, Fault> {
    let row: Option<NumberRow> = db
        .one(
            &format!(
                "SELECT number FROM orders o WHERE tenant_id = $1 AND {THEIRS} AND ( \
                   status = 'pending' OR payment_status = 'processing' \
                   OR (status = 'paid' AND fulfilment_status IN ('unfulfilled', 'partial') AND payment_status <> 'refunded') \
                   OR dispute = 'open' \
                   OR EXISTS (SELECT 1 FROM returns b WHERE b.tenant_id = o.tenant_id AND b.order_id = o.id \
                              AND (b.status IN ('requested', 'approved') OR (b.status = 'received' AND b.kind = 'refund'))) \
                   OR EXISTS (SELECT 1 FROM refunds r WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id \
                              AND r.status = 'pending')) \
                 ORDER BY number LIMIT 1"
            ),
            whose.values(),
        )
        .await?;
    Ok(row.map(|row| row.number))
}

/// The ids of all their carts, oldest first.
pub async fn carts_of(db: &Scoped, whose: &Whose<'_>) -> Result<Vec<CartId>, Fault> {
    let rows: Vec<IdRow> = db
        .all(
            &format!("SELECT id FROM carts WHERE tenant_id = $1 AND {THEIRS} ORDER BY id"),
            whose.values(),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| CartId::from_uuid(row.id))
        .collect())
}

/// Deletes the addresses they keep.
pub async fn delete_address_book(tx: &Transaction, user: UserId) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM saved_addresses WHERE tenant_id = $1 AND user_id = $2",
        "DELETE FROM address_books WHERE tenant_id = $1 AND user_id = $2",
    ] {
        tx.run(sql, [user.uuid().into()]).await?;
    }
    Ok(())
}

/// Takes the address out of the promotions that an order uses, and out of what
/// counts uses by customer, unless another order with the address counts there
/// too. What counts uses of accounts stays: it holds an id that is nobody any
/// more.
async fn erase_redemptions(tx: &Transaction, order: OrderId) -> Result<(), Fault> {
    for sql in [
        "DELETE FROM promotion_customers WHERE tenant_id = $1 AND EXISTS ( \
           SELECT 1 FROM promotion_redemptions r WHERE r.tenant_id = $1 AND r.order_id = $2 \
             AND r.promotion_id = promotion_customers.promotion_id AND lower(r.email) = promotion_customers.customer) \
         AND NOT EXISTS ( \
           SELECT 1 FROM promotion_redemptions o WHERE o.tenant_id = $1 AND o.order_id <> $2 AND o.released_at IS NULL \
             AND o.promotion_id = promotion_customers.promotion_id AND lower(o.email) = promotion_customers.customer)",
        &format!(
            "UPDATE promotion_redemptions SET email = '{NOBODY}' WHERE tenant_id = $1 AND order_id = $2"
        ),
    ] {
        tx.run(sql, [order.uuid().into()]).await?;
    }
    Ok(())
}

/// Deletes their carts, with the lines.
pub async fn delete_carts(tx: &Transaction, whose: &Whose<'_>) -> Result<u64, Fault> {
    tx.run(
        &format!("DELETE FROM carts WHERE tenant_id = $1 AND {THEIRS}"),
        whose.values(),
    )
    .await
}

/// Takes the person out of an order that is locked; what stays is who was
/// billed, if that is given.
pub async fn erase_order(
    tx: &Transaction,
    order: &Order,
    billed: Option<&Address>,
    now: Timestamp,
) -> Result<(), Fault> {
    let id = order.id.uuid();
    tx.run(
        &format!(
            "UPDATE orders SET email = '{NOBODY}', shipping_address = NULL, billing_address = $3, \
               tracking_number = NULL, cancel_reason = NULL, version = version + 1, updated_at = $4 \
             WHERE tenant_id = $1 AND id = $2"
        ),
        [id.into(), to_maybe(billed).into(), now.micros().into()],
    )
    .await?;
    words::forget(tx, order).await?;
    erase_redemptions(tx, order.id).await?;
    for sql in [
        "UPDATE refunds SET reason = '(erased)' WHERE tenant_id = $1 AND order_id = $2",
        "UPDATE shipments SET tracking_number = NULL, tracking_url = NULL WHERE tenant_id = $1 AND order_id = $2",
        "UPDATE returns SET note = NULL WHERE tenant_id = $1 AND order_id = $2",
        "DELETE FROM order_notes WHERE tenant_id = $1 AND order_id = $2",
    ] {
        tx.run(sql, [id.into()]).await?;
    }
    for mut found in returns::of_order(tx, order).await? {
        found.decision = None;
        for line in &mut found.lines {
            line.comment = None;
        }
        let (sql, values) = returns::update(&found);
        tx.run(sql, values).await?;
    }
    Ok(())
}

/// Notes until when it is kept who was billed.
pub async fn keep_until(tx: &Transaction, id: OrderId, until: Timestamp) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO kept_invoices (tenant_id, order_id, until) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [id.uuid().into(), until.micros().into()],
    )
    .await
    .map(|_| ())
}

/// Forgets who was billed where that need not be known any longer; how many
/// orders.
pub async fn forget_due(tx: &Transaction, now: Timestamp) -> Result<u64, Fault> {
    tx.run(
        "UPDATE orders SET billing_address = NULL, version = version + 1, updated_at = $2 \
         WHERE tenant_id = $1 AND id IN (SELECT order_id FROM kept_invoices WHERE tenant_id = $1 AND until <= $2)",
        [now.micros().into()],
    )
    .await?;
    tx.run(
        "DELETE FROM kept_invoices WHERE tenant_id = $1 AND until <= $2",
        [now.micros().into()],
    )
    .await
}
