//! Goods that come back.

use database::column::{Stored, to_json, word};
use database::{Scoped, Transaction};
use kernel::{Currency, Fault, Money, OrderId, Page, PageRequest, ReturnId, Timestamp};
use orders_model::order::Order;
use orders_model::returns::{Return, ReturnLine, ReturnStatus};
use sea_orm::{FromQueryResult, Value};
use serde::Deserialize;
use uuid::Uuid;

use crate::table::{Kind, Table};

#[derive(FromQueryResult, Deserialize)]
pub(crate) struct Row {
    id: Uuid,
    order_id: Uuid,
    kind: String,
    status: String,
    lines: Stored<Vec<ReturnLine>>,
    note: Option<String>,
    decision: Option<String>,
    exchange_order_id: Option<Uuid>,
    refund_due: i64,
    refunded: i64,
    actor: String,
    created_at: i64,
    decided_at: Option<i64>,
    received_at: Option<i64>,
    updated_at: i64,
}

pub(crate) const TABLE: Table = Table {
    name: "returns",
    columns: &[
        ("id", Kind::Uuid),
        ("order_id", Kind::Uuid),
        ("kind", Kind::Plain),
        ("status", Kind::Plain),
        ("lines", Kind::Json),
        ("note", Kind::Plain),
        ("decision", Kind::Plain),
        ("exchange_order_id", Kind::Uuid),
        ("refund_due", Kind::Plain),
        ("refunded", Kind::Plain),
        ("actor", Kind::Plain),
        ("created_at", Kind::Plain),
        ("decided_at", Kind::Plain),
        ("received_at", Kind::Plain),
        ("updated_at", Kind::Plain),
    ],
};

pub(crate) fn read(row: Row, currency: Currency) -> Result<Return, Fault> {
    let at = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    Ok(Return {
        id: ReturnId::from_uuid(row.id),
        order: OrderId::from_uuid(row.order_id),
        kind: word("returns.kind", &row.kind)?,
        status: word("returns.status", &row.status)?,
        lines: row.lines.0,
        note: row.note,
        decision: row.decision,
        exchange_order: row.exchange_order_id.map(OrderId::from_uuid),
        refund_due: Money::new(row.refund_due, currency),
        refunded: Money::new(row.refunded, currency),
        actor: row.actor,
        created_at: Timestamp::from_micros(row.created_at),
        decided_at: at(row.decided_at),
        received_at: at(row.received_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

#[derive(FromQueryResult)]
struct WithCurrency {
    #[sea_orm(nested)]
    row: Row,
    currency: String,
}

/// The query of returns with the currency of their orders.
fn select() -> String {
    let columns: Vec<String> = TABLE
        .columns
        .iter()
        .map(|(column, _)| format!("r.{column}"))
        .collect();
    format!(
        "SELECT {}, o.currency FROM returns r JOIN orders o ON o.tenant_id = $1 AND o.id = r.order_id \
         WHERE r.tenant_id = $1",
        columns.join(", ")
    )
}

fn read_all(rows: Vec<WithCurrency>) -> Result<Vec<Return>, Fault> {
    let one = |row: WithCurrency| {
        let currency = database::column::currency("orders.currency", &row.currency)?;
        read(row.row, currency)
    };
    rows.into_iter().map(one).collect()
}

/// One return.
pub async fn find(db: &Scoped, id: ReturnId) -> Result<Option<Return>, Fault> {
    let sql = format!("{} AND r.id = $2", select());
    let rows: Vec<WithCurrency> = db.all(&sql, [id.uuid().into()]).await?;
    Ok(read_all(rows)?.into_iter().next())
}

/// The returns of an order, oldest first.
pub async fn of_order(db: &Scoped, order: &Order) -> Result<Vec<Return>, Fault> {
    let sql = format!("{} AND order_id = $2 ORDER BY id", TABLE.select());
    let rows: Vec<Row> = db.all(&sql, [order.id.uuid().into()]).await?;
    let returns = rows.into_iter().map(|row| read(row, order.currency));
    returns.collect()
}

/// The returns whose exchange an order is.
pub async fn of_exchange(db: &Scoped, order: OrderId) -> Result<Vec<Return>, Fault> {
    let sql = format!("{} AND r.exchange_order_id = $2", select());
    read_all(db.all(&sql, [order.uuid().into()]).await?)
}

/// Which returns to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only those that stand there.
    pub status: Option<ReturnStatus>,
    /// Only those of an order.
    pub order: Option<OrderId>,
}

/// Returns, newest first.
pub async fn list(
    db: &Scoped,
    filter: Filter,
    page: PageRequest<ReturnId>,
) -> Result<Page<Return, ReturnId>, Fault> {
    let mut sql = select();
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        let place = format!("${}", values.len() + 1);
        sql.push_str(&condition.replace('?', &place));
    };
    if let Some(status) = filter.status {
        let status: &'static str = status.into();
        add(" AND r.status = ?", status.into());
    }
    if let Some(order) = filter.order {
        add(" AND r.order_id = ?", order.uuid().into());
    }
    if let Some(after) = page.after {
        add(" AND r.id < ?", after.uuid().into());
    }
    let limit = i64::try_from(page.limit + 1).unwrap_or(i64::MAX);
    add(" ORDER BY r.id DESC LIMIT ?", limit.into());
    let rows = read_all(db.all(&sql, values).await?)?;
    Ok(Page::from_rows(rows, page.limit, |found| found.id))
}

#[derive(FromQueryResult)]
struct OrderRow {
    order_id: Uuid,
}

/// The order of a return, which is locked before the return is read.
pub async fn order_of(tx: &Transaction, id: ReturnId) -> Result<Option<OrderId>, Fault> {
    let row: Option<OrderRow> = tx
        .one(
            "SELECT order_id FROM returns WHERE tenant_id = $1 AND id = $2",
            [id.uuid().into()],
        )
        .await?;
    Ok(row.map(|row| OrderId::from_uuid(row.order_id)))
}

/// The write that adds a return, for a batch.
pub fn insert(new: &Return) -> (&'static str, Vec<Value>) {
    let (kind, status): (&'static str, &'static str) = (new.kind.into(), new.status.into());
    (
        "INSERT INTO returns (tenant_id, id, order_id, kind, status, lines, note, exchange_order_id, refund_due, \
           refunded, actor, created_at, decided_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        vec![
            new.id.uuid().into(),
            new.order.uuid().into(),
            kind.into(),
            status.into(),
            to_json(&new.lines).into(),
            new.note.clone().into(),
            new.exchange_order.map(OrderId::uuid).into(),
            new.refund_due.minor.into(),
            new.refunded.minor.into(),
            new.actor.clone().into(),
            new.created_at.micros().into(),
            new.decided_at.map(Timestamp::micros).into(),
            new.updated_at.micros().into(),
        ],
    )
}

/// The write of everything about a return that can change, for a batch. Its
/// order must be locked.
pub fn update(changed: &Return) -> (&'static str, Vec<Value>) {
    let (kind, status): (&'static str, &'static str) = (changed.kind.into(), changed.status.into());
    let at = |instant: Option<Timestamp>| instant.map(Timestamp::micros);
    (
        "UPDATE returns SET kind = $2, status = $3, lines = $4, decision = $5, refund_due = $6, refunded = $7, \
           decided_at = $8, received_at = $9, updated_at = $10 WHERE tenant_id = $1 AND id = $11",
        vec![
            kind.into(),
            status.into(),
            to_json(&changed.lines).into(),
            changed.decision.clone().into(),
            changed.refund_due.minor.into(),
            changed.refunded.minor.into(),
            at(changed.decided_at).into(),
            at(changed.received_at).into(),
            changed.updated_at.micros().into(),
            changed.id.uuid().into(),
        ],
    )
}
