//! What of orders is counted, page by page.

use std::sync::LazyLock;

use database::Scoped;
use kernel::{Fault, OrderId, RefundId};
use orders_model::order::Order;
use orders_model::refund::Refund;

use crate::{orders, refunds};

static PAID: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM orders WHERE tenant_id = $1 AND id > $2 AND paid_at IS NOT NULL ORDER BY id LIMIT $3",
        orders::COLUMNS
    )
});

/// Paid orders after one, in the order of their ids.
pub async fn paid_after(db: &Scoped, after: OrderId, limit: i64) -> Result<Vec<Order>, Fault> {
    let rows: Vec<orders::Row> = db.all(&PAID, [after.uuid().into(), limit.into()]).await?;
    rows.into_iter().map(orders::read).collect()
}

static REFUNDED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} AND id > $2 AND status = 'succeeded' ORDER BY id LIMIT $3",
        refunds::TABLE.select()
    )
});

/// Refunds that succeeded after one, in the order of their ids.
pub async fn refunds_after(db: &Scoped, after: RefundId, limit: i64) -> Result<Vec<Refund>, Fault> {
    let rows: Vec<refunds::Row> = db
        .all(&REFUNDED, [after.uuid().into(), limit.into()])
        .await?;
    rows.into_iter().map(refunds::read).collect()
}
