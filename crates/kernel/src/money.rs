//! Amounts of money: whole minor units of an ISO 4217 currency, with checked
//! arithmetic and no floating point.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A currency of ISO 4217 that has minor units (so not gold or test codes).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(iso_currency::Currency::EUR);
    /// The US dollar.
    pub const USD: Self = Self(iso_currency::Currency::USD);

    /// The three-letter code.
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal digits the minor unit stands for: 2 for EUR, 0 for
    /// JPY, 3 for KWD.
    pub fn exponent(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or_else(|| MoneyError::UnknownCurrency(code.chars().take(8).collect()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

/// Why an amount could not be computed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit 64 bits.
    #[error("the amount is too large")]
    Overflow,
    /// Two amounts of different currencies were combined.
    #[error("amounts in {0} and {1} cannot be combined")]
    CurrencyMismatch(Currency, Currency),
    /// Not a code of ISO 4217.
    #[error("{0:?} is not an ISO 4217 currency code such as \"EUR\"")]
    UnknownCurrency(String),
}

/// An amount of money.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: cents for EUR, yen for JPY.
    #[serde(rename = "amount")]
    pub minor: i64,
    /// In which currency.
    pub currency: Currency,
}

impl Money {
    /// An amount of minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Whether the amount is zero.
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The amount in major units, with as many digits as the currency has and
    /// without its code: `12.99` of euros, `500` of yen.
    pub fn decimal(self) -> String {
        let digits = self.currency.exponent() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let magnitude = self.minor.unsigned_abs();
        if digits == 0 {
            return format!("{sign}{magnitude}");
        }
        let unit = 10u64.pow(self.currency.exponent());
        let (whole, part) = (magnitude / unit, magnitude % unit);
        format!("{sign}{whole}.{part:0digits$}")
    }

    fn with(self, other: Self, minor: Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        minor
            .map(|minor| Self::new(minor, self.currency))
            .ok_or(MoneyError::Overflow)
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, self.minor.checked_add(other.minor))
    }

    /// The difference; may be negative.
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, self.minor.checked_sub(other.minor))
    }

    /// The amount times a quantity.
    pub fn times(self, quantity: i64) -> Result<Self, MoneyError> {
        self.minor
            .checked_mul(quantity)
            .map(|minor| Self::new(minor, self.currency))
            .ok_or(MoneyError::Overflow)
    }

    /// The sum of many; zero in `currency` for none.
    pub fn sum(
        amounts: impl IntoIterator<Item = Self>,
        currency: Currency,
    ) -> Result<Self, MoneyError> {
        amounts
            .into_iter()
            .try_fold(Self::zero(currency), Self::plus)
    }

    /// A share in basis points (hundredths of a percent), rounded half to even.
    pub fn basis_points(self, points: u32) -> Result<Self, MoneyError> {
        let exact = i128::from(self.minor) * i128::from(points);
        i64::try_from(div_half_even(exact, 10_000))
            .map(|minor| Self::new(minor, self.currency))
            .map_err(|_| MoneyError::Overflow)
    }

    /// Splits the amount in proportion to `weights` so that the parts add up
    /// to it exactly, by the largest-remainder (Hamilton) method; ties go to
    /// the earlier part. With no positive weight, the first part gets all.
    pub fn allocate(self, weights: &[u64]) -> Vec<Self> {
        let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
        let mut parts = vec![Self::zero(self.currency); weights.len()];
        if total == 0 {
            if let Some(first) = parts.first_mut() {
                first.minor = self.minor;
            }
            return parts;
        }
        let magnitude = u128::from(self.minor.unsigned_abs());
        let sign = self.minor.signum();
        let mut remainders = Vec::with_capacity(weights.len());
        let mut given: u128 = 0;
        for (index, (&weight, part)) in weights.iter().zip(&mut parts).enumerate() {
            let exact = magnitude * u128::from(weight);
            let share = exact / total;
            given += share;
            // A share is at most the magnitude of an i64, so it fits one
            // except for i64::MIN, whose magnitude `signed` handles.
            part.minor = signed(share, sign);
            remainders.push((std::cmp::Reverse(exact % total), index));
        }
        remainders.sort_unstable();
        let left = usize::try_from(magnitude - given).unwrap_or(0);
        for &(_, index) in remainders.iter().take(left) {
            parts[index].minor += sign;
        }
        parts
    }
}

fn signed(magnitude: u128, sign: i64) -> i64 {
    let value = i128::try_from(magnitude).unwrap_or(i128::MAX) * i128::from(sign);
    i64::try_from(value).unwrap_or(i64::MIN)
}

/// Division rounded half to even; `divisor` is positive.
fn div_half_even(dividend: i128, divisor: i128) -> i128 {
    let quotient = dividend.div_euclid(divisor);
    let twice = dividend.rem_euclid(divisor) * 2;
    if twice > divisor || (twice == divisor && quotient % 2 != 0) {
        quotient + 1
    } else {
        quotient
    }
}

impl fmt::Display for Money {
    /// Decimal, with as many digits as the currency has: `12.99 EUR`, `500 JPY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    #[test]
    fn currencies_know_their_exponents() {
        for (code, exponent) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("IDR", 2), ("CLF", 4)] {
            assert_eq!(code.parse::<Currency>().unwrap().exponent(), exponent);
        }
        for code in ["XXX", "XAU", "eur", "EURO", ""] {
            assert!(code.parse::<Currency>().is_err(), "{code}");
        }
    }

    #[test]
    fn amounts_read_as_decimals() {
        assert_eq!(eur(1299).to_string(), "12.99 EUR");
        assert_eq!(eur(10_500).decimal(), "105.00");
        assert_eq!(eur(5).decimal(), "0.05");
        assert_eq!(eur(-5).to_string(), "-0.05 EUR");
        assert_eq!(
            Money::new(500, "JPY".parse().unwrap()).to_string(),
            "500 JPY"
        );
        assert_eq!(eur(i64::MIN).to_string(), "-92233720368547758.08 EUR");
    }

    #[test]
    fn arithmetic_is_checked() {
        assert_eq!(eur(i64::MAX).plus(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MIN).minus(eur(1)), Err(MoneyError::Overflow));
        assert_eq!(eur(i64::MAX).times(2), Err(MoneyError::Overflow));
        assert!(eur(1).plus(Money::zero(Currency::USD)).is_err());
    }

    #[test]
    fn shares_round_half_to_even() {
        assert_eq!(eur(50).basis_points(100).unwrap(), eur(0)); // 0.5 -> 0
        assert_eq!(eur(150).basis_points(100).unwrap(), eur(2)); // 1.5 -> 2
        assert_eq!(eur(250).basis_points(100).unwrap(), eur(2)); // 2.5 -> 2
        assert_eq!(eur(251).basis_points(100).unwrap(), eur(3));
        assert_eq!(eur(-150).basis_points(100).unwrap(), eur(-2));
    }

    #[test]
    fn allocation_gives_the_rest_to_the_largest_remainders() {
        let parts = eur(100).allocate(&[1, 1, 1]);
        assert_eq!(parts, [eur(34), eur(33), eur(33)]);
        assert_eq!(eur(5).allocate(&[0, 0]), [eur(5), eur(0)]);
        assert_eq!(eur(5).allocate(&[]), []);
        assert_eq!(eur(i64::MIN).allocate(&[1]), [eur(i64::MIN)]);
    }

    proptest! {
        #[test]
        fn allocation_adds_up_and_is_fair(
            minor in any::<i64>(),
            weights in prop::collection::vec(0u64..1_000_000, 1..20),
        ) {
            let parts = eur(minor).allocate(&weights);
            let sum: i128 = parts.iter().map(|part| i128::from(part.minor)).sum();
            prop_assert_eq!(sum, i128::from(minor));
            let total: i128 = weights.iter().map(|&w| i128::from(w)).sum();
            if total > 0 {
                for (part, &weight) in parts.iter().zip(&weights) {
                    let exact = i128::from(minor) * i128::from(weight);
                    let off = (i128::from(part.minor) * total - exact).abs();
                    prop_assert!(off < total, "part is more than one unit off");
                }
            }
        }
    }
}
