//! What shipping costs, by weight and price.

use kernel::{Audited, Currency, Fact, Snapshot};
use serde::{Deserialize, Serialize};

use crate::errors::OrdersError;

/// Steps a rate table may have.
pub const MAX_STEPS: usize = 50;

/// What shipping costs, in minor units of the method's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Rates {
    /// Always the same.
    Flat {
        /// So much.
        amount: i64,
    },
    /// By what the goods weigh and cost: the first step that both fit.
    Table {
        /// The steps.
        steps: Vec<Step>,
    },
}

/// A step of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// For goods of up to and including so many grams; any weight when none.
    pub up_to_grams: Option<i64>,
    /// For goods that cost less than this; any price when none.
    pub below: Option<i64>,
    /// Shipping costs so much.
    pub amount: i64,
}

impl Audited for Rates {
    fn snapshot(&self) -> Snapshot {
        match self {
            Self::Flat { amount } => Snapshot::new().with("kind", "flat").with("amount", *amount),
            Self::Table { steps } => {
                let steps: Fact = steps.iter().map(Step::snapshot).collect();
                Snapshot::new().with("kind", "table").with("steps", steps)
            }
        }
    }
}

impl Audited for Step {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new()
            .with("up_to_grams", self.up_to_grams)
            .with("below", self.below)
            .with("amount", self.amount)
    }
}

impl Step {
    fn fits(&self, goods: i64, weight_grams: i64) -> bool {
        self.up_to_grams.is_none_or(|end| weight_grams <= end)
            && self.below.is_none_or(|end| goods < end)
    }

    /// Which member makes no sense after the earlier steps, and why.
    fn mistake(&self, earlier: &[Self]) -> Option<(&'static str, &'static str)> {
        let negative = |end: Option<i64>| end.is_some_and(|end| end < 1);
        if self.amount < 0 {
            return Some(("/amount", "`amount` must be at least 0"));
        }
        if negative(self.up_to_grams) {
            return Some(("/up_to_grams", "`up_to_grams` must be at least 1"));
        }
        if negative(self.below) {
            return Some(("/below", "`below` must be at least 1"));
        }
        let covered = earlier.iter().any(|one| one.covers(self));
        covered.then_some((
            "",
            "an earlier step covers all that this one is for; put it before that one",
        ))
    }

    /// Whether all that fits the other one fits this one, too.
    fn covers(&self, other: &Self) -> bool {
        let reaches = |own: Option<i64>, theirs: Option<i64>| match (own, theirs) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(theirs)) => theirs <= own,
        };
        reaches(self.up_to_grams, other.up_to_grams) && reaches(self.below, other.below)
    }
}

/// What is wrong with rates, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("these rates make no sense: {why}")]
pub struct RatesMistake {
    /// Where, as a JSON pointer into the method.
    pub pointer: String,
    /// What would be right.
    pub why: &'static str,
}

/// Rates as somebody gives them, whose amounts each name a currency.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenRates {
    rates: Rates,
    currencies: Vec<Currency>,
}

impl GivenRates {
    /// Rates whose amounts are in these currencies.
    pub fn new(rates: Rates, currencies: Vec<Currency>) -> Self {
        Self { rates, currencies }
    }

    /// The currency of the rates: that of the first amount, else that of the
    /// shop.
    pub fn currency(&self, of_shop: Currency) -> Currency {
        self.currencies.first().copied().unwrap_or(of_shop)
    }

    /// The rates, if they make sense and all amounts are in one currency.
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

impl Rates {
    /// Refuses tables that are empty, have steps that nothing reaches, or
    /// negative amounts.
    pub fn check(&self) -> Result<(), OrdersError> {
        let refuse = |pointer: String, why| Err(RatesMistake { pointer, why }.into());
        match self {
            Self::Flat { amount } if *amount < 0 => {
                refuse("/rates/amount".to_owned(), "`amount` must be at least 0")
            }
            Self::Flat { .. } => Ok(()),
            Self::Table { steps } if !(1..=MAX_STEPS).contains(&steps.len()) => {
                refuse("/rates/steps".to_owned(), "a table must have 1 to 50 steps")
            }
            Self::Table { steps } => {
                for (n, step) in steps.iter().enumerate() {
                    if let Some((member, why)) = step.mistake(&steps[..n]) {
                        return refuse(format!("/rates/steps/{n}{member}"), why);
                    }
                }
                Ok(())
            }
        }
    }

    /// What shipping costs; none when the goods fit no step.
    pub fn amount(&self, goods: i64, weight_grams: i64) -> Option<i64> {
        match self {
            Self::Flat { amount } => Some(*amount),
            Self::Table { steps } => steps
                .iter()
                .find(|step| step.fits(goods, weight_grams))
                .map(|step| step.amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::DomainError as _;
    use proptest::prelude::*;

    fn step(up_to_grams: Option<i64>, below: Option<i64>, amount: i64) -> Step {
        Step {
            up_to_grams,
            below,
            amount,
        }
    }

    #[test]
    fn the_first_step_that_fits_counts() {
        let steps = vec![
            step(Some(1000), Some(5000), 490),
            step(Some(1000), None, 0),
            step(Some(5000), Some(5000), 690),
            step(Some(5000), None, 290),
        ];
        let table = Rates::Table { steps };
        table.check().unwrap();
        for (goods, grams, amount) in [
            (4999, 1000, Some(490)),
            (5000, 1000, Some(0)),
            (4999, 1001, Some(690)),
            (5000, 5000, Some(290)),
            (1, 5001, None),
        ] {
            assert_eq!(table.amount(goods, grams), amount, "{goods} {grams}");
        }
    }

    #[test]
    fn steps_that_nothing_reaches_are_refused() {
        let by_weight = |ends: &[Option<i64>]| Rates::Table {
            steps: ends.iter().map(|&end| step(end, None, 1)).collect(),
        };
        assert!(by_weight(&[Some(1), Some(2), None]).check().is_ok());
        for bad in [
            &[][..],
            &[None, Some(1)],
            &[Some(2), Some(1)],
            &[Some(1), Some(1)],
            &[Some(0)],
        ] {
            assert!(by_weight(bad).check().is_err(), "{bad:?}");
        }
        assert!(Rates::Flat { amount: -1 }.check().is_err());
        let pointer = |rates: &Rates| rates.check().unwrap_err().fields()[0].pointer.clone();
        assert_eq!(pointer(&by_weight(&[])), "/rates/steps");
        assert_eq!(pointer(&by_weight(&[None, Some(1)])), "/rates/steps/1");
        assert_eq!(
            pointer(&by_weight(&[Some(0)])),
            "/rates/steps/0/up_to_grams"
        );
        assert_eq!(pointer(&Rates::Flat { amount: -1 }), "/rates/amount");
        let steps = vec![step(Some(9), Some(9), 1), step(Some(5), Some(9), 1)];
        assert!(Rates::Table { steps }.check().is_err());
    }

    proptest! {
        /// Every step of a table that passes is reached by something.
        #[test]
        fn every_step_of_a_good_table_is_reached(
            ends in prop::collection::vec((1i64..6, 1i64..6), 1..6),
        ) {
            let steps: Vec<Step> = ends
                .iter()
                .zip(0..)
                .map(|(&(grams, below), n)| step(Some(grams), Some(below), n))
                .collect();
            let table = Rates::Table { steps: steps.clone() };
            let reached = |n: i64| (0..6).any(|goods| (0..6).any(|grams| table.amount(goods, grams) == Some(n)));
            let each_alone = steps.iter().zip(0..).all(|(_, n)| reached(n));
            if each_alone {
                prop_assert!(table.check().is_ok());
            }
        }
    }
}
