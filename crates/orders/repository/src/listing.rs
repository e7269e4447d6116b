//! The orders of a shop, as those who run it look for them.

use database::{Conditions, Scoped};
use kernel::{Fault, OrderId, Page, PageRequest, ProductId, Timestamp, UserId};
use orders_model::order::{FulfilmentState, ListedOrder, Order, OrderStatus, PaymentState};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};

use crate::orders::{COLUMNS, Row, read};

/// Which orders to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of a user.
    pub user: Option<UserId>,
    /// Only those that stand there; anywhere when empty.
    pub status: Vec<OrderStatus>,
    /// Only those whose money stands there; anywhere when empty.
    pub payment_status: Vec<PaymentState>,
    /// Only those whose goods stand there; anywhere when empty.
    pub fulfilment_status: Vec<FulfilmentState>,
    /// Only the one with that number.
    pub number: Option<i64>,
    /// Only those with that mail address.
    pub email: Option<String>,
    /// Only those that somebody should look at.
    pub needs_attention: bool,
    /// Only those under dispute, or only those that are not.
    pub disputed: Option<bool>,
    /// Only those placed then or later.
    pub placed_from: Option<Timestamp>,
    /// Only those placed before.
    pub placed_before: Option<Timestamp>,
    /// Only those of at least so much, in minor units.
    pub min_total: Option<i64>,
    /// Only those of at most so much, in minor units.
    pub max_total: Option<i64>,
    /// Only those with that product, alone or in a bundle.
    pub product: Option<ProductId>,
    /// Only those with that stock keeping unit, alone or in a bundle.
    pub sku: Option<String>,
    /// Only those that go that way, by its code.
    pub shipping_method: Option<String>,
    /// Only those with a word for each of these to begin with; none at all
    /// when there are no words in what somebody searches for.
    pub words: Option<Vec<String>>,
}

/// How to sort orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The dearest first.
    TotalDesc,
    /// The cheapest first.
    Total,
}

/// The place of an order in a sorted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// Among orders sorted by time.
    Placed(OrderId),
    /// Among orders sorted by total.
    Total(i64, OrderId),
}

/// That a line, or what a bundle among them was made of, has a value.
fn of_lines(column: &str) -> String {
    let having = |table: &str| {
        format!("SELECT l.order_id FROM {table} l WHERE l.tenant_id = $1 AND l.{column} = ?")
    };
    format!(
        "o.id IN ({} UNION ALL {})",
        having("order_lines"),
        having("order_line_components")
    )
}

/// Those that stand at one of these, if there are any.
fn add_words<W: Into<&'static str> + Copy>(all: &mut Conditions, column: &str, words: &[W]) {
    let mut places = Vec::with_capacity(words.len());
    for word in words {
        let word: &'static str = (*word).into();
        places.push(all.bind(word));
    }
    if !places.is_empty() {
        all.add(format!("{column} IN ({})", places.join(", ")));
    }
}

fn conditions(filter: &Filter) -> Conditions {
    let mut all = Conditions::of_tenant("o.tenant_id");
    all.add_if("o.user_id = ?", filter.user.map(UserId::uuid));
    add_words(&mut all, "o.status", &filter.status);
    add_words(&mut all, "o.payment_status", &filter.payment_status);
    add_words(&mut all, "o.fulfilment_status", &filter.fulfilment_status);
    all.add_if("o.number = ?", filter.number);
    all.add_if("o.email = ?", filter.email.clone());
    let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
    all.add_if("o.placed_at >= ?", micros(filter.placed_from));
    all.add_if("o.placed_at < ?", micros(filter.placed_before));
    all.add_if("o.total >= ?", filter.min_total);
    all.add_if("o.total <= ?", filter.max_total);
    all.add_if("o.shipping_method = ?", filter.shipping_method.clone());
    let product = filter.product.map(ProductId::uuid);
    all.add_if(&of_lines("product_id"), product);
    all.add_if(&of_lines("sku"), filter.sku.clone());
    if filter.words.as_ref().is_some_and(Vec::is_empty) {
        all.add("1 = 0");
    }
    for word in filter.words.iter().flatten() {
        let begin = all.bind(word.clone());
        // Words are ASCII, so this is the first text that begins otherwise.
        let end = all.bind(format!("{word}\u{7f}"));
        all.add(format!(
            "o.id IN (SELECT w.order_id FROM order_words w \
             WHERE w.tenant_id = $1 AND w.word >= {begin} AND w.word < {end})"
        ));
    }
    match filter.disputed {
        Some(true) => all.add("o.dispute = 'open'"),
        Some(false) => all.add("(o.dispute IS NULL OR o.dispute <> 'open')"),
        None => {}
    }
    if filter.needs_attention {
        all.add("o.attention IS NOT NULL");
    }
    all
}

/// Goes on after a position; the order to sort by.
fn go_on(all: &mut Conditions, sort: Sort, after: Option<Position>) -> &'static str {
    let id = |position: Position| match position {
        Position::Placed(id) | Position::Total(_, id) => id.uuid(),
    };
    match (sort, after) {
        (Sort::Newest, after) => {
            all.add_if("o.id < ?", after.map(id));
            "o.id DESC"
        }
        (Sort::Oldest, after) => {
            all.add_if("o.id > ?", after.map(id));
            "o.id"
        }
        (Sort::Total | Sort::TotalDesc, after) => {
            let (comparison, order) = match sort {
                Sort::Total => (">", "o.total, o.id"),
                _ => ("<", "o.total DESC, o.id DESC"),
            };
            if let Some(Position::Total(total, id)) = after {
                let (total, id) = (all.bind(total), all.bind(id.uuid()));
                all.add(format!("(o.total, o.id) {comparison} ({total}, {id})"));
            }
            order
        }
    }
}

/// The place of an order.
pub fn position(order: &Order, sort: Sort) -> Position {
    match sort {
        Sort::Newest | Sort::Oldest => Position::Placed(order.id),
        Sort::Total | Sort::TotalDesc => Position::Total(order.total.minor, order.id),
    }
}

#[derive(FromQueryResult)]
struct Listed {
    #[sea_orm(nested)]
    order: Row,
    pieces: i64,
}

/// Orders, in one statement. Pieces are added up for those of the page only.
pub async fn list(
    db: &Scoped,
    filter: &Filter,
    sort: Sort,
    page: &PageRequest<Position>,
) -> Result<Page<ListedOrder, Position>, Fault> {
    let mut conditions = conditions(filter);
    let by = go_on(&mut conditions, sort, page.after);
    let limit = conditions.bind(i64::try_from(page.limit + 1).unwrap_or(i64::MAX));
    let (wanted, values) = conditions.into_parts();
    let columns: Vec<String> = COLUMNS
        .split(", ")
        .map(|column| format!("o.{}", column.trim()))
        .collect();
    let columns = columns.join(", ");
    let sql = format!(
        "SELECT {columns}, (SELECT CAST(COALESCE(SUM(l.quantity), 0) AS bigint) FROM order_lines l \
           WHERE l.tenant_id = $1 AND l.order_id = o.id) AS pieces \
         FROM (SELECT {columns} FROM orders o WHERE {wanted} ORDER BY {by} LIMIT {limit}) o ORDER BY {by}"
    );
    let rows: Vec<Listed> = db.all(&sql, values).await?;
    let mut orders = Vec::with_capacity(rows.len());
    for row in rows {
        orders.push(ListedOrder {
            order: read(row.order)?,
            pieces: row.pieces,
        });
    }
    Ok(Page::from_rows(orders, page.limit, |listed| {
        position(&listed.order, sort)
    }))
}
