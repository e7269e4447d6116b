//! What sellers sold, and orders as one of their sellers sees them.

use database::column::{Stored, currency, word};
use database::{Backend, Scoped, Sql};
use kernel::{Fault, Money, OrderId, Page, PageRequest, SellerId, Timestamp};
use orders_model::address::Address;
use orders_model::sales::{Period, Sales, SellerOrder};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::lines;

#[derive(FromQueryResult)]
struct SalesRow {
    seller_id: Option<Uuid>,
    currency: String,
    orders: i64,
    pieces: i64,
    gross: i64,
    discounts: i64,
    refunds: i64,
    fees: i64,
    fees_from_buyers: i64,
}

/// Sales by the time of payment, and what went back by the time it was
/// promised. A fee that is in the total of its order was paid by the buyer.
const SALES: &str = "\
    SELECT x.seller_id, x.currency, CAST(sum(x.orders) AS bigint) AS orders, CAST(sum(x.pieces) AS bigint) AS pieces, \
      CAST(sum(x.gross) AS bigint) AS gross, CAST(sum(x.discounts) AS bigint) AS discounts, \
      CAST(sum(x.refunds) AS bigint) AS refunds, CAST(sum(x.fees) AS bigint) AS fees, \
      CAST(sum(CASE WHEN x.on_top THEN x.fees ELSE 0 END) AS bigint) AS fees_from_buyers \
    FROM (SELECT l.seller_id, o.currency, 1 AS orders, sum(l.quantity) AS pieces, \
            sum(l.unit_price * l.quantity) AS gross, sum(l.discount) AS discounts, 0 AS refunds, sum(l.fee) AS fees, \
            o.total > o.subtotal - o.discount + o.shipping AS on_top \
          FROM orders o JOIN order_lines l ON l.tenant_id = o.tenant_id AND l.order_id = o.id \
          WHERE o.tenant_id = $1 AND o.paid_at >= $2 AND o.paid_at < $3 AND ($4 IS NULL OR l.seller_id = $4) \
          GROUP BY l.seller_id, o.id, o.currency, o.total, o.subtotal, o.discount, o.shipping \
          UNION ALL \
          SELECT r.seller_id, o.currency, 0, 0, 0, 0, r.amount, -r.fee, \
            o.total > o.subtotal - o.discount + o.shipping \
          FROM refund_shares r JOIN orders o ON o.tenant_id = r.tenant_id AND o.id = r.order_id \
          WHERE r.tenant_id = $1 AND r.created_at >= $2 AND r.created_at < $3 AND r.line_id IS NOT NULL \
            AND ($4 IS NULL OR r.seller_id = $4)) x \
    GROUP BY x.seller_id, x.currency ORDER BY x.currency, x.seller_id";

/// What one seller sold, or all of them and the shop itself, in one statement.
pub async fn of(
    db: &Scoped,
    seller: Option<SellerId>,
    period: &Period,
) -> Result<Vec<Sales>, Fault> {
    let rows: Vec<SalesRow> = db
        .all(
            SALES,
            [
                period.begin.micros().into(),
                period.end.micros().into(),
                seller.map(SellerId::uuid).into(),
            ],
        )
        .await?;
    rows.iter().map(sales).collect()
}

fn sales(row: &SalesRow) -> Result<Sales, Fault> {
    let currency = currency("orders.currency", &row.currency)?;
    let money = |minor| Money::new(minor, currency);
    Ok(Sales {
        seller: row.seller_id.map(SellerId::from_uuid),
        orders: row.orders,
        pieces: row.pieces,
        gross: money(row.gross),
        discounts: money(row.discounts),
        refunds: money(row.refunds),
        fees: money(row.fees),
        fees_from_buyers: money(row.fees_from_buyers),
    })
}

#[derive(FromQueryResult)]
struct OrderRow {
    id: Uuid,
    number: i64,
    status: String,
    fulfilment_status: String,
    currency: String,
    placed_at: i64,
    paid_at: Option<i64>,
    shipping_address: Option<Stored<Address>>,
    shipping_method_name: Option<String>,
    lines: Stored<Vec<lines::Row>>,
}

static LIST: Sql = Sql::new(|backend| {
    let page = "o.id IN (SELECT order_id FROM order_lines WHERE tenant_id = $1 AND seller_id = $2) \
                AND ($3 IS NULL OR o.id < $3) ORDER BY o.id DESC LIMIT $4";
    select(backend, page)
});
static FIND: Sql = Sql::new(|backend| {
    let one = "o.id = $3 AND EXISTS (SELECT 1 FROM order_lines l \
                WHERE l.tenant_id = $1 AND l.order_id = o.id AND l.seller_id = $2)";
    select(backend, one)
});

/// Where the goods go is shown from when they are paid for until they are not
/// to be sent any more.
fn select(backend: Backend, condition: &str) -> String {
    let own = lines::TABLE.some_of_order(backend, "position", " AND x.seller_id = $2");
    format!(
        "SELECT o.id, o.number, o.status, o.fulfilment_status, o.currency, o.placed_at, o.paid_at, \
           CASE WHEN o.status IN ('paid', 'shipped') THEN o.shipping_address END AS shipping_address, \
           o.shipping_method_name, {own} AS lines \
         FROM orders o WHERE o.tenant_id = $1 AND {condition}"
    )
}

/// Orders with lines of a seller, newest first, in one statement.
pub async fn orders(
    db: &Scoped,
    seller: SellerId,
    page: PageRequest<OrderId>,
) -> Result<Page<SellerOrder, OrderId>, Fault> {
    let values: [Value; 3] = [
        seller.uuid().into(),
        page.after.map(OrderId::uuid).into(),
        i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
    ];
    let rows: Vec<OrderRow> = db.all(LIST.on(db.backend()), values).await?;
    let orders = rows.into_iter().map(order).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(orders, page.limit, |order| order.id))
}

/// One order with lines of a seller.
pub async fn find(
    db: &Scoped,
    seller: SellerId,
    id: OrderId,
) -> Result<Option<SellerOrder>, Fault> {
    let values: [Value; 2] = [seller.uuid().into(), id.uuid().into()];
    let row: Option<OrderRow> = db.one(FIND.on(db.backend()), values).await?;
    row.map(order).transpose()
}

fn order(row: OrderRow) -> Result<SellerOrder, Fault> {
    let currency = currency("orders.currency", &row.currency)?;
    Ok(SellerOrder {
        id: OrderId::from_uuid(row.id),
        number: row.number,
        status: word("orders.status", &row.status)?,
        fulfilment_status: word("orders.fulfilment_status", &row.fulfilment_status)?,
        placed_at: Timestamp::from_micros(row.placed_at),
        paid_at: row.paid_at.map(Timestamp::from_micros),
        shipping_address: row.shipping_address.map(|Stored(address)| address),
        shipping_method: row.shipping_method_name,
        lines: row
            .lines
            .0
            .into_iter()
            .map(|line| lines::read(line, currency))
            .collect(),
    })
}
