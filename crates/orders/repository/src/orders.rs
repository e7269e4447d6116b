//! Orders.

use std::sync::LazyLock;
use std::time::Duration;

use database::column::{Stored, currency, to_json, to_maybe, word};
use database::{Backend, Scoped, Sql, Transaction};
use kernel::{CartId, Fault, Money, OrderId, PaymentId, Timestamp, UserId};
use orders_model::address::Address;
use orders_model::order::{Order, ReturnUrls};
use orders_model::promotion::apply::AppliedPromotion;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::numbers::taken;

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
    discount: i64,
    shipping: i64,
    shipping_discount: i64,
    fee: i64,
    total: i64,
    tax: i64,
    captured: i64,
    refunded: i64,
    shipping_address: Option<Stored<Address>>,
    billing_address: Option<Stored<Address>>,
    shipping_method: Option<String>,
    shipping_method_name: Option<String>,
    promotions: Option<Stored<Vec<AppliedPromotion>>>,
    return_urls: Stored<ReturnUrls>,
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
    dispute: Option<String>,
    exchange_of: Option<Uuid>,
    exchange_credit: i64,
    exchanged: i64,
    credit_back: i64,
    wallet_credit: i64,
}

pub(crate) const COLUMNS: &str = "id, number, cart_id, user_id, email, currency, status, payment_status, fulfilment_status, \
     subtotal, discount, shipping, shipping_discount, fee, total, tax, captured, refunded, shipping_address, \
     billing_address, shipping_method, shipping_method_name, promotions, return_urls, reserved_until, attention, carrier, \
     tracking_number, cancel_reason, placed_at, paid_at, shipped_at, canceled_at, version, updated_at, dispute, \
     exchange_of, exchange_credit, exchanged, credit_back, wallet_credit";

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
        discount: money(row.discount),
        shipping: money(row.shipping),
        shipping_discount: money(row.shipping_discount),
        fee: money(row.fee),
        total: money(row.total),
        tax: money(row.tax),
        captured: money(row.captured),
        refunded: money(row.refunded),
        shipping_address: row.shipping_address.map(|Stored(address)| address),
        billing_address: row.billing_address.map(|Stored(address)| address),
        shipping_method: row.shipping_method,
        shipping_method_name: row.shipping_method_name,
        promotions: row
            .promotions
            .map(|Stored(applied)| applied)
            .unwrap_or_default(),
        return_urls: row.return_urls.0,
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
        dispute: row
            .dispute
            .map(|text| word("orders.dispute", &text))
            .transpose()?,
        exchange_of: row.exchange_of.map(OrderId::from_uuid),
        exchange_credit: money(row.exchange_credit),
        exchanged: money(row.exchanged),
        credit_back: money(row.credit_back),
        wallet_credit: money(row.wallet_credit),
    })
}

static FIND: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM orders WHERE tenant_id = $1 AND id = $2"));
static LOCK: Sql = Sql::new(|backend| lock_where(backend, "id = $2"));
static LOCK_OF_PAYMENT: Sql = Sql::new(|backend| {
    let condition = "id = (SELECT order_id FROM payments WHERE tenant_id = $1 AND id = $2)";
    lock_where(backend, condition)
});

/// One order.
pub async fn find(db: &Scoped, id: OrderId) -> Result<Option<Order>, Fault> {
    one(db, &FIND, id.uuid()).await
}

/// One order that nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: OrderId) -> Result<Option<Order>, Fault> {
    one(tx, LOCK.on(tx.backend()), id.uuid()).await
}

/// The order that an attempt is to pay, locked like that.
pub async fn lock_of_payment(tx: &Transaction, payment: PaymentId) -> Result<Option<Order>, Fault> {
    one(tx, LOCK_OF_PAYMENT.on(tx.backend()), payment.uuid()).await
}

fn lock_where(backend: Backend, condition: &str) -> String {
    let lock = match backend {
        Backend::Postgres => " FOR UPDATE",
        Backend::Sqlite => "",
    };
    format!("SELECT {COLUMNS} FROM orders WHERE tenant_id = $1 AND {condition}{lock}")
}

async fn one(db: &Scoped, sql: &str, id: Uuid) -> Result<Option<Order>, Fault> {
    let row: Option<Row> = db.one(sql, [id.into()]).await?;
    row.map(read).transpose()
}

static INSERT: Sql = Sql::new(|backend| {
    format!(
        "INSERT INTO orders (tenant_id, id, number, cart_id, user_id, email, currency, status, payment_status, \
           fulfilment_status, subtotal, shipping, fee, total, tax, captured, refunded, shipping_address, \
           billing_address, shipping_method, shipping_method_name, return_urls, reserved_until, placed_at, paid_at, \
           version, updated_at, discount, shipping_discount, promotions, exchange_of, exchange_credit, \
           wallet_credit) \
         VALUES ($1, $2, {}, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
           $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)",
        taken(backend)
    )
});

/// The write that adds an order with the number that was taken, for a batch.
pub fn insert(order: &Order, backend: Backend) -> (&'static str, Vec<Value>) {
    let (status, payment, fulfilment): (&'static str, &'static str, &'static str) = (
        order.status.into(),
        order.payment_status.into(),
        order.fulfilment_status.into(),
    );
    (
        INSERT.on(backend),
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
            order.discount.minor.into(),
            order.shipping_discount.minor.into(),
            to_maybe(promotions_of(order)).into(),
            order.exchange_of.map(OrderId::uuid).into(),
            order.exchange_credit.minor.into(),
            order.wallet_credit.minor.into(),
        ],
    )
}

fn promotions_of(order: &Order) -> Option<&Vec<AppliedPromotion>> {
    (!order.promotions.is_empty()).then_some(&order.promotions)
}

/// The write of what an edit changes besides what [`update`] writes: amounts,
/// the wallet's share, addresses, shipping method and promotions. For a batch of its own, because
/// it touches the same row; the order must be locked.
pub fn update_contents(order: &Order) -> (&'static str, Vec<Value>) {
    (
        "UPDATE orders SET subtotal = $2, discount = $3, shipping = $4, shipping_discount = $5, fee = $6, total = $7, \
           shipping_address = $8, billing_address = $9, shipping_method = $10, shipping_method_name = $11, \
           promotions = $12, wallet_credit = $13 WHERE tenant_id = $1 AND id = $14",
        vec![
            order.subtotal.minor.into(),
            order.discount.minor.into(),
            order.shipping.minor.into(),
            order.shipping_discount.minor.into(),
            order.fee.minor.into(),
            order.total.minor.into(),
            to_maybe(order.shipping_address.as_ref()).into(),
            to_maybe(order.billing_address.as_ref()).into(),
            order.shipping_method.clone().into(),
            order.shipping_method_name.clone().into(),
            to_maybe(promotions_of(order)).into(),
            order.wallet_credit.minor.into(),
            order.id.uuid().into(),
        ],
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
           cancel_reason = $12, paid_at = $13, shipped_at = $14, canceled_at = $15, version = $16, updated_at = $17, \
           dispute = $18, exchange_credit = $19, exchanged = $20, credit_back = $21 WHERE tenant_id = $1 AND id = $22",
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
            order.dispute.map(<&'static str>::from).into(),
            order.exchange_credit.minor.into(),
            order.exchanged.minor.into(),
            order.credit_back.minor.into(),
            order.id.uuid().into(),
        ],
    )
}

/// The same write, as the last one of a batch that adds an order; it returns
/// the number that order got.
pub fn update_for_number(order: &Order, backend: Backend) -> (String, Vec<Value>) {
    let (sql, values) = update(order);
    (
        format!("{sql} RETURNING {} AS number", taken(backend)),
        values,
    )
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Orders whose reserved stock was to be held until an earlier time; those
/// after one, by id.
pub async fn with_expired_reservation(
    db: &Scoped,
    now: Timestamp,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<OrderId>, Fault> {
    ids(
        db,
        "SELECT id FROM orders WHERE tenant_id = $1 AND reserved_until IS NOT NULL AND reserved_until <= $2 \
           AND id > $3 ORDER BY id LIMIT $4",
        now,
        after,
        limit,
    )
    .await
}

#[derive(FromQueryResult)]
struct EndRow {
    at: i64,
}

/// When reservations end after `from` and not after `to`, rounded up to
/// multiples of `round`, each time once.
pub async fn reservations_ending(
    db: &Scoped,
    from: Timestamp,
    to: Timestamp,
    round: Duration,
) -> Result<Vec<Timestamp>, Fault> {
    let round = i64::try_from(round.as_micros()).unwrap_or(i64::MAX);
    let rows: Vec<EndRow> = db
        .all(
            "SELECT DISTINCT (reserved_until + $4 - 1) / $4 * $4 AS at FROM orders \
             WHERE tenant_id = $1 AND reserved_until IS NOT NULL AND reserved_until > $2 AND reserved_until <= $3 \
             ORDER BY at",
            [from.micros().into(), to.micros().into(), round.into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Timestamp::from_micros(row.at))
        .collect())
}

/// Orders that were placed before and are still not paid, exchanges if they were
/// made before `exchanges`; those after one, by id.
pub async fn pending_since(
    db: &Scoped,
    before: Timestamp,
    exchanges: Timestamp,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<OrderId>, Fault> {
    let after = after.map_or_else(Uuid::nil, kernel::Id::uuid);
    let rows: Vec<IdRow> = db
        .all(
            "SELECT id FROM orders WHERE tenant_id = $1 AND status = 'pending' \
               AND placed_at <= CASE WHEN exchange_of IS NULL THEN $2 ELSE $3 END \
               AND payment_status <> 'processing' AND captured <= refunded AND id > $4 ORDER BY id LIMIT $5",
            [
                before.micros().into(),
                exchanges.micros().into(),
                after.into(),
                limit.into(),
            ],
        )
        .await?;
    let rows = rows.into_iter();
    Ok(rows.map(|row| OrderId::from_uuid(row.id)).collect())
}

async fn ids(
    db: &Scoped,
    sql: &str,
    before: Timestamp,
    after: Option<OrderId>,
    limit: i64,
) -> Result<Vec<OrderId>, Fault> {
    let after = after.map_or_else(Uuid::nil, kernel::Id::uuid);
    let rows: Vec<IdRow> = db
        .all(sql, [before.micros().into(), after.into(), limit.into()])
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| OrderId::from_uuid(row.id))
        .collect())
}
