//! The figures of a shop as rows of a table.

use std::collections::BTreeMap;

use engagement_model::insight::Insight;
use kernel::cell::neutralise;
use kernel::{Fault, Money};

use super::insight::{InsightDayDto, StockValueDto, TakingsDto, of_days};
use super::money::MoneyDto;
use super::order_table::written;

const DAYS: [&str; 18] = [
    "day",
    "currency",
    "orders",
    "revenue",
    "average_order",
    "refunds",
    "refunded",
    "reminders",
    "recovered_orders",
    "recovered_revenue",
    "visitors",
    "product_views",
    "carts",
    "checkouts",
    "paid",
    "conversion_basis_points",
    "stock_pieces",
    "stock_value",
];

const BEST_SELLERS: [&str; 5] = ["product_id", "name", "quantity", "currency", "revenue"];

/// A row for each day and currency. What has no currency stands in the first
/// row of its day, so that columns can be added up.
pub(crate) fn days(insight: &Insight) -> Result<Vec<u8>, Fault> {
    let mut rows = vec![DAYS.map(str::to_owned).to_vec()];
    for day in of_days(insight) {
        rows.extend(of_day(&day));
    }
    written(rows)
}

/// A row for each product that sold best, in each currency.
pub(crate) fn best_sellers(insight: &Insight) -> Result<Vec<u8>, Fault> {
    let mut rows = vec![BEST_SELLERS.map(str::to_owned).to_vec()];
    rows.extend(insight.best_sellers.iter().map(|best| {
        vec![
            best.product.to_string(),
            neutralise(&best.name).into_owned(),
            best.quantity.to_string(),
            best.revenue.currency.code().to_owned(),
            best.revenue.decimal(),
        ]
    }));
    written(rows)
}

fn of_day(day: &InsightDayDto) -> Vec<Vec<String>> {
    let mut of_currency: BTreeMap<&str, (Option<&TakingsDto>, Option<&StockValueDto>)> =
        BTreeMap::new();
    for takings in &day.takings {
        of_currency.entry(takings.currency.code()).or_default().0 = Some(takings);
    }
    for stock in &day.stock {
        of_currency
            .entry(stock.value.currency.code())
            .or_default()
            .1 = Some(stock);
    }
    if of_currency.is_empty() {
        of_currency.insert("", (None, None));
    }
    let mut rows = Vec::with_capacity(of_currency.len());
    for (n, (currency, (takings, stock))) in of_currency.into_iter().enumerate() {
        let mut row = vec![day.day.to_string(), currency.to_owned()];
        row.extend(of_takings(takings));
        row.extend(of_visitors(day, n == 0));
        row.extend([
            stock
                .map(|stock| stock.pieces.to_string())
                .unwrap_or_default(),
            stock.map(|stock| amount(&stock.value)).unwrap_or_default(),
        ]);
        rows.push(row);
    }
    rows
}

/// Numbers are 0 where nothing came in; amounts have no currency then and are
/// empty.
fn of_takings(takings: Option<&TakingsDto>) -> [String; 8] {
    let number = |of: fn(&TakingsDto) -> i64| takings.map_or(0, of).to_string();
    let money = |of: fn(&TakingsDto) -> Option<&MoneyDto>| {
        takings.and_then(of).map(amount).unwrap_or_default()
    };
    [
        number(|one| one.orders),
        money(|one| Some(&one.revenue)),
        money(|one| one.average_order.as_ref()),
        number(|one| one.refunds),
        money(|one| Some(&one.refunded)),
        number(|one| one.reminders),
        number(|one| one.recovered_orders),
        money(|one| Some(&one.recovered_revenue)),
    ]
}

fn of_visitors(day: &InsightDayDto, first: bool) -> [String; 6] {
    if !first {
        return Default::default();
    }
    let funnel = &day.funnel;
    let conversion = funnel.conversion_basis_points;
    [
        funnel.visitors.to_string(),
        funnel.product_views.to_string(),
        funnel.carts.to_string(),
        funnel.checkouts.to_string(),
        funnel.paid.to_string(),
        conversion
            .map(|share| share.to_string())
            .unwrap_or_default(),
    ]
}

fn amount(dto: &MoneyDto) -> String {
    Money::from(*dto).decimal()
}
