//! Ways to ship and what they cost.

use kernel::{Audited, Currency, Fact, Money, ShippingMethodId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::address::is_country;
use crate::errors::OrdersError;

/// Steps a rate table may have.
pub const MAX_STEPS: usize = 50;

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

/// What shipping costs, in minor units of the method's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rates {
    /// Always the same.
    Flat {
        /// So much.
        amount: i64,
    },
    /// By what the goods weigh.
    ByWeight {
        /// Rising steps.
        steps: Vec<WeightStep>,
    },
    /// By what the goods cost.
    BySubtotal {
        /// Rising steps.
        steps: Vec<SubtotalStep>,
    },
}

/// A step of a table by weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightStep {
    /// Up to and including so many grams; the last step may have no end.
    pub up_to_grams: Option<i64>,
    /// Shipping costs so much.
    pub amount: i64,
}

/// A step of a table by subtotal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubtotalStep {
    /// Below so much; the last step may have no end.
    pub below: Option<i64>,
    /// Shipping costs so much.
    pub amount: i64,
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
    /// Where it goes, as ISO 3166-1 alpha-2 codes; everywhere when empty.
    pub countries: Vec<String>,
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
        let (kind, amounts): (&'static str, Fact) = match &self.rates {
            Rates::Flat { amount } => ("flat", [*amount].into_iter().collect()),
            Rates::ByWeight { steps } => {
                ("by_weight", steps.iter().map(|step| step.amount).collect())
            }
            Rates::BySubtotal { steps } => (
                "by_subtotal",
                steps.iter().map(|step| step.amount).collect(),
            ),
        };
        Snapshot::new()
            .with_public_text("code", Some(&self.code))
            .with_public_text("name", Some(&self.name))
            .with("rates", kind)
            .with("amounts", amounts)
            .with_public_texts("countries", self.countries.iter().map(String::as_str))
            .with("currency", self.currency)
            .with("status", status)
            .with("position", self.position)
            .with("version", self.version)
    }
}

/// Rates as somebody gives them, whose amounts each name a currency.
#[derive(Debug, Clone)]
pub struct GivenRates {
    rates: Rates,
    currencies: Vec<Currency>,
}

impl GivenRates {
    /// Rates whose amounts are in these currencies.
    pub fn new(rates: Rates, currencies: Vec<Currency>) -> Self {
        Self { rates, currencies }
    }

    /// The rates, if they make sense and all amounts are in the currency of
    /// the shop.
    pub fn in_currency(self, currency: Currency) -> Result<Rates, OrdersError> {
        if self.currencies.iter().any(|one| *one != currency) {
            return Err(OrdersError::RatesCurrency(currency));
        }
        self.rates.check()?;
        Ok(self.rates)
    }
}

/// Rates in the currency of the shop, whatever that is.
impl From<Rates> for GivenRates {
    fn from(rates: Rates) -> Self {
        Self::new(rates, Vec::new())
    }
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
    /// Where it goes.
    pub countries: Vec<String>,
    /// Its place in the list.
    pub position: i64,
}

/// A change of a shipping method; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct ShippingMethodChange {
    /// What it is called.
    pub name: Option<String>,
    /// What it costs.
    pub rates: Option<GivenRates>,
    /// Where it goes.
    pub countries: Option<Vec<String>>,
    /// Whether it can be chosen.
    pub status: Option<ShippingStatus>,
    /// Its place in the list.
    pub position: Option<i64>,
}

impl Rates {
    /// Refuses tables that are empty, not rising, or have negative amounts.
    pub fn check(&self) -> Result<(), OrdersError> {
        let (ends, amounts): (Vec<Option<i64>>, Vec<i64>) = match self {
            Self::Flat { amount } => (vec![None], vec![*amount]),
            Self::ByWeight { steps } => steps
                .iter()
                .map(|step| (step.up_to_grams, step.amount))
                .unzip(),
            Self::BySubtotal { steps } => {
                steps.iter().map(|step| (step.below, step.amount)).unzip()
            }
        };
        let rising = ends.windows(2).all(|pair| match pair {
            [Some(low), Some(high)] => low < high,
            [Some(_), None] => true,
            _ => false,
        });
        let positive = ends.iter().flatten().all(|&end| end > 0);
        let amounts_ok = amounts.iter().all(|&amount| amount >= 0);
        if (1..=MAX_STEPS).contains(&ends.len()) && rising && positive && amounts_ok {
            Ok(())
        } else {
            Err(OrdersError::InvalidRates)
        }
    }

    /// What shipping costs; none when the goods are above the last step.
    fn amount(&self, subtotal: i64, weight_grams: i64) -> Option<i64> {
        match self {
            Self::Flat { amount } => Some(*amount),
            Self::ByWeight { steps } => steps
                .iter()
                .find(|step| step.up_to_grams.is_none_or(|end| weight_grams <= end))
                .map(|step| step.amount),
            Self::BySubtotal { steps } => steps
                .iter()
                .find(|step| step.below.is_none_or(|end| subtotal < end))
                .map(|step| step.amount),
        }
    }
}

/// Refuses texts that are not country codes.
pub fn check_countries(countries: &[String]) -> Result<(), OrdersError> {
    match countries.iter().find(|code| !is_country(code)) {
        Some(code) => Err(OrdersError::InvalidCountry(code.chars().take(8).collect())),
        None => Ok(()),
    }
}

impl ShippingMethod {
    /// What it costs to ship goods there; none when the method does not go
    /// there, not for so much, or is not to be chosen.
    pub fn quote(&self, subtotal: Money, weight_grams: i64, country: &str) -> Option<Money> {
        let goes = self.countries.is_empty() || self.countries.iter().any(|code| code == country);
        if !goes || self.status != ShippingStatus::Active || self.currency != subtotal.currency {
            return None;
        }
        self.rates
            .amount(subtotal.minor, weight_grams)
            .map(|amount| Money::new(amount, self.currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(rates: Rates, countries: &[&str]) -> ShippingMethod {
        let now = Timestamp::from_seconds(0);
        ShippingMethod {
            id: ShippingMethodId::new(now),
            code: "standard".into(),
            name: "Standard".into(),
            rates,
            countries: countries.iter().map(ToString::to_string).collect(),
            currency: Currency::EUR,
            status: ShippingStatus::Active,
            position: 0,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    #[test]
    fn tables_are_read_step_by_step() {
        let eur = |minor| Money::new(minor, Currency::EUR);
        let by_weight = method(
            Rates::ByWeight {
                steps: vec![
                    WeightStep {
                        up_to_grams: Some(1000),
                        amount: 490,
                    },
                    WeightStep {
                        up_to_grams: Some(5000),
                        amount: 690,
                    },
                ],
            },
            &["DE", "AT"],
        );
        assert_eq!(by_weight.quote(eur(1), 1000, "DE"), Some(eur(490)));
        assert_eq!(by_weight.quote(eur(1), 1001, "AT"), Some(eur(690)));
        assert_eq!(by_weight.quote(eur(1), 5001, "DE"), None);
        assert_eq!(by_weight.quote(eur(1), 1, "FR"), None);
        assert_eq!(by_weight.quote(Money::zero(Currency::USD), 1, "DE"), None);
        let by_subtotal = method(
            Rates::BySubtotal {
                steps: vec![
                    SubtotalStep {
                        below: Some(5000),
                        amount: 490,
                    },
                    SubtotalStep {
                        below: None,
                        amount: 0,
                    },
                ],
            },
            &[],
        );
        assert_eq!(by_subtotal.quote(eur(4999), 1, "FR"), Some(eur(490)));
        assert_eq!(by_subtotal.quote(eur(5000), 1, "FR"), Some(eur(0)));
    }

    #[test]
    fn tables_must_rise() {
        let table = |ends: &[Option<i64>]| Rates::ByWeight {
            steps: ends
                .iter()
                .map(|&up_to_grams| WeightStep {
                    up_to_grams,
                    amount: 1,
                })
                .collect(),
        };
        assert!(table(&[Some(1), Some(2), None]).check().is_ok());
        for bad in [
            &[][..],
            &[None, Some(1)],
            &[Some(2), Some(1)],
            &[Some(1), Some(1)],
            &[Some(0)],
        ] {
            assert!(table(bad).check().is_err(), "{bad:?}");
        }
        assert!(Rates::Flat { amount: -1 }.check().is_err());
    }
}
