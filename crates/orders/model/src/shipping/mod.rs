//! Ways to ship, where they go and what they cost.

mod rates;
mod zone;

use kernel::{
    Audited, Currency, Fact, Money, ShippingMethodId, ShippingZoneId, Snapshot, Timestamp,
};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

pub use rates::{GivenRates, MAX_STEPS, Rates, RatesMistake, Step};
pub use zone::{Area, MAX_ZONES, NewShippingZone, ShippingZone, ShippingZoneChange, check_areas};

use crate::address::Address;
use crate::errors::OrdersError;

/// Zones a method may go to.
pub const MAX_ZONES_OF_METHOD: usize = 50;

/// Whether a method can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ShippingStatus {
    /// It can.
    Active,
    /// Not any more.
    Archived,
}

/// A way to ship.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingMethod {
    /// Which.
    pub id: ShippingMethodId,
    /// What carts name it by.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// What it costs.
    pub rates: Rates,
    /// It costs nothing when the goods, after discounts, cost so much or more;
    /// in minor units.
    pub free_above: Option<i64>,
    /// Where it goes; everywhere when empty.
    pub zones: Vec<ShippingZoneId>,
    /// The currency of its rates.
    pub currency: Currency,
    /// Whether it can be chosen.
    pub status: ShippingStatus,
    /// Its place in the list.
    pub position: i64,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for ShippingMethod {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        let zones: Fact = self.zones.iter().copied().collect();
        Snapshot::new()
            .with_public_text("code", Some(&self.code))
            .with_public_text("name", Some(&self.name))
            .with("rates", self.rates.snapshot())
            .with("free_above", self.free_above)
            .with("zones", zones)
            .with("currency", self.currency)
            .with("status", status)
            .with("position", self.position)
            .with("version", self.version)
    }
}

/// A way to ship, with the areas of the zones it goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingWay {
    /// The method.
    pub method: ShippingMethod,
    /// The areas of all its zones.
    pub areas: Vec<Area>,
}

/// A shipping method to make.
#[derive(Debug, Clone)]
pub struct NewShippingMethod {
    /// What carts name it by.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// What it costs.
    pub rates: GivenRates,
    /// From which price of the goods on it costs nothing.
    pub free_above: Option<Money>,
    /// Where it goes.
    pub zones: Vec<ShippingZoneId>,
    /// Its place in the list.
    pub position: i64,
}

/// A change of a shipping method; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ShippingMethodChange {
    /// What it is called.
    pub name: Option<String>,
    /// What it costs.
    pub rates: Option<GivenRates>,
    /// From which price of the goods on it costs nothing; `Some(None)`: never.
    pub free_above: Option<Option<Money>>,
    /// Where it goes.
    pub zones: Option<Vec<ShippingZoneId>>,
    /// Whether it can be chosen.
    pub status: Option<ShippingStatus>,
    /// Its place in the list.
    pub position: Option<i64>,
}

/// The minor units from which on shipping is free, if they make sense and are
/// in the currency of the shop.
pub fn free_above(given: Option<Money>, currency: Currency) -> Result<Option<i64>, OrdersError> {
    match given {
        Some(amount) if amount.currency != currency => Err(OrdersError::RatesCurrency(currency)),
        Some(amount) if amount.minor < 1 => Err(RatesMistake {
            pointer: "/free_above".to_owned(),
            why: "`free_above` must be at least 1; leave it out where shipping always costs something",
        }
        .into()),
        given => Ok(given.map(|amount| amount.minor)),
    }
}

impl ShippingWay {
    /// What it costs to ship goods there; none when the method does not go
    /// there, not with such goods, or is not to be chosen.
    pub fn quote(&self, goods: Money, weight_grams: i64, to: &Address) -> Option<Money> {
        let method = &self.method;
        let goes = method.zones.is_empty() || self.areas.iter().any(|area| area.holds(to));
        if !goes || method.status != ShippingStatus::Active || method.currency != goods.currency {
            return None;
        }
        let amount = method.rates.amount(goods.minor, weight_grams)?;
        let free = method.free_above.is_some_and(|above| goods.minor >= above);
        Some(Money::new(if free { 0 } else { amount }, method.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(country: &str) -> Address {
        Address {
            name: "A".into(),
            company: None,
            line1: "B".into(),
            line2: None,
            city: "C".into(),
            postal_code: None,
            region: None,
            country: country.into(),
            phone: None,
        }
    }

    #[test]
    fn a_way_goes_to_its_areas_and_is_free_above_an_amount() {
        let now = Timestamp::from_seconds(0);
        let eur = |minor| Money::new(minor, Currency::EUR);
        let step = Step {
            up_to_grams: Some(1000),
            below: None,
            amount: 490,
        };
        let mut way = ShippingWay {
            method: ShippingMethod {
                id: ShippingMethodId::new(now),
                code: "standard".into(),
                name: "Standard".into(),
                rates: Rates::Table { steps: vec![step] },
                free_above: Some(5000),
                zones: vec![ShippingZoneId::new(now)],
                currency: Currency::EUR,
                status: ShippingStatus::Active,
                position: 0,
                version: 1,
                created_at: now,
                updated_at: now,
            },
            areas: vec![Area {
                country: "DE".into(),
                regions: vec![],
                postal_codes: vec![],
                except_postal_codes: vec![],
            }],
        };
        assert_eq!(way.quote(eur(4999), 1000, &address("DE")), Some(eur(490)));
        assert_eq!(way.quote(eur(5000), 1000, &address("DE")), Some(eur(0)));
        assert_eq!(way.quote(eur(5000), 1001, &address("DE")), None);
        assert_eq!(way.quote(eur(1), 1, &address("FR")), None);
        assert_eq!(
            way.quote(Money::zero(Currency::USD), 1, &address("DE")),
            None
        );
        way.method.zones.clear();
        assert_eq!(way.quote(eur(1), 1, &address("FR")), Some(eur(490)));
        way.method.status = ShippingStatus::Archived;
        assert_eq!(way.quote(eur(1), 1, &address("FR")), None);
    }
}
