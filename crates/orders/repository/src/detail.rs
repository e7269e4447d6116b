//! An order with all that belongs to it, in one statement: what belongs to it
//! comes as JSON, which costs less than a round trip each.

use std::fmt::Write as _;

use database::{Backend, Scoped};
use kernel::{Fault, OrderId};
use orders_model::order::OrderDetail;
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::rows::json;
use crate::{history, orders, payments, refunds};

/// How a column gets into JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As it is.
    Plain,
    /// SQLite stores the bytes.
    Uuid,
    /// SQLite stores the text.
    Json,
}

/// The columns of a table, as they are read.
pub(crate) type Columns = &'static [(&'static str, Kind)];

struct Row {
    order: orders::Row,
    lines: Option<Json>,
    payments: Option<Json>,
    refunds: Option<Json>,
    history: Option<Json>,
}

impl FromQueryResult for Row {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        Ok(Self {
            order: orders::Row::from_query_result(row, prefix)?,
            lines: row.try_get(prefix, "lines")?,
            payments: row.try_get(prefix, "payments")?,
            refunds: row.try_get(prefix, "refunds")?,
            history: row.try_get(prefix, "history")?,
        })
    }
}

/// One order with all that belongs to it, as it is at one moment.
pub async fn find(db: &Scoped, id: OrderId) -> Result<Option<OrderDetail>, Fault> {
    let backend = db.backend();
    let lines = rows_of(backend, "order_lines", orders::LINE, "position");
    let payments = rows_of(backend, "payments", payments::COLUMNS, "created_at, x.id");
    let refunds = rows_of(backend, "refunds", refunds::COLUMNS, "created_at, x.id");
    let history = rows_of(
        backend,
        "order_history",
        history::COLUMNS,
        "created_at, x.id",
    );
    let sql = format!(
        "SELECT {}, {lines} AS lines, {payments} AS payments, {refunds} AS refunds, {history} AS history \
         FROM orders o WHERE o.tenant_id = $1 AND o.id = $2",
        orders::COLUMNS
    );
    let row: Option<Row> = db.one(&sql, [id.uuid().into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let order = orders::read(row.order)?;
    Ok(Some(OrderDetail {
        lines: all(row.lines, |line| orders::read_line(line, &order))?,
        payments: all(row.payments, payments::read)?,
        refunds: all(row.refunds, refunds::read)?,
        history: all(row.history, |entry| Ok(history::read(entry)))?,
        order,
    }))
}

/// A subquery: the rows of a table that belong to the order, as a JSON array
/// of objects.
fn rows_of(backend: Backend, table: &str, columns: Columns, sort: &str) -> String {
    let mut pairs = String::new();
    for (n, (column, kind)) in columns.iter().enumerate() {
        let comma = if n == 0 { "" } else { ", " };
        let value = match (backend, kind) {
            (Backend::Sqlite, Kind::Uuid) => format!("nullif(lower(hex(x.{column})), '')"),
            (Backend::Sqlite, Kind::Json) => format!("json(x.{column})"),
            _ => format!("x.{column}"),
        };
        let _ = write!(pairs, "{comma}'{column}', {value}");
    }
    let (group, object) = match backend {
        Backend::Postgres => ("json_agg", "json_build_object"),
        Backend::Sqlite => ("json_group_array", "json_object"),
    };
    format!(
        "(SELECT {group}({object}({pairs}) ORDER BY x.{sort}) FROM {table} x \
         WHERE x.tenant_id = $1 AND x.order_id = o.id)"
    )
}

/// The rows of such an array; PostgreSQL has NULL for none.
fn all<R: DeserializeOwned, T>(
    rows: Option<Json>,
    read: impl Fn(R) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let rows: Vec<R> = match rows {
        Some(rows) => json("what belongs to an order", rows)?,
        None => Vec::new(),
    };
    rows.into_iter().map(read).collect()
}
