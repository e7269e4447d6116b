//! Carts.

use std::sync::LazyLock;

use database::column::{Stored, currency, to_maybe, word};
use database::{Backend, OrFault as _, Scoped, Sql, Transaction};
use kernel::{CartId, CartLineId, Fault, OrderId, Timestamp, UserId, VariantId};
use orders_model::address::Address;
use orders_model::cart::{Cart, CartCoupon, CartLine, CartStatus};
use sea_orm::{FromQueryResult, QueryResult, Value};
use uuid::Uuid;

use crate::numbers::taken;

/// The unique key that lets a user have one open cart, as faults name it.
pub const UNIQUE_USER: &str = "carts(user_id)";

/// The cart, which every row of the query repeats.
#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    user_id: Option<Uuid>,
    currency: String,
    status: String,
    email: Option<String>,
    shipping_address: Option<Stored<Address>>,
    billing_address: Option<Stored<Address>>,
    shipping_method: Option<String>,
    coupons: Option<Stored<Vec<CartCoupon>>>,
    seen_discount: i64,
    order_id: Option<Uuid>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

/// One line; its columns begin with `l_`.
#[derive(FromQueryResult)]
struct LineRow {
    id: Uuid,
    variant_id: Uuid,
    quantity: i64,
    seen_price: i64,
}

const SELECT: &str = "SELECT c.id, c.user_id, c.currency, c.status, c.email, c.shipping_address, c.billing_address, \
       c.shipping_method, c.coupons, c.seen_discount, c.order_id, c.version, c.created_at, c.updated_at, \
       l.id AS l_id, l.variant_id AS l_variant_id, l.quantity AS l_quantity, l.seen_price AS l_seen_price \
     FROM carts c LEFT JOIN cart_lines l ON l.tenant_id = $1 AND l.cart_id = c.id";

static FIND: LazyLock<String> =
    LazyLock::new(|| format!("{SELECT} WHERE c.tenant_id = $1 AND c.id = $2 ORDER BY l.id"));
static FIND_OPEN_OF: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{SELECT} WHERE c.tenant_id = $1 AND c.user_id = $2 AND c.status = 'open' ORDER BY l.id"
    )
});

fn assemble(rows: &[QueryResult]) -> Result<Option<Cart>, Fault> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let mut cart = read(Row::from_query_result(first, "").or_fault()?)?;
    for row in rows {
        // A cart without lines has one row, with none.
        let line = Option::<LineRow>::from_query_result(row, "l_").or_fault()?;
        cart.lines.extend(line.map(|line| CartLine {
            id: CartLineId::from_uuid(line.id),
            variant: VariantId::from_uuid(line.variant_id),
            quantity: line.quantity,
            seen_price: line.seen_price,
        }));
    }
    Ok(Some(cart))
}

fn read(row: Row) -> Result<Cart, Fault> {
    Ok(Cart {
        id: CartId::from_uuid(row.id),
        user: row.user_id.map(UserId::from_uuid),
        currency: currency("carts.currency", &row.currency)?,
        status: word("carts.status", &row.status)?,
        email: row.email,
        shipping_address: row.shipping_address.map(|Stored(address)| address),
        billing_address: row.billing_address.map(|Stored(address)| address),
        shipping_method: row.shipping_method,
        coupons: row
            .coupons
            .map(|Stored(coupons)| coupons)
            .unwrap_or_default(),
        seen_discount: row.seen_discount,
        order: row.order_id.map(OrderId::from_uuid),
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
        lines: Vec::new(),
    })
}

/// One cart with its lines.
pub async fn find(db: &Scoped, id: CartId) -> Result<Option<Cart>, Fault> {
    assemble(&db.rows(&FIND, [id.uuid().into()]).await?)
}

/// The open cart of a user.
pub async fn find_open_of(db: &Scoped, user: UserId) -> Result<Option<Cart>, Fault> {
    assemble(&db.rows(&FIND_OPEN_OF, [user.uuid().into()]).await?)
}

static LOCK: LazyLock<String> = LazyLock::new(|| {
    let select = SELECT.replace(
        " FROM carts c",
        ", (SELECT o.version FROM carts o WHERE o.tenant_id = $1 AND o.id = $2) AS version_before \
         FROM carts c",
    );
    format!("{select} WHERE c.tenant_id = $1 AND c.id = $2 ORDER BY l.id FOR UPDATE OF c")
});

#[derive(FromQueryResult)]
struct Versions {
    version: i64,
    /// The one when the statement began.
    version_before: i64,
}

/// One cart that nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: CartId) -> Result<Option<Cart>, Fault> {
    if tx.backend() == Backend::Sqlite {
        return find(tx, id).await;
    }
    let rows = tx.rows(&LOCK, [id.uuid().into()]).await?;
    // Whoever had to wait for the lock sees the cart as it is, but the lines
    // as they were when the statement began.
    for row in &rows {
        let versions = Versions::from_query_result(row, "").or_fault()?;
        if versions.version != versions.version_before {
            return find(tx, id).await;
        }
    }
    assemble(&rows)
}

/// The write that adds an empty cart, with the language its buyer wishes for.
pub fn insert(cart: &Cart, language: Option<&str>) -> (&'static str, Vec<Value>) {
    let status: &'static str = cart.status.into();
    (
        "INSERT INTO carts (tenant_id, id, user_id, currency, status, email, shipping_address, billing_address, version, \
           created_at, updated_at, language) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        vec![
            cart.id.uuid().into(),
            cart.user.map(UserId::uuid).into(),
            cart.currency.code().into(),
            status.into(),
            cart.email.clone().into(),
            to_maybe(cart.shipping_address.as_ref()).into(),
            to_maybe(cart.billing_address.as_ref()).into(),
            cart.version.into(),
            cart.created_at.micros().into(),
            cart.updated_at.micros().into(),
            language.map(str::to_owned).into(),
        ],
    )
}

#[derive(FromQueryResult)]
struct LanguageRow {
    language: Option<String>,
}

/// The language that the buyer of a cart wishes for.
pub async fn language_of(db: &Scoped, cart: CartId) -> Result<Option<String>, Fault> {
    let row: Option<LanguageRow> = db
        .one(
            "SELECT language FROM carts WHERE tenant_id = $1 AND id = $2",
            [cart.uuid().into()],
        )
        .await?;
    Ok(row.and_then(|row| row.language))
}

/// The write of a cart's details, which raises its version, for a batch; the
/// lines apart.
pub fn update(cart: &Cart, now: Timestamp) -> (&'static str, Vec<Value>) {
    let status: &'static str = cart.status.into();
    let coupons = (!cart.coupons.is_empty()).then_some(&cart.coupons);
    (
        "UPDATE carts SET user_id = $2, email = $3, shipping_address = $4, billing_address = $5, shipping_method = $6, \
                status = $7, coupons = $8, seen_discount = $9, version = version + 1, updated_at = $10, \
                currency = $12 WHERE tenant_id = $1 AND id = $11",
        vec![
            cart.user.map(UserId::uuid).into(),
            cart.email.clone().into(),
            to_maybe(cart.shipping_address.as_ref()).into(),
            to_maybe(cart.billing_address.as_ref()).into(),
            cart.shipping_method.clone().into(),
            status.into(),
            to_maybe(coupons).into(),
            cart.seen_discount.into(),
            now.micros().into(),
            cart.id.uuid().into(),
            cart.currency.code().into(),
        ],
    )
}

/// The write that adds a line, or sets what can change of the line of that
/// variant, for a batch.
pub fn put_line(cart: CartId, line: &CartLine, now: Timestamp) -> (&'static str, Vec<Value>) {
    (
        "INSERT INTO cart_lines (tenant_id, id, cart_id, variant_id, quantity, seen_price, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (tenant_id, cart_id, variant_id) \
         DO UPDATE SET quantity = excluded.quantity, seen_price = excluded.seen_price",
        vec![
            line.id.uuid().into(),
            cart.uuid().into(),
            line.variant.uuid().into(),
            line.quantity.into(),
            line.seen_price.into(),
            now.micros().into(),
        ],
    )
}

/// The write that removes a line, for a batch.
pub fn delete_line(cart: CartId, line: CartLineId) -> (&'static str, Vec<Value>) {
    (
        "DELETE FROM cart_lines WHERE tenant_id = $1 AND cart_id = $2 AND id = $3",
        vec![cart.uuid().into(), line.uuid().into()],
    )
}

static BECOMES_ORDER: Sql = Sql::new(|backend| {
    format!(
        "UPDATE carts SET status = $2, order_id = $3, version = version + 1, updated_at = $4 \
         WHERE tenant_id = $1 AND id = $5 RETURNING {} AS number",
        taken(backend)
    )
});

/// The write that turns a cart into an order, for the batch that adds the
/// order. It returns the order's [`crate::numbers::Number`].
pub fn becomes_order(
    cart: CartId,
    order: OrderId,
    backend: Backend,
    now: Timestamp,
) -> (&'static str, Vec<Value>) {
    let status: &'static str = CartStatus::Ordered.into();
    (
        BECOMES_ORDER.on(backend),
        vec![
            status.into(),
            order.uuid().into(),
            now.micros().into(),
            cart.uuid().into(),
        ],
    )
}

/// Deletes carts, ordered ones excepted, that nobody touched since.
pub async fn delete_idle(tx: &Transaction, before: Timestamp) -> Result<u64, Fault> {
    tx.run(
        "DELETE FROM carts WHERE tenant_id = $1 AND status <> 'ordered' AND updated_at < $2",
        [before.micros().into()],
    )
    .await
}
