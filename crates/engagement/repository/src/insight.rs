//! What a shop is told, read from the sums.

use database::Scoped;
use database::column::{currency, word};
use engagement_model::insight::{BEST_SELLERS, BestSeller, Days, Funnel, StockWorth, Takings};
use jiff::civil::Date;
use kernel::{Fault, Money, ProductId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct DayRow {
    day: String,
    currency: String,
    orders: i64,
    revenue: i64,
    refunds: i64,
    refunded: i64,
    reminders: i64,
    recovered: i64,
    recovered_revenue: i64,
}

#[derive(FromQueryResult)]
struct VisitRow {
    day: String,
    visitors: i64,
    viewers: i64,
    carts: i64,
    checkouts: i64,
}

#[derive(FromQueryResult)]
struct ProductRow {
    product_id: Uuid,
    currency: String,
    name: String,
    quantity: i64,
    revenue: i64,
}

#[derive(FromQueryResult)]
struct StockRow {
    day: String,
    currency: String,
    pieces: i64,
    value: i64,
}

fn bounds(days: Days) -> [Value; 2] {
    [days.from.to_string().into(), days.to.to_string().into()]
}

/// The money of each day, by currency.
pub async fn takings(db: &Scoped, days: Days) -> Result<Vec<(Date, Takings)>, Fault> {
    let rows: Vec<DayRow> = db
        .all(
            "SELECT day, currency, orders, revenue, refunds, refunded, reminders, recovered, recovered_revenue \
             FROM insight_days WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day, currency",
            bounds(days),
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let takings = Takings {
                currency: currency("insight_days.currency", &row.currency)?,
                orders: row.orders,
                revenue: row.revenue,
                refunds: row.refunds,
                refunded: row.refunded,
                reminders: row.reminders,
                recovered: row.recovered,
                recovered_revenue: row.recovered_revenue,
            };
            Ok((word("insight_days.day", &row.day)?, takings))
        })
        .collect()
}

/// How far the visitors of each day came.
pub async fn funnel(db: &Scoped, days: Days) -> Result<Vec<(Date, Funnel)>, Fault> {
    let rows: Vec<VisitRow> = db
        .all(
            "SELECT day, visitors, viewers, carts, checkouts FROM insight_visits \
             WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day",
            bounds(days),
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let funnel = Funnel {
                visitors: row.visitors,
                viewers: row.viewers,
                carts: row.carts,
                checkouts: row.checkouts,
            };
            Ok((word("insight_visits.day", &row.day)?, funnel))
        })
        .collect()
}

/// What sold best, in each currency.
pub async fn best_sellers(db: &Scoped, days: Days) -> Result<Vec<BestSeller>, Fault> {
    let [from, to] = bounds(days);
    let rows: Vec<ProductRow> = db
        .all(
            "SELECT product_id, currency, name, quantity, revenue FROM (\
               SELECT product_id, currency, MAX(name) AS name, CAST(SUM(quantity) AS bigint) AS quantity, \
                 CAST(SUM(revenue) AS bigint) AS revenue, \
                 row_number() OVER (PARTITION BY currency ORDER BY SUM(quantity) DESC, SUM(revenue) DESC, product_id) AS place \
               FROM insight_products WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 GROUP BY product_id, currency\
             ) AS ranked WHERE place <= $4 ORDER BY currency, place",
            [from, to, BEST_SELLERS.into()],
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency("insight_products.currency", &row.currency)?;
            Ok(BestSeller {
                product: ProductId::from_uuid(row.product_id),
                name: row.name,
                quantity: row.quantity,
                revenue: Money::new(row.revenue, currency),
            })
        })
        .collect()
}

/// What was in stock, by day and currency.
pub async fn stock(db: &Scoped, days: Days) -> Result<Vec<StockWorth>, Fault> {
    let rows: Vec<StockRow> = db
        .all(
            "SELECT day, currency, pieces, value FROM insight_stock \
             WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day, currency",
            bounds(days),
        )
        .await?;
    rows.into_iter()
        .map(|row| {
            let currency = currency("insight_stock.currency", &row.currency)?;
            Ok(StockWorth {
                day: word("insight_stock.day", &row.day)?,
                pieces: row.pieces,
                value: Money::new(row.value, currency),
            })
        })
        .collect()
}
