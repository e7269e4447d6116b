//! How money that goes back was spread over the parts of orders. Rows are
//! added and never changed: money that stays after all is a row of its own.

use database::Scoped;
use kernel::{Fault, OrderId, OrderLineId, RefundId, SellerId, Timestamp};
use orders_model::shares::{Cause, Given, Share};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    part: i64,
    amount: i64,
    fee: i64,
}

/// What went back of an order so far. The order is locked.
pub async fn of(db: &Scoped, order: OrderId) -> Result<Vec<Given>, Fault> {
    let rows: Vec<Row> = db
        .all(
            "SELECT part, CAST(sum(amount) AS bigint) AS amount, CAST(sum(fee) AS bigint) AS fee FROM refund_shares \
             WHERE tenant_id = $1 AND order_id = $2 GROUP BY part",
            [order.uuid().into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Given {
            part: row.part,
            amount: row.amount,
            fee: row.fee,
        })
        .collect())
}

fn uuid_of(cause: Cause) -> Uuid {
    match cause {
        Cause::Refund(id) => id.uuid(),
        Cause::Exchange(id) => id.uuid(),
    }
}

/// The write that adds shares, for a batch; none when there are none.
pub fn insert(
    order: OrderId,
    cause: Cause,
    shares: &[Share],
    now: Timestamp,
) -> Option<(String, Vec<Value>)> {
    if shares.is_empty() {
        return None;
    }
    let mut values: Vec<Value> = vec![
        order.uuid().into(),
        uuid_of(cause).into(),
        now.micros().into(),
    ];
    let mut rows = Vec::with_capacity(shares.len());
    for share in shares {
        let row: [Value; 5] = [
            share.part.place.into(),
            share.part.line.map(OrderLineId::uuid).into(),
            share.part.seller.map(SellerId::uuid).into(),
            share.amount.into(),
            share.fee.into(),
        ];
        let first = values.len() + 2;
        let places: Vec<String> = (first..first + row.len())
            .map(|n| format!("${n}"))
            .collect();
        rows.push(format!("($1, $2, $3, 0, {}, $4)", places.join(", ")));
        values.extend(row);
    }
    let sql = format!(
        "INSERT INTO refund_shares (tenant_id, order_id, cause, step, part, line_id, seller_id, amount, fee, created_at) \
         VALUES {}",
        rows.join(", ")
    );
    Some((sql, values))
}

/// The write that notes money of the shop that goes back: what came for an
/// order that was not sold, or came twice.
pub fn insert_of_shop(
    order: OrderId,
    refund: RefundId,
    amount: i64,
    now: Timestamp,
) -> (&'static str, Vec<Value>) {
    (
        "INSERT INTO refund_shares (tenant_id, order_id, cause, step, part, amount, fee, created_at) \
         VALUES ($1, $2, $3, 0, 0, $4, 0, $5)",
        vec![
            order.uuid().into(),
            refund.uuid().into(),
            amount.into(),
            now.micros().into(),
        ],
    )
}

/// The write that takes shares back, because the money stays after all.
pub fn take_back(order: OrderId, cause: Cause, now: Timestamp) -> (&'static str, Vec<Value>) {
    (
        "INSERT INTO refund_shares (tenant_id, order_id, cause, step, part, line_id, seller_id, amount, fee, created_at) \
         SELECT s.tenant_id, s.order_id, s.cause, 1, s.part, s.line_id, s.seller_id, -s.amount, -s.fee, $4 \
         FROM refund_shares s WHERE s.tenant_id = $1 AND s.order_id = $2 AND s.cause = $3 AND s.step = 0",
        vec![
            order.uuid().into(),
            uuid_of(cause).into(),
            now.micros().into(),
        ],
    )
}
