//! The figures of a shop.

use std::collections::BTreeMap;

use engagement_model::insight::{BestSeller, Funnel, Insight, StockWorth, Takings};
use jiff::civil::Date;
use kernel::{Currency, ProductId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::dto::money::MoneyDto;

/// What came in, in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Takings)]
pub(crate) struct TakingsDto {
    /// The currency.
    #[schema(value_type = String, example = "EUR")]
    pub(crate) currency: Currency,
    /// Paid orders, on the day they were paid.
    pub(crate) orders: i64,
    /// What they came to, before taxes that the gateway added.
    pub(crate) revenue: MoneyDto,
    /// What one came to on average; null when there was none.
    pub(crate) average_order: Option<MoneyDto>,
    /// Refunds, on the day they succeeded.
    pub(crate) refunds: i64,
    /// What went back.
    pub(crate) refunded: MoneyDto,
    /// Reminders of carts that were sent.
    pub(crate) reminders: i64,
    /// Orders of carts that had been reminded of.
    pub(crate) recovered_orders: i64,
    /// What those came to.
    pub(crate) recovered_revenue: MoneyDto,
}

impl From<&Takings> for TakingsDto {
    fn from(takings: &Takings) -> Self {
        let currency = takings.currency;
        let money = |amount| MoneyDto { amount, currency };
        Self {
            currency,
            orders: takings.orders,
            revenue: money(takings.revenue),
            average_order: takings.average().map(money),
            refunds: takings.refunds,
            refunded: money(takings.refunded),
            reminders: takings.reminders,
            recovered_orders: takings.recovered,
            recovered_revenue: money(takings.recovered_revenue),
        }
    }
}

/// How far visitors came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Funnel)]
pub(crate) struct FunnelDto {
    /// Who saw anything; each once a day.
    pub(crate) visitors: i64,
    /// Of them, who looked at a product.
    pub(crate) product_views: i64,
    /// Who put something into a cart.
    pub(crate) carts: i64,
    /// Who placed an order.
    pub(crate) checkouts: i64,
    /// Orders that were paid, whoever placed them.
    pub(crate) paid: i64,
    /// Of 10,000 visitors, how many bought: paid orders, but of those whose
    /// visitor was not counted or counted once for several none, so never more
    /// than `checkouts`. Null without visitors.
    pub(crate) conversion_basis_points: Option<i64>,
}

impl FunnelDto {
    fn new(funnel: Funnel, paid: i64) -> Self {
        Self {
            visitors: funnel.visitors,
            product_views: funnel.viewers,
            carts: funnel.carts,
            checkouts: funnel.checkouts,
            paid,
            conversion_basis_points: funnel.conversion(paid),
        }
    }
}

/// A product and what was sold of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BestSeller)]
pub(crate) struct BestSellerDto {
    /// Which.
    #[schema(value_type = String, example = "prod_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    product_id: ProductId,
    /// What it is called.
    name: String,
    /// How many pieces.
    quantity: i64,
    /// What they came to.
    pub(crate) revenue: MoneyDto,
}

impl From<BestSeller> for BestSellerDto {
    fn from(best: BestSeller) -> Self {
        Self {
            product_id: best.product,
            name: best.name,
            quantity: best.quantity,
            revenue: best.revenue.into(),
        }
    }
}

/// What is in stock, in one currency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockValue)]
pub(crate) struct StockValueDto {
    /// How many pieces.
    pub(crate) pieces: i64,
    /// What they cost at the prices they are sold for.
    pub(crate) value: MoneyDto,
}

impl From<&StockWorth> for StockValueDto {
    fn from(stock: &StockWorth) -> Self {
        Self {
            pieces: stock.pieces,
            value: stock.value.into(),
        }
    }
}

/// The figures of one day.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InsightDay)]
pub(crate) struct InsightDayDto {
    /// Which, where the shop is.
    #[schema(value_type = String, format = Date, example = "2026-03-01")]
    pub(crate) day: Date,
    /// What came in, by currency.
    pub(crate) takings: Vec<TakingsDto>,
    /// How far visitors came.
    pub(crate) funnel: FunnelDto,
    /// What was in stock at its end, by currency; empty where nobody counted.
    pub(crate) stock: Vec<StockValueDto>,
}

/// The figures of some days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Insight)]
pub(crate) struct InsightDto {
    /// The first day.
    #[schema(value_type = String, format = Date, example = "2026-03-01")]
    from: Date,
    /// The last day.
    #[schema(value_type = String, format = Date, example = "2026-03-30")]
    to: Date,
    /// Where these are days.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// When they were read.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What came in on all days, by currency.
    totals: Vec<TakingsDto>,
    /// How far visitors came; who came on two days counts twice.
    pub(crate) funnel: FunnelDto,
    /// What sold best, by pieces: ten products in each currency.
    best_sellers: Vec<BestSellerDto>,
    /// What was in stock when it was last counted, by currency.
    stock: Vec<StockValueDto>,
    /// Each day.
    days: Vec<InsightDayDto>,
}

impl From<Insight> for InsightDto {
    fn from(insight: Insight) -> Self {
        let by_day = of_days(&insight);
        let last = insight.stock.last().map(|stock| stock.day);
        Self {
            from: insight.days.from,
            to: insight.days.to,
            time_zone: insight.time_zone.clone(),
            at: insight.at,
            totals: insight.totals().iter().map(Into::into).collect(),
            funnel: FunnelDto::new(insight.whole_funnel(), insight.paid()),
            stock: insight
                .stock
                .iter()
                .filter(|stock| Some(stock.day) == last)
                .map(Into::into)
                .collect(),
            best_sellers: insight.best_sellers.into_iter().map(Into::into).collect(),
            days: by_day,
        }
    }
}

/// The figures of each day.
pub(crate) fn of_days(insight: &Insight) -> Vec<InsightDayDto> {
    let mut takings: BTreeMap<Date, Vec<&Takings>> = BTreeMap::new();
    for (day, one) in &insight.takings {
        takings.entry(*day).or_default().push(one);
    }
    let mut stock: BTreeMap<Date, Vec<&StockWorth>> = BTreeMap::new();
    for one in &insight.stock {
        stock.entry(one.day).or_default().push(one);
    }
    let funnels: BTreeMap<Date, Funnel> = insight.funnel.iter().copied().collect();
    insight
        .days
        .iter()
        .map(|day| {
            let own = takings.get(&day).map(Vec::as_slice).unwrap_or_default();
            let paid = own.iter().map(|one| one.orders).sum();
            InsightDayDto {
                day,
                takings: own.iter().map(|one| (*one).into()).collect(),
                funnel: FunnelDto::new(funnels.get(&day).copied().unwrap_or_default(), paid),
                stock: stock
                    .get(&day)
                    .into_iter()
                    .flatten()
                    .map(|one| (*one).into())
                    .collect(),
            }
        })
        .collect()
}
