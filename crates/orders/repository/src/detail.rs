//! An order with all that belongs to it, in one statement: what belongs to it
//! comes as JSON, which costs less than a round trip each.

use database::column::Stored;
use database::{Scoped, Sql};
use kernel::{Fault, OrderId};
use orders_model::order::{Aftercare, OrderDetail};
use sea_orm::FromQueryResult;

use crate::{disputes, history, lines, notes, orders, payments, refunds, returns, shipments};

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    order: orders::Row,
    lines: Option<Stored<Vec<lines::Row>>>,
    payments: Option<Stored<Vec<payments::Row>>>,
    refunds: Option<Stored<Vec<refunds::Row>>>,
    history: Option<Stored<Vec<history::Row>>>,
    shipments: Option<Stored<Vec<shipments::Row>>>,
    returns: Option<Stored<Vec<returns::Row>>>,
    notes: Option<Stored<Vec<notes::Row>>>,
    disputes: Option<Stored<Vec<disputes::Row>>>,
}

static FIND: Sql = Sql::new(|backend| {
    format!(
        "SELECT {}, {} AS lines, {} AS payments, {} AS refunds, {} AS history, {} AS shipments, \
           {} AS returns, {} AS notes, {} AS disputes \
         FROM orders o WHERE o.tenant_id = $1 AND o.id = $2",
        orders::COLUMNS,
        lines::TABLE.array_of_order(backend, "position"),
        payments::TABLE.array_of_order(backend, "created_at, x.id"),
        refunds::TABLE.array_of_order(backend, "created_at, x.id"),
        history::TABLE.array_of_order(backend, "created_at, x.id"),
        shipments::TABLE.array_of_order(backend, "created_at, x.id"),
        returns::TABLE.array_of_order(backend, "created_at, x.id"),
        notes::TABLE.array_of_order(backend, "created_at, x.id"),
        disputes::TABLE.array_of_order(backend, "opened_at, x.id"),
    )
});

/// One order with all that belongs to it, as it is at one moment.
pub async fn find(db: &Scoped, id: OrderId) -> Result<Option<OrderDetail>, Fault> {
    let row: Option<Row> = db.one(FIND.on(db.backend()), [id.uuid().into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let order = orders::read(row.order)?;
    let currency = order.currency;
    Ok(Some(OrderDetail {
        after: Aftercare {
            shipments: all(row.shipments, shipments::read)?,
            returns: all(row.returns, |row| returns::read(row, currency))?,
            notes: all(row.notes, notes::read)?,
            disputes: all(row.disputes, disputes::read)?,
        },
        lines: all(row.lines, |line| Ok(lines::read(line, currency)))?,
        payments: all(row.payments, payments::read)?,
        refunds: all(row.refunds, refunds::read)?,
        history: all(row.history, |entry| Ok(history::read(entry)))?,
        order,
    }))
}

/// The rows of an array, which is none when there are none.
fn all<R, T>(
    rows: Option<Stored<Vec<R>>>,
    read: impl Fn(R) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    match rows {
        Some(Stored(rows)) => rows.into_iter().map(read).collect(),
        None => Ok(Vec::new()),
    }
}
