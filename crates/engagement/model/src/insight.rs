//! What a shop is told of its business, day by day and currency by currency.

use std::collections::BTreeMap;

use jiff::civil::Date;
use kernel::{Currency, Money, MoneyError, ProductId, Timestamp};
use orders_model::figures::{OrderFigures, RefundFigures};
use strum::IntoStaticStr;

use crate::day::day_of;
use crate::errors::EngagementError;

/// Days that can be asked for at once.
pub const MAX_DAYS: i32 = 366;
/// Days that are shown when none are asked for.
pub const DEFAULT_DAYS: i32 = 30;
/// How many products the list of best sellers has.
pub const BEST_SELLERS: i64 = 10;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum FactKind {
    /// An order was paid.
    Order,
    /// A product was sold with an order.
    Line,
    /// Money went back.
    Refund,
    /// Somebody was reminded of a cart.
    Reminder,
    /// An order was paid whose buyer had been reminded.
    Recovered,
}

/// Something that is counted once, however often it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What.
    pub kind: FactKind,
    /// Of which object; with the kind it makes the fact what it is.
    pub object: u128,
    /// On which day of the shop.
    pub day: Date,
    /// Its money.
    pub amount: Money,
    /// How many pieces; 1 unless it is a line.
    pub quantity: i64,
    /// Which product, and what it was called; of lines only.
    pub product: Option<(ProductId, String)>,
}

/// What of a paid order is counted. With `recovered`, its buyer had been
/// reminded of the cart.
pub fn facts_of_order(
    order: &OrderFigures,
    recovered: bool,
    time_zone: &str,
) -> Result<Vec<Fact>, MoneyError> {
    let day = day_of(order.paid_at, time_zone);
    let fact = |kind| Fact {
        kind,
        object: order.order.uuid().as_u128(),
        day,
        amount: order.total,
        quantity: 1,
        product: None,
    };
    let mut facts = vec![fact(FactKind::Order)];
    if recovered {
        facts.push(fact(FactKind::Recovered));
    }
    // A product's lines together, under the id of the first of them.
    let mut products: BTreeMap<ProductId, Fact> = BTreeMap::new();
    for line in &order.lines {
        if let Some(known) = products.get_mut(&line.product) {
            known.quantity = known.quantity.saturating_add(line.quantity);
            known.amount = known.amount.plus(line.total)?;
            known.object = known.object.min(line.line.uuid().as_u128());
            continue;
        }
        let fact = Fact {
            kind: FactKind::Line,
            object: line.line.uuid().as_u128(),
            day,
            amount: line.total,
            quantity: line.quantity,
            product: Some((line.product, line.name.clone())),
        };
        products.insert(line.product, fact);
    }
    facts.extend(products.into_values());
    Ok(facts)
}

/// What of money that went back is counted.
pub fn fact_of_refund(refund: &RefundFigures, time_zone: &str) -> Fact {
    Fact {
        kind: FactKind::Refund,
        object: refund.refund.uuid().as_u128(),
        day: day_of(refund.at, time_zone),
        amount: refund.amount,
        quantity: 1,
        product: None,
    }
}

/// The first and the last day of what is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first one.
    pub from: Date,
    /// The last one.
    pub to: Date,
}

impl Days {
    /// The days that are asked for; the last 30 when none are.
    pub fn new(from: Option<Date>, to: Option<Date>, today: Date) -> Result<Self, EngagementError> {
        let invalid = |_| EngagementError::InvalidPeriod;
        let back = jiff::Span::new().days(DEFAULT_DAYS - 1);
        let to = to.unwrap_or(today);
        let from = match from {
            Some(from) => from,
            None => to.checked_sub(back).map_err(invalid)?,
        };
        let count = from.until(to).map_err(invalid)?.get_days();
        if (0..MAX_DAYS).contains(&count) {
            Ok(Self { from, to })
        } else {
            Err(EngagementError::InvalidPeriod)
        }
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Date> {
        self.from
            .series(jiff::Span::new().days(1))
            .take_while(move |day| *day <= self.to)
    }
}

/// The money of one day, or of several, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takings {
    /// The currency.
    pub currency: Currency,
    /// Paid orders.
    pub orders: i64,
    /// What they came to.
    pub revenue: i64,
    /// Refunds.
    pub refunds: i64,
    /// What went back.
    pub refunded: i64,
    /// Reminders of carts.
    pub reminders: i64,
    /// Orders of those who had been reminded.
    pub recovered: i64,
    /// What those came to.
    pub recovered_revenue: i64,
}

impl Takings {
    /// Nothing.
    pub fn none(currency: Currency) -> Self {
        Self {
            currency,
            orders: 0,
            revenue: 0,
            refunds: 0,
            refunded: 0,
            reminders: 0,
            recovered: 0,
            recovered_revenue: 0,
        }
    }

    /// What an order came to on average, rounded half to even; none when there
    /// were no orders.
    pub fn average(&self) -> Option<i64> {
        if self.orders <= 0 {
            return None;
        }
        let (whole, rest) = (
            self.revenue.div_euclid(self.orders),
            self.revenue.rem_euclid(self.orders),
        );
        let up = match (rest * 2).cmp(&self.orders) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => whole % 2 != 0,
            std::cmp::Ordering::Greater => true,
        };
        Some(whole + i64::from(up))
    }

    /// Both.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            currency: self.currency,
            orders: self.orders.saturating_add(other.orders),
            revenue: self.revenue.saturating_add(other.revenue),
            refunds: self.refunds.saturating_add(other.refunds),
            refunded: self.refunded.saturating_add(other.refunded),
            reminders: self.reminders.saturating_add(other.reminders),
            recovered: self.recovered.saturating_add(other.recovered),
            recovered_revenue: self
                .recovered_revenue
                .saturating_add(other.recovered_revenue),
        }
    }
}

/// How far the visitors of a day came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Funnel {
    /// Who saw anything.
    pub visitors: i64,
    /// Of them, who looked at a product.
    pub viewers: i64,
    /// Who put something into a cart.
    pub carts: i64,
    /// Who placed an order.
    pub checkouts: i64,
}

impl Funnel {
    /// Of 10,000 visitors, how many bought, when so many orders were paid;
    /// none without visitors. Orders are also placed by those who are not
    /// counted as visitors (programs, the staff, an app behind an API key), and
    /// several by one visitor, so no more count than visitors placed one.
    pub fn conversion(&self, paid: i64) -> Option<i64> {
        let buyers = paid.min(self.checkouts);
        buyers.saturating_mul(10_000).checked_div(self.visitors)
    }

    /// Both.
    #[must_use]
    pub fn plus(self, other: &Self) -> Self {
        Self {
            visitors: self.visitors + other.visitors,
            viewers: self.viewers + other.viewers,
            carts: self.carts + other.carts,
            checkouts: self.checkouts + other.checkouts,
        }
    }
}

/// A product and what was sold of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BestSeller {
    /// Which.
    pub product: ProductId,
    /// What it is called.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// What they came to.
    pub revenue: Money,
}

/// What was in stock at the end of a day, or is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockWorth {
    /// On which day.
    pub day: Date,
    /// How many pieces.
    pub pieces: i64,
    /// What they cost at the prices they were sold for.
    pub value: Money,
}

/// All that is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insight {
    /// Of which days.
    pub days: Days,
    /// In which time zone these are days.
    pub time_zone: String,
    /// As things stood then.
    pub at: Timestamp,
    /// Of each day with anything, its money by currency.
    pub takings: Vec<(Date, Takings)>,
    /// Of each day with visitors, how far they came.
    pub funnel: Vec<(Date, Funnel)>,
    /// What sold best, by pieces, in each currency.
    pub best_sellers: Vec<BestSeller>,
    /// What was in stock, by day and currency.
    pub stock: Vec<StockWorth>,
}

impl Insight {
    /// The money of all days, by currency.
    pub fn totals(&self) -> Vec<Takings> {
        let mut totals: BTreeMap<&'static str, Takings> = BTreeMap::new();
        for (_, takings) in &self.takings {
            let code = takings.currency.code();
            let before = totals
                .get(code)
                .copied()
                .unwrap_or_else(|| Takings::none(takings.currency));
            totals.insert(code, before.plus(takings));
        }
        totals.into_values().collect()
    }

    /// How far the visitors of all days came; who came on two days counts
    /// twice.
    pub fn whole_funnel(&self) -> Funnel {
        self.funnel
            .iter()
            .fold(Funnel::default(), |sum, (_, funnel)| sum.plus(funnel))
    }

    /// Paid orders of all days, in all currencies.
    pub fn paid(&self) -> i64 {
        self.takings.iter().map(|(_, takings)| takings.orders).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_bounded() {
        let day = |text: &str| text.parse::<Date>().ok();
        let today = day("2026-03-31").unwrap();
        let days = Days::new(None, None, today).unwrap();
        assert_eq!(days.from.to_string(), "2026-03-02");
        assert_eq!(days.iter().count(), 30);
        assert!(Days::new(day("2026-03-31"), None, today).is_ok());
        assert!(Days::new(day("2026-04-01"), None, today).is_err());
        assert!(Days::new(day("2025-03-31"), None, today).is_ok());
        assert!(Days::new(day("2025-03-30"), None, today).is_err());
        assert!(Days::new(None, day("-009999-01-01"), today).is_err());
    }

    #[test]
    fn no_more_visitors_buy_than_came() {
        let funnel = |visitors, checkouts| Funnel {
            visitors,
            viewers: 0,
            carts: 0,
            checkouts,
        };
        for (visitors, checkouts, paid, conversion) in [
            (0, 0, 5, None),
            (2, 0, 78, Some(0)),
            (2, 1, 78, Some(5_000)),
            (3, 2, 1, Some(3_333)),
            (2, 2, 9, Some(10_000)),
        ] {
            let found = funnel(visitors, checkouts).conversion(paid);
            assert_eq!(found, conversion, "{visitors} {checkouts} {paid}");
        }
    }

    #[test]
    fn averages_are_rounded_half_to_even() {
        let of = |revenue, orders| {
            Takings {
                orders,
                revenue,
                ..Takings::none(Currency::EUR)
            }
            .average()
        };
        assert_eq!(of(0, 0), None);
        assert_eq!(of(5, 2), Some(2));
        assert_eq!(of(7, 2), Some(4));
        assert_eq!(of(10, 3), Some(3));
        assert_eq!(of(11, 3), Some(4));
    }
}
