//! What sellers sold, what went back of it, and what is payable to them.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};
use kernel::{Currency, Money, MoneyError, OrderId, SellerId, Timestamp};

use crate::address::Address;
use crate::aftercare_errors::AftercareError;
use crate::order::{FulfilmentState, OrderLine, OrderStatus};

/// Days that can be asked for at once.
pub const MAX_DAYS: i32 = 366;
/// Days that are shown when none are asked for.
const DEFAULT_DAYS: i32 = 30;

/// Days of a shop, and the instants they begin and end at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// When the first day begins.
    pub begin: Timestamp,
    /// When the last day is over.
    pub end: Timestamp,
}

impl Period {
    /// The days that are asked for, in a time zone; the last 30 when none are.
    pub fn new(
        from: Option<Date>,
        to: Option<Date>,
        now: Timestamp,
        time_zone: &str,
    ) -> Result<Self, AftercareError> {
        let invalid = |_| AftercareError::InvalidPeriod;
        let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
        let instant = jiff::Timestamp::from_microsecond(now.micros()).map_err(invalid)?;
        let to = to.unwrap_or_else(|| zone.to_datetime(instant).date());
        let back = Span::new().days(DEFAULT_DAYS - 1);
        let from = match from {
            Some(from) => from,
            None => to.checked_sub(back).map_err(invalid)?,
        };
        let count = from.until(to).map_err(invalid)?.get_days();
        if !(0..MAX_DAYS).contains(&count) {
            return Err(AftercareError::InvalidPeriod);
        }
        let start = |day: Date| {
            let start = day.to_zoned(zone.clone()).map_err(invalid)?;
            Ok(Timestamp::from_micros(start.timestamp().as_microsecond()))
        };
        Ok(Self {
            from,
            to,
            begin: start(from)?,
            end: start(to.checked_add(1.day()).map_err(invalid)?)?,
        })
    }
}

/// What a seller sold in one currency. Sales count when the order is paid,
/// and what goes back when it is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sales {
    /// Who; the shop itself when none.
    pub seller: Option<SellerId>,
    /// Orders with something of theirs.
    pub orders: i64,
    /// Pieces of that.
    pub pieces: i64,
    /// What it cost before discounts.
    pub gross: Money,
    /// What promotions took off.
    pub discounts: Money,
    /// What went back of their goods, or paid for an exchange.
    pub refunds: Money,
    /// What the shop takes, less what of that went back.
    pub fees: Money,
    /// What of that buyers paid on top of the goods.
    pub fees_from_buyers: Money,
}

impl Sales {
    /// Nothing in a currency.
    pub fn none(seller: Option<SellerId>, currency: Currency) -> Self {
        let nothing = Money::zero(currency);
        Self {
            seller,
            orders: 0,
            pieces: 0,
            gross: nothing,
            discounts: nothing,
            refunds: nothing,
            fees: nothing,
            fees_from_buyers: nothing,
        }
    }

    /// What is theirs: what was paid for their goods and did not go back, less
    /// the fees that nobody else paid.
    pub fn payable(&self) -> Result<Money, MoneyError> {
        self.gross
            .minus(self.discounts)?
            .minus(self.refunds)?
            .minus(self.fees)?
            .plus(self.fees_from_buyers)
    }
}

/// What sellers sold on some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesReport {
    /// On which days.
    pub period: Period,
    /// In which time zone the days are.
    pub time_zone: String,
    /// Each seller and currency once.
    pub sales: Vec<Sales>,
}

/// An order as one of its sellers sees it: their lines, and where the goods
/// go. Who the buyer is beyond that, what they paid how, and what else they
/// bought is the shop's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SellerOrder {
    /// Which.
    pub id: OrderId,
    /// Its number in the shop.
    pub number: i64,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where its goods stand.
    pub fulfilment_status: FulfilmentState,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// Where the goods go, from when they are paid.
    pub shipping_address: Option<Address>,
    /// How they go, by name.
    pub shipping_method: Option<String>,
    /// What of it is the seller's.
    pub lines: Vec<OrderLine>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_shop() {
        let now: Timestamp = "2026-03-29T22:30:00Z".parse().unwrap();
        // In Berlin it is the 30th by then, and the 29th had 23 hours.
        let period = Period::new(None, None, now, "Europe/Berlin").unwrap();
        assert_eq!(period.from.to_string(), "2026-03-01");
        assert_eq!(period.to.to_string(), "2026-03-30");
        let day = Some("2026-03-29".parse().unwrap());
        let period = Period::new(day, day, now, "Europe/Berlin").unwrap();
        assert_eq!(period.begin, "2026-03-28T23:00:00Z".parse().unwrap());
        assert_eq!(period.end, "2026-03-29T22:00:00Z".parse().unwrap());
        let before = Some("2026-03-28".parse().unwrap());
        assert!(Period::new(day, before, now, "UTC").is_err());
    }

    #[test]
    fn fees_that_buyers_paid_are_not_kept() {
        let eur = |minor| Money::new(minor, Currency::EUR);
        let mut sales = Sales {
            gross: eur(10_000),
            discounts: eur(1_000),
            refunds: eur(500),
            fees: eur(300),
            ..Sales::none(None, Currency::EUR)
        };
        assert_eq!(sales.payable().unwrap(), eur(8_200));
        sales.fees_from_buyers = eur(300);
        assert_eq!(sales.payable().unwrap(), eur(8_500));
    }
}
