//! What orders have been promised of piles.

use database::Transaction;
use kernel::{Fault, OrderId, StockItemId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// What an order has been promised of a pile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reservation {
    /// Of which pile.
    pub item: StockItemId,
    /// How many.
    pub quantity: i64,
    /// How many of them are not there.
    pub owed: i64,
}

#[derive(FromQueryResult)]
struct Row {
    stock_item_id: Uuid,
    quantity: i64,
    owed: i64,
}

/// The write that notes what an order has been promised, until when, for a
/// batch. There must be something. What is `sold` is owed to an order that is
/// paid, and waits for the goods instead of for the money.
pub fn insert(
    order: OrderId,
    reservations: &[Reservation],
    sold: bool,
    until: Timestamp,
) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![order.uuid().into(), until.micros().into(), sold.into()];
    let mut rows = Vec::with_capacity(reservations.len());
    for one in reservations {
        let n = values.len() + 2;
        rows.push(format!("($1, $2, ${n}, ${}, ${}, $3, $4)", n + 1, n + 2));
        values.extend([one.item.uuid().into(), one.quantity.into(), one.owed.into()]);
    }
    (
        format!(
            "INSERT INTO stock_reservations (tenant_id, order_id, stock_item_id, quantity, owed, expires_at, sold) VALUES {}",
            rows.join(", ")
        ),
        values,
    )
}

/// Takes away what an order was promised until it is paid, and tells what it
/// was, sorted by pile. Whoever gets it has to sell or release it; a second
/// caller gets nothing.
pub async fn take(tx: &Transaction, order: OrderId) -> Result<Vec<Reservation>, Fault> {
    let rows: Vec<Row> = tx
        .all(
            "DELETE FROM stock_reservations WHERE tenant_id = $1 AND order_id = $2 AND NOT sold \
             RETURNING stock_item_id, quantity, owed",
            [order.uuid().into()],
        )
        .await?;
    let mut taken: Vec<Reservation> = rows.into_iter().map(Reservation::from).collect();
    taken.sort_unstable();
    Ok(taken)
}

impl From<Row> for Reservation {
    fn from(row: Row) -> Self {
        Self {
            item: StockItemId::from_uuid(row.stock_item_id),
            quantity: row.quantity,
            owed: row.owed,
        }
    }
}

/// Takes away a part of what a paid order still waits for; false when it does
/// not wait for that many.
pub async fn settle_owed(
    tx: &Transaction,
    order: OrderId,
    item: StockItemId,
    quantity: i64,
) -> Result<bool, Fault> {
    let all = tx
        .run(
            "DELETE FROM stock_reservations \
             WHERE tenant_id = $1 AND order_id = $2 AND stock_item_id = $3 AND sold AND quantity = $4",
            [
                order.uuid().into(),
                item.uuid().into(),
                quantity.into(),
            ],
        )
        .await?;
    if all == 1 {
        return Ok(true);
    }
    let some = tx
        .run(
            "UPDATE stock_reservations SET quantity = quantity - $4, owed = owed - $4 \
             WHERE tenant_id = $1 AND order_id = $2 AND stock_item_id = $3 AND sold AND quantity > $4",
            [
                order.uuid().into(),
                item.uuid().into(),
                quantity.into(),
            ],
        )
        .await?;
    Ok(some == 1)
}
