//! Piles: what is read of them, and what is true of them besides their
//! numbers.

use catalog_model::stock::{LOW_UP_TO, StockItem};
use catalog_model::supply::Supply;
use database::column::word;
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, ProductId, StockItemId, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use crate::rows::variant::stock_item;

/// A pile as it is read, with [`columns`].
#[derive(FromQueryResult)]
pub(crate) struct ItemRow {
    id: Uuid,
    product_id: Uuid,
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
    pub(crate) owed: i64,
    low_at: Option<i64>,
    low_up_to: i64,
    supply: String,
    beyond: i64,
    available_at: Option<i64>,
    bundled: bool,
}

impl TryFrom<ItemRow> for StockItem {
    type Error = Fault;

    fn try_from(row: ItemRow) -> Result<Self, Fault> {
        Ok(Self {
            id: StockItemId::from_uuid(row.id),
            product: ProductId::from_uuid(row.product_id),
            on_hand: row.on_hand,
            reserved: row.reserved,
            owed: row.owed,
            low_at: row.low_at,
            low_up_to: row.low_up_to,
            supply: Supply {
                mode: word("stock_items.supply", &row.supply)?,
                beyond: row.beyond,
                available_at: row.available_at.map(Timestamp::from_micros),
            },
            bundled: row.bundled,
        })
    }
}

/// From which availability on a pile is low: what it says itself, or the shop,
/// or the same for all shops. The shop's setting is read once in a statement.
pub(crate) fn low_up_to(of: &str) -> String {
    format!(
        "COALESCE({of}low_at, (SELECT CAST(t.settings ->> 'low_stock_threshold' AS bigint) FROM tenants t \
         WHERE t.id = $1), {LOW_UP_TO})"
    )
}

/// The columns of a pile; `of` is the alias of its table with a point.
pub(crate) fn columns(of: &str) -> String {
    format!(
        "{of}id, {of}product_id, {of}on_hand, {of}reserved, {of}owed, {of}low_at, {} AS low_up_to, {of}supply, \
         {of}beyond, {of}available_at, {of}bundled",
        low_up_to(of)
    )
}

/// Adds empty piles. Filling them is a movement like any other, so piles
/// start at nothing and are then adjusted.
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

/// The piles of a product: one that all variants draw from, or one for each.
pub async fn of_product(db: &Scoped, product: ProductId) -> Result<Vec<StockItem>, Fault> {
    let sql = format!(
        "SELECT {} FROM stock_items s WHERE s.tenant_id = $1 AND s.product_id = $2 ORDER BY s.id",
        columns("s.")
    );
    let rows: Vec<ItemRow> = db.all(&sql, [product.uuid().into()]).await?;
    rows.into_iter().map(StockItem::try_from).collect()
}

/// Piles that nobody else changes until the transaction ends, in the order in
/// which they are locked. Unknown ones are left out.
pub async fn lock_all(tx: &Transaction, ids: &[StockItemId]) -> Result<Vec<StockItem>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let lock = match tx.backend() {
        Backend::Postgres => " FOR UPDATE OF s",
        Backend::Sqlite => "",
    };
    let places: Vec<String> = (0..ids.len()).map(|n| format!("${}", n + 2)).collect();
    let sql = format!(
        "SELECT {} FROM stock_items s WHERE s.tenant_id = $1 AND s.id IN ({}) ORDER BY s.id{lock}",
        columns("s."),
        places.join(", ")
    );
    let values: Vec<Value> = ids.iter().map(|id| id.uuid().into()).collect();
    let rows: Vec<ItemRow> = tx.all(&sql, values).await?;
    rows.into_iter().map(StockItem::try_from).collect()
}

/// A pile that nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: StockItemId) -> Result<Option<StockItem>, Fault> {
    Ok(lock_all(tx, &[id]).await?.pop())
}

/// Writes what is true of a pile besides its numbers.
pub async fn update(
    tx: &Transaction,
    id: StockItemId,
    low_at: Option<i64>,
    supply: Supply,
    now: Timestamp,
) -> Result<bool, Fault> {
    let mode: &'static str = supply.mode.into();
    let changed = tx
        .run(
            "UPDATE stock_items SET low_at = $2, supply = $3, beyond = $4, available_at = $5, updated_at = $6 \
             WHERE tenant_id = $1 AND id = $7",
            [
                low_at.into(),
                mode.into(),
                supply.beyond.into(),
                supply.available_at.map(Timestamp::micros).into(),
                now.micros().into(),
                id.uuid().into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}
