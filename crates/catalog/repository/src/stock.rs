//! Stock: piles, movements, reservations.

use catalog_model::stock::{Movement, MovementKind, StockItem};
use database::column::word;
use database::{Backend, OrFault as _, Scoped, Transaction};
use kernel::{
    Fault, OrderId, Page, PageRequest, ProductId, StockItemId, StockMovementId, Timestamp,
};
use sea_orm::ActiveValue::Set;
use sea_orm::{FromQueryResult, QueryFilter as _, Value};
use uuid::Uuid;

use crate::rows::variant::stock_item;

/// How one pile is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Which pile.
    pub item: StockItemId,
    /// How many more are there.
    pub on_hand: i64,
    /// How many more are promised.
    pub reserved: i64,
}

/// What all changes of one call have in common.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    /// Why.
    pub kind: MovementKind,
    /// What whoever adjusted it said.
    pub reason: Option<&'a str>,
    /// For which order.
    pub order: Option<OrderId>,
    /// When.
    pub now: Timestamp,
}

#[derive(FromQueryResult)]
struct ItemRow {
    id: Uuid,
    product_id: Uuid,
    on_hand: i64,
    reserved: i64,
}

impl From<ItemRow> for StockItem {
    fn from(row: ItemRow) -> Self {
        Self {
            id: StockItemId::from_uuid(row.id),
            product: ProductId::from_uuid(row.product_id),
            on_hand: row.on_hand,
            reserved: row.reserved,
        }
    }
}

/// Adds empty or filled piles. The filling is a movement like any other, so
/// piles start at nothing and are then adjusted.
pub async fn insert(
    tx: &Transaction,
    items: impl IntoIterator<Item = (StockItemId, ProductId)>,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.insert_many(
        items
            .into_iter()
            .map(|(id, product)| stock_item::ActiveModel {
                id: Set(id.uuid()),
                product_id: Set(product.uuid()),
                on_hand: Set(0),
                reserved: Set(0),
                updated_at: Set(now.micros()),
                ..Default::default()
            }),
    )
    .await
}

/// One pile.
pub async fn find(db: &Scoped, id: StockItemId) -> Result<Option<StockItem>, Fault> {
    let row = db
        .find::<stock_item::Entity>()
        .filter(stock_item::COLUMN.id.eq(id.uuid()))
        .one(db)
        .await
        .or_fault()?;
    Ok(row.map(|row| StockItem {
        id: StockItemId::from_uuid(row.id),
        product: ProductId::from_uuid(row.product_id),
        on_hand: row.on_hand,
        reserved: row.reserved,
    }))
}

/// The pile that all variants of a product draw from, or the only one.
pub async fn of_product(db: &Scoped, product: ProductId) -> Result<Vec<StockItem>, Fault> {
    let rows: Vec<ItemRow> = db
        .all(
            "SELECT id, product_id, on_hand, reserved FROM stock_items WHERE tenant_id = $1 AND product_id = $2 ORDER BY id",
            [product.uuid().into()],
        )
        .await?;
    Ok(rows.into_iter().map(StockItem::from).collect())
}

/// Changes piles, each only if enough stays for what is promised of it, and
/// writes down every change. Returns the piles that were changed, as they are
/// now; the caller compares their number with what it asked for and rolls
/// back if some are missing.
///
/// The changes come sorted by pile, and piles are locked in that order.
pub async fn apply(
    tx: &Transaction,
    changes: &[Change],
    cause: Cause<'_>,
) -> Result<Vec<StockItem>, Fault> {
    debug_assert!(changes.windows(2).all(|pair| pair[0].item < pair[1].item));
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ItemRow> = match tx.backend() {
        Backend::Postgres => apply_at_once(tx, changes, cause).await?,
        Backend::Sqlite => apply_in_steps(tx, changes, cause).await?,
    };
    Ok(rows.into_iter().map(StockItem::from).collect())
}

/// What comes before the rows of `VALUES`: kind, reason, order, actor, time.
const FIXED: usize = 5;

fn fixed(tx: &Transaction, cause: Cause<'_>) -> Vec<Value> {
    let kind: &'static str = cause.kind.into();
    vec![
        kind.into(),
        cause.reason.map(str::to_owned).into(),
        cause.order.map(OrderId::uuid).into(),
        tx.scope().actor().label().into(),
        cause.now.micros().into(),
    ]
}

/// Locks, changes and writes down in one round trip.
async fn apply_at_once(
    tx: &Transaction,
    changes: &[Change],
    cause: Cause<'_>,
) -> Result<Vec<ItemRow>, Fault> {
    let mut values = fixed(tx, cause);
    let mut rows = Vec::with_capacity(changes.len());
    for (n, change) in changes.iter().enumerate() {
        let first = 2 + FIXED + n * 4;
        rows.push(format!(
            "(${}, ${}, ${}, ${})",
            first,
            first + 1,
            first + 2,
            first + 3
        ));
        values.extend([
            change.item.uuid().into(),
            change.on_hand.into(),
            change.reserved.into(),
            StockMovementId::new(cause.now).uuid().into(),
        ]);
    }
    let sql = format!(
        "WITH wanted(id, on_hand, reserved, movement) AS (VALUES {}), \
         locked AS MATERIALIZED (SELECT i.id FROM stock_items i \
           WHERE i.tenant_id = $1 AND i.id IN (SELECT id FROM wanted) ORDER BY i.id FOR UPDATE), \
         changed AS (UPDATE stock_items i \
           SET on_hand = i.on_hand + w.on_hand, reserved = i.reserved + w.reserved, updated_at = $6 \
           FROM wanted w JOIN locked l ON l.id = w.id WHERE i.tenant_id = $1 AND i.id = w.id \
             AND i.on_hand + w.on_hand >= i.reserved + w.reserved AND i.reserved + w.reserved >= 0 \
           RETURNING i.id, i.product_id, i.on_hand, i.reserved, \
             w.on_hand AS on_hand_delta, w.reserved AS reserved_delta, w.movement), \
         noted AS (INSERT INTO stock_movements (tenant_id, id, stock_item_id, kind, on_hand_delta, reserved_delta, \
             on_hand_after, reserved_after, reason, order_id, actor, created_at) \
           SELECT $1, movement, id, $2, on_hand_delta, reserved_delta, on_hand, reserved, $3, $4, $5, $6 FROM changed) \
         SELECT id, product_id, on_hand, reserved FROM changed ORDER BY id",
        rows.join(", ")
    );
    tx.all(&sql, values).await
}

/// The same for SQLite, which has no writes inside `WITH`, one writer, and
/// round trips that cost nothing.
async fn apply_in_steps(
    tx: &Transaction,
    changes: &[Change],
    cause: Cause<'_>,
) -> Result<Vec<ItemRow>, Fault> {
    let mut changed = Vec::with_capacity(changes.len());
    for change in changes {
        let row: Option<ItemRow> = tx
            .one(
                "UPDATE stock_items SET on_hand = on_hand + $2, reserved = reserved + $3, updated_at = $4 \
                 WHERE tenant_id = $1 AND id = $5 \
                   AND on_hand + $2 >= reserved + $3 AND reserved + $3 >= 0 \
                 RETURNING id, product_id, on_hand, reserved",
                [
                    change.on_hand.into(),
                    change.reserved.into(),
                    cause.now.micros().into(),
                    change.item.uuid().into(),
                ],
            )
            .await?;
        let Some(row) = row else { continue };
        let mut values = fixed(tx, cause);
        values.extend([
            StockMovementId::new(cause.now).uuid().into(),
            change.item.uuid().into(),
            change.on_hand.into(),
            change.reserved.into(),
            row.on_hand.into(),
            row.reserved.into(),
        ]);
        tx.run(
            "INSERT INTO stock_movements (tenant_id, kind, reason, order_id, actor, created_at, id, stock_item_id, \
               on_hand_delta, reserved_delta, on_hand_after, reserved_after) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            values,
        )
        .await?;
        changed.push(row);
    }
    Ok(changed)
}

#[derive(FromQueryResult)]
struct ReservationRow {
    stock_item_id: Uuid,
    quantity: i64,
}

/// The write that notes what an order has been promised, until when, for a
/// batch. There must be something.
pub fn insert_reservations(
    order: OrderId,
    quantities: impl IntoIterator<Item = (StockItemId, i64)>,
    until: Timestamp,
) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![order.uuid().into(), until.micros().into()];
    let mut rows = Vec::new();
    for (item, quantity) in quantities {
        let first = values.len() + 2;
        rows.push(format!("($1, $2, ${first}, ${}, $3)", first + 1));
        values.extend([item.uuid().into(), quantity.into()]);
    }
    (
        format!(
            "INSERT INTO stock_reservations (tenant_id, order_id, stock_item_id, quantity, expires_at) VALUES {}",
            rows.join(", ")
        ),
        values,
    )
}

/// Takes away what an order was promised, and tells what it was, sorted by
/// pile. Whoever gets it has to sell or release it; a second caller gets
/// nothing.
pub async fn take_reservations(
    tx: &Transaction,
    order: OrderId,
) -> Result<Vec<(StockItemId, i64)>, Fault> {
    let rows: Vec<ReservationRow> = tx
        .all(
            "DELETE FROM stock_reservations WHERE tenant_id = $1 AND order_id = $2 RETURNING stock_item_id, quantity",
            [order.uuid().into()],
        )
        .await?;
    let mut taken: Vec<_> = rows
        .into_iter()
        .map(|row| (StockItemId::from_uuid(row.stock_item_id), row.quantity))
        .collect();
    taken.sort_unstable();
    Ok(taken)
}

#[derive(FromQueryResult)]
struct MovementRow {
    id: Uuid,
    stock_item_id: Uuid,
    kind: String,
    on_hand_delta: i64,
    reserved_delta: i64,
    on_hand_after: i64,
    reserved_after: i64,
    reason: Option<String>,
    order_id: Option<Uuid>,
    actor: String,
    created_at: i64,
}

/// The changes of a pile, newest first.
pub async fn movements(
    db: &Scoped,
    item: StockItemId,
    page: PageRequest<StockMovementId>,
) -> Result<Page<Movement, StockMovementId>, Fault> {
    let rows: Vec<MovementRow> = db
        .all(
            "SELECT id, stock_item_id, kind, on_hand_delta, reserved_delta, on_hand_after, reserved_after, reason, \
               order_id, actor, created_at FROM stock_movements \
             WHERE tenant_id = $1 AND stock_item_id = $2 AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
            [
                item.uuid().into(),
                page.after.map(StockMovementId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let movements = rows
        .into_iter()
        .map(|row| {
            Ok(Movement {
                id: StockMovementId::from_uuid(row.id),
                stock_item: StockItemId::from_uuid(row.stock_item_id),
                kind: word("stock_movements.kind", &row.kind)?,
                on_hand_delta: row.on_hand_delta,
                reserved_delta: row.reserved_delta,
                on_hand_after: row.on_hand_after,
                reserved_after: row.reserved_after,
                reason: row.reason,
                order: row.order_id.map(OrderId::from_uuid),
                actor: row.actor,
                created_at: Timestamp::from_micros(row.created_at),
            })
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    Ok(Page::from_rows(movements, page.limit, |movement| {
        movement.id
    }))
}

/// A pile whose promises differ from its reservations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromQueryResult)]
pub struct Drift {
    /// Which pile.
    pub id: Uuid,
    /// How many are promised.
    pub reserved: i64,
    /// How many the reservations add up to.
    pub held: i64,
}

/// Piles whose promises differ from their reservations. There are none unless
/// somebody wrote to the database by hand.
pub async fn drift(db: &Scoped) -> Result<Vec<Drift>, Fault> {
    db.all(
        "SELECT i.id, i.reserved, CAST(COALESCE(r.held, 0) AS bigint) AS held FROM stock_items i \
         LEFT JOIN (SELECT stock_item_id, sum(quantity) AS held FROM stock_reservations \
           WHERE tenant_id = $1 GROUP BY stock_item_id) r ON r.stock_item_id = i.id \
         WHERE i.tenant_id = $1 AND i.reserved <> COALESCE(r.held, 0)",
        [],
    )
    .await
}

/// A pile that nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: StockItemId) -> Result<Option<StockItem>, Fault> {
    let lock = match tx.backend() {
        Backend::Postgres => " FOR UPDATE",
        Backend::Sqlite => "",
    };
    let row: Option<ItemRow> = tx
        .one(
            &format!(
                "SELECT id, product_id, on_hand, reserved FROM stock_items WHERE tenant_id = $1 AND id = $2{lock}"
            ),
            [id.uuid().into()],
        )
        .await?;
    Ok(row.map(StockItem::from))
}
