//! Counts that came from outside.

use catalog_model::stock_feed::Winner;
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, StockItemId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// How much earlier than its movement the id of a movement may have been made:
/// imports make theirs when they read a file.
const ID_SLACK_MILLIS: i64 = 86_400_000;

/// A variant, as a count names it.
#[derive(Debug, Clone, FromQueryResult)]
pub struct Named {
    /// The stock keeping unit.
    pub sku: String,
    /// Where it is counted; none when there is nothing to count.
    pub stock_item_id: Option<Uuid>,
    /// Whether its stock is that of others.
    pub bundle: bool,
}

#[derive(FromQueryResult)]
struct LastRow {
    stock_item_id: Uuid,
    source: String,
    counted_at: i64,
    on_hand: i64,
}

#[derive(FromQueryResult)]
struct SumRow {
    id: Uuid,
    moved: i64,
}

/// The last count of a pile by a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// Of which pile.
    pub item: StockItemId,
    /// Who counted.
    pub source: String,
    /// When.
    pub counted_at: Timestamp,
    /// How many there were.
    pub on_hand: i64,
}

fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|n| format!("${n}")).collect();
    places.join(", ")
}

/// The variants with these SKUs; unknown ones are left out.
pub async fn named(db: &Scoped, skus: &[&str]) -> Result<Vec<Named>, Fault> {
    if skus.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT sku, stock_item_id, bundle FROM variants WHERE tenant_id = $1 AND sku IN ({})",
        places(2, skus.len())
    );
    let values: Vec<Value> = skus.iter().map(|&sku| sku.into()).collect();
    db.all(&sql, values).await
}

/// The last counts of piles, by all sources.
pub async fn last(db: &Scoped, items: &[StockItemId]) -> Result<Vec<Last>, Fault> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT stock_item_id, source, counted_at, on_hand FROM stock_counts \
         WHERE tenant_id = $1 AND stock_item_id IN ({})",
        places(2, items.len())
    );
    let values: Vec<Value> = items.iter().map(|id| id.uuid().into()).collect();
    let rows: Vec<LastRow> = db.all(&sql, values).await?;
    Ok(rows
        .into_iter()
        .map(|row| Last {
            item: StockItemId::from_uuid(row.stock_item_id),
            source: row.source,
            counted_at: Timestamp::from_micros(row.counted_at),
            on_hand: row.on_hand,
        })
        .collect())
}

/// By how much more there is of each pile since it was counted, other counts
/// left out; piles that did not move are left out as well.
pub async fn moved_since(db: &Scoped, counts: &[Winner]) -> Result<Vec<(StockItemId, i64)>, Fault> {
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    let mut values: Vec<Value> = Vec::with_capacity(counts.len() * 3);
    let mut rows = Vec::with_capacity(counts.len());
    for count in counts {
        let n = values.len() + 2;
        rows.push(format!("(${n}, ${}, ${})", n + 1, n + 2));
        // Ids begin with the time: the index leads to the newer ones at once.
        let millis = (count.counted_at.micros() / 1_000).saturating_sub(ID_SLACK_MILLIS);
        let from = u128::from(millis.max(0).unsigned_abs()) << 80;
        values.extend([
            count.item.uuid().into(),
            count.counted_at.micros().into(),
            Uuid::from_u128(from).into(),
        ]);
    }
    let materialized = match db.backend() {
        Backend::Postgres => "MATERIALIZED ",
        Backend::Sqlite => "",
    };
    let sql = format!(
        "WITH counted(id, since, from_id) AS {materialized}(VALUES {}) \
         SELECT c.id, CAST(sum(m.on_hand_delta) AS bigint) AS moved FROM counted c \
         JOIN stock_movements m ON m.tenant_id = $1 AND m.stock_item_id = c.id AND m.id >= c.from_id \
           AND m.created_at > c.since AND m.kind <> 'counted' GROUP BY c.id",
        rows.join(", ")
    );
    let rows: Vec<SumRow> = db.all(&sql, values).await?;
    Ok(rows
        .into_iter()
        .map(|row| (StockItemId::from_uuid(row.id), row.moved))
        .collect())
}

/// Notes counts as the last ones of their sources. The piles are locked.
pub async fn note(tx: &Transaction, counts: &[Last], now: Timestamp) -> Result<(), Fault> {
    if counts.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Value> = vec![now.micros().into()];
    let mut rows = Vec::with_capacity(counts.len());
    for count in counts {
        let n = values.len() + 2;
        rows.push(format!(
            "($1, ${n}, ${}, ${}, ${}, $2)",
            n + 1,
            n + 2,
            n + 3
        ));
        values.extend([
            count.source.clone().into(),
            count.item.uuid().into(),
            count.counted_at.micros().into(),
            count.on_hand.into(),
        ]);
    }
    let sql = format!(
        "INSERT INTO stock_counts (tenant_id, source, stock_item_id, counted_at, on_hand, updated_at) VALUES {} \
         ON CONFLICT (tenant_id, source, stock_item_id) DO UPDATE SET counted_at = excluded.counted_at, \
           on_hand = excluded.on_hand, updated_at = excluded.updated_at",
        rows.join(", ")
    );
    tx.run(&sql, values).await.map(|_| ())
}
