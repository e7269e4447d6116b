//! Orders and their lines.

use database::{Backend, Scoped, Transaction};
use kernel::{
    CartId, Fault, Money, OrderId, OrderLineId, Page, PageRequest, PaymentId, ProductId, SellerId,
    StockItemId, Timestamp, UserId, VariantId,
};
use orders_model::order::{Order, OrderLine, OrderStatus, PaymentState};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::detail::{Columns, Kind};
use crate::rows::{currency, json, maybe, to_json, to_maybe, word};

/// The unique key that makes one order of one cart, as faults name it.
pub const UNIQUE_CART: &str = "orders(cart_id)";

#[derive(FromQueryResult)]
pub(crate) struct Row {
    id: Uuid,
    number: i64,
    cart_id: Uuid,
    user_id: Option<Uuid>,
    email: String,
    currency: String,
    status: String,
    payment_status: String,
    fulfilment_status: String,
    subtotal: i64,
    shipping: i64,
    fee: i64,
    total: i64,
    tax: i64,
    captured: i64,
    refunded: i64,
    shipping_address: Option<Json>,
    billing_address: Option<Json>,
    shipping_method: Option<String>,
    shipping_method_name: Option<String>,
    return_urls: Json,
    reserved_until: Option<i64>,
    attention: Option<String>,
    carrier: Option<String>,
    tracking_number: Option<String>,
    cancel_reason: Option<String>,
    placed_at: i64,
    paid_at: Option<i64>,
    shipped_at: Option<i64>,
    canceled_at: Option<i64>,
    version: i64,
    updated_at: i64,
}

pub(crate) const COLUMNS: &str = "id, number, cart_id, user_id, email, currency, status, payment_status, fulfilment_status, \
     subtotal, shipping, fee, total, tax, captured, refunded, shipping_address, billing_address, shipping_method, \
     shipping_method_name, return_urls, reserved_until, attention, carrier, tracking_number, cancel_reason, placed_at, \
     paid_at, shipped_at, canceled_at, version, updated_at";

pub(crate) fn read(row: Row) -> Result<Order, Fault> {
    let currency = currency("orders.currency", &row.currency)?;
    let money = |minor| Money::new(minor, currency);
    let at = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    Ok(Order {
        id: OrderId::from_uuid(row.id),
        number: row.number,
        cart: CartId::from_uuid(row.cart_id),
        user: row.user_id.map(UserId::from_uuid),
        email: row.email,
        currency,
        status: word("orders.status", &row.status)?,
        payment_status: word("orders.payment_status", &row.payment_status)?,
        fulfilment_status: word("orders.fulfilment_status", &row.fulfilment_status)?,
        subtotal: money(row.subtotal),
        shipping: money(row.shipping),
        fee: money(row.fee),
        total: money(row.total),
        tax: money(row.tax),
        captured: money(row.captured),
        refunded: money(row.refunded),
        shipping_address: maybe("orders.shipping_address", row.shipping_address)?,
        billing_address: maybe("orders.billing_address", row.billing_address)?,
        shipping_method: row.shipping_method,
        shipping_method_name: row.shipping_method_name,
        return_urls: json("orders.return_urls", row.return_urls)?,
        reserved_until: at(row.reserved_until),
        attention: row.attention,
        carrier: row.carrier,
        tracking_number: row.tracking_number,
        cancel_reason: row.cancel_reason,
        placed_at: Timestamp::from_micros(row.placed_at),
        paid_at: at(row.paid_at),
        shipped_at: at(row.shipped_at),
        canceled_at: at(row.canceled_at),
        version: row.version,
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct LineRow {
    id: Uuid,
    position: i64,
    product_id: Uuid,
    variant_id: Uuid,
    stock_item_id: Option<Uuid>,
    seller_id: Option<Uuid>,
    sku: String,
    name: String,
    options: Json,
    unit_price: i64,
    quantity: i64,
    restocked: i64,
}

pub(crate) const LINE: Columns = &[
    ("id", Kind::Uuid),
    ("position", Kind::Plain),
    ("product_id", Kind::Uuid),
    ("variant_id", Kind::Uuid),
    ("stock_item_id", Kind::Uuid),
    ("seller_id", Kind::Uuid),
    ("sku", Kind::Plain),
    ("name", Kind::Plain),
    ("options", Kind::Json),
    ("unit_price", Kind::Plain),
    ("quantity", Kind::Plain),
    ("restocked", Kind::Plain),
];

/// One order.
pub async fn find(db: &Scoped, id: OrderId) -> Result<Option<Order>, Fault> {
    let row: Option<Row> = db
        .one(
            &format!("SELECT {COLUMNS} FROM orders WHERE tenant_id = $1 AND id = $2"),
            [id.uuid().into()],
        )
        .await?;
    row.map(read).transpose()
}

/// One order that nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: OrderId) -> Result<Option<Order>, Fault> {
    lock_where(tx, "id = $2", id.uuid()).await
}

/// The order that an attempt is to pay, locked like that.
pub async fn lock_of_payment(tx: &Transaction, payment: PaymentId) -> Result<Option<Order>, Fault> {
    let condition = "id = (SELECT order_id FROM payments WHERE tenant_id = $1 AND id = $2)";
    lock_where(tx, condition, payment.uuid()).await
}

async fn lock_where(tx: &Transaction, condition: &str, id: Uuid) -> Result<Option<Order>, Fault> {
    let lock = match tx.backend() {
        Backend::Postgres => " FOR UPDATE",
        Backend::Sqlite => "",
    };
    let row: Option<Row> = tx
        .one(
            &format!("SELECT {COLUMNS} FROM orders WHERE tenant_id = $1 AND {condition}{lock}"),
            [id.into()],
        )
        .await?;
    row.map(read).transpose()
}

/// The lines of an order, in order.
pub async fn lines(db: &Scoped, order: &Order) -> Result<Vec<OrderLine>, Fault> {
    let rows: Vec<LineRow> = db
        .all(
            "SELECT id, position, product_id, variant_id, stock_item_id, seller_id, sku, name, options, unit_price, \
               quantity, restocked FROM order_lines WHERE tenant_id = $1 AND order_id = $2 ORDER BY position",
            [order.id.uuid().into()],
        )
        .await?;
    rows.into_iter().map(|row| read_line(row, order)).collect()
}

pub(crate) fn read_line(row: LineRow, order: &Order) -> Result<OrderLine, Fault> {
    Ok(OrderLine {
        id: OrderLineId::from_uuid(row.id),
        position: row.position,
        product: ProductId::from_uuid(row.product_id),
        variant: VariantId::from_uuid(row.variant_id),
        stock_item: row.stock_item_id.map(StockItemId::from_uuid),
        seller: row.seller_id.map(SellerId::from_uuid),
        sku: row.sku,
        name: row.name,
        options: json("order_lines.options", row.options)?,
        unit_price: Money::new(row.unit_price, order.currency),
        quantity: row.quantity,
        restocked: row.restocked,
    })
}

/// What a new order was numbered.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub struct Number {
    /// The number.
    pub number: i64,
}

/// The name of [`take_number`] in a batch.
pub const TAKEN: &str = "taken";

/// The write that takes the next order number of the tenant, for the batch
/// that adds the order; the first is one more than `after`. All orders of the
/// tenant wait here for each other, so it belongs into the last statement
/// before the commit.
pub fn take_number(after: i64) -> (&'static str, Vec<Value>) {
    (
        "INSERT INTO order_counters (tenant_id, last_number) VALUES ($1, $2 + 1) \
         ON CONFLICT (tenant_id) DO UPDATE SET last_number = order_counters.last_number + 1 \
         RETURNING last_number",
        vec![after.into()],
    )
}

/// The number that was taken before in the same batch.
pub(crate) fn taken(backend: Backend) -> &'static str {
    match backend {
        // The table itself still shows the number before.
        Backend::Postgres => "(SELECT last_number FROM taken)",
        Backend::Sqlite => "(SELECT last_number FROM order_counters WHERE tenant_id = $1)",
    }
}

/// The write that adds an order with the number that was taken, for a batch.
pub fn insert(order: &Order, backend: Backend) -> (String, Vec<Value>) {
    let (status, payment, fulfilment): (&'static str, &'static str, &'static str) = (
        order.status.into(),
        order.payment_status.into(),
        order.fulfilment_status.into(),
    );
    (
        format!(
            "INSERT INTO orders (tenant_id, id, number, cart_id, user_id, email, currency, status, payment_status, \
           fulfilment_status, subtotal, shipping, fee, total, tax, captured, refunded, shipping_address, \
           billing_address, shipping_method, shipping_method_name, return_urls, reserved_until, placed_at, paid_at, \
           version, updated_at) \
         VALUES ($1, $2, {}, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
           $22, $23, $24, $25, $26)",
            taken(backend)
        ),
        vec![
            order.id.uuid().into(),
            order.cart.uuid().into(),
            order.user.map(UserId::uuid).into(),
            order.email.clone().into(),
            order.currency.code().into(),
            status.into(),
            payment.into(),
            fulfilment.into(),
            order.subtotal.minor.into(),
            order.shipping.minor.into(),
            order.fee.minor.into(),
            order.total.minor.into(),
            order.tax.minor.into(),
            order.captured.minor.into(),
            order.refunded.minor.into(),
            to_maybe(order.shipping_address.as_ref()).into(),
            to_maybe(order.billing_address.as_ref()).into(),
            order.shipping_method.clone().into(),
            order.shipping_method_name.clone().into(),
            to_json(&order.return_urls).into(),
            order.reserved_until.map(Timestamp::micros).into(),
            order.placed_at.micros().into(),
            order.paid_at.map(Timestamp::micros).into(),
            order.version.into(),
            order.updated_at.micros().into(),
        ],
    )
}

/// The write that adds the lines of an order, for a batch.
pub fn insert_lines(order: OrderId, lines: &[OrderLine]) -> (String, Vec<Value>) {
    const COLUMNS: usize = 12;
    let mut values: Vec<Value> = vec![order.uuid().into()];
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        let first = values.len() + 2;
        let places: Vec<String> = (first..first + COLUMNS).map(|n| format!("${n}")).collect();
        rows.push(format!("($1, $2, {})", places.join(", ")));
        values.extend([
            line.id.uuid().into(),
            line.position.into(),
            line.product.uuid().into(),
            line.variant.uuid().into(),
            line.stock_item.map(StockItemId::uuid).into(),
            line.seller.map(SellerId::uuid).into(),
            line.sku.clone().into(),
            line.name.clone().into(),
            to_json(&line.options).into(),
            line.unit_price.minor.into(),
            line.quantity.into(),
            line.restocked.into(),
        ]);
    }
    (
        format!(
            "INSERT INTO order_lines (tenant_id, order_id, id, position, product_id, variant_id, stock_item_id, \
               seller_id, sku, name, options, unit_price, quantity, restocked) VALUES {}",
            rows.join(", ")
        ),
        values,
    )
}

/// The write of everything about an order that can change, for a batch. The
/// order must be locked.
pub fn update(order: &Order) -> (&'static str, Vec<Value>) {
    let (status, payment, fulfilment): (&'static str, &'static str, &'static str) = (
        order.status.into(),
        order.payment_status.into(),
        order.fulfilment_status.into(),
    );
    let at = |instant: Option<Timestamp>| instant.map(Timestamp::micros);
    (
        "UPDATE orders SET status = $2, payment_status = $3, fulfilment_status = $4, tax = $5, captured = $6, \
           refunded = $7, reserved_until = $8, attention = $9, carrier = $10, tracking_number = $11, \
           cancel_reason = $12, paid_at = $13, shipped_at = $14, canceled_at = $15, version = $16, updated_at = $17 \
         WHERE tenant_id = $1 AND id = $18",
        vec![
            status.into(),
            payment.into(),
            fulfilment.into(),
            order.tax.minor.into(),
            order.captured.minor.into(),
            order.refunded.minor.into(),
            at(order.reserved_until).into(),
            order.attention.clone().into(),
            order.carrier.clone().into(),
            order.tracking_number.clone().into(),
            order.cancel_reason.clone().into(),
            at(order.paid_at).into(),
            at(order.shipped_at).into(),
            at(order.canceled_at).into(),
            order.version.into(),
            order.updated_at.micros().into(),
            order.id.uuid().into(),
        ],
    )
}

/// Notes that pieces of a line went back into stock, if so many were left.
pub async fn restock_line(
    tx: &Transaction,
    line: OrderLineId,
    quantity: i64,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE order_lines SET restocked = restocked + $2 \
             WHERE tenant_id = $1 AND id = $3 AND restocked + $2 <= quantity",
            [quantity.into(), line.uuid().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Which orders to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of a user.
    pub user: Option<UserId>,
    /// Only those that stand there.
    pub status: Option<OrderStatus>,
    /// Only those whose money stands there.
    pub payment_status: Option<PaymentState>,
    /// Only the one with that number.
    pub number: Option<i64>,
    /// Only those with that mail address.
    pub email: Option<String>,
    /// Only those that somebody should look at.
    pub needs_attention: bool,
}

/// Orders, newest first.
pub async fn list(
    db: &Scoped,
    filter: &Filter,
    page: PageRequest<OrderId>,
) -> Result<Page<Order, OrderId>, Fault> {
    let mut conditions = vec!["tenant_id = $1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace('?', &format!("${}", values.len() + 1)));
    };
    if let Some(user) = filter.user {
        add("user_id = ?", user.uuid().into());
    }
    if let Some(status) = filter.status {
        let status: &'static str = status.into();
        add("status = ?", status.into());
    }
    if let Some(status) = filter.payment_status {
        let status: &'static str = status.into();
        add("payment_status = ?", status.into());
    }
    if let Some(number) = filter.number {
        add("number = ?", number.into());
    }
    if let Some(email) = &filter.email {
        add("email = ?", email.clone().into());
    }
    if let Some(after) = page.after {
        add("id < ?", after.uuid().into());
    }
    if filter.needs_attention {
        conditions.push("attention IS NOT NULL".to_owned());
    }
    values.push(i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into());
    let sql = format!(
        "SELECT {COLUMNS} FROM orders WHERE {} ORDER BY id DESC LIMIT ${}",
        conditions.join(" AND "),
        values.len() + 1
    );
    let rows: Vec<Row> = db.all(&sql, values).await?;
    let orders = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(orders, page.limit, |order| order.id))
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Pending orders whose reservation has run out.
pub async fn with_expired_reservation(
    db: &Scoped,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<OrderId>, Fault> {
    ids(
        db,
        "SELECT id FROM orders WHERE tenant_id = $1 AND reserved_until IS NOT NULL AND reserved_until <= $2 \
         ORDER BY reserved_until LIMIT $3",
        now,
        limit,
    )
    .await
}

/// Orders that were placed before and are still not paid.
pub async fn pending_since(
    db: &Scoped,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<OrderId>, Fault> {
    ids(
        db,
        "SELECT id FROM orders WHERE tenant_id = $1 AND status = 'pending' AND placed_at <= $2 \
           AND payment_status <> 'processing' AND captured <= refunded ORDER BY placed_at LIMIT $3",
        before,
        limit,
    )
    .await
}

async fn ids(db: &Scoped, sql: &str, before: Timestamp, limit: i64) -> Result<Vec<OrderId>, Fault> {
    let rows: Vec<IdRow> = db.all(sql, [before.micros().into(), limit.into()]).await?;
    Ok(rows
        .into_iter()
        .map(|row| OrderId::from_uuid(row.id))
        .collect())
}
