//! Amounts as Stripe counts them.
//!
//! Stripe's minor units are not always those of ISO 4217: some currencies it
//! takes without decimals, two without decimals it takes with two, and of three
//! decimals the last must be zero
//! (<https://docs.stripe.com/currencies#zero-decimal>).

use kernel::{Currency, Money};

/// Currencies Stripe takes without decimals.
const ZERO_DECIMAL: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// Currencies without decimals that Stripe takes with two.
const TWO_DECIMAL: &[&str] = &["ISK", "UGX"];
/// Currencies of three decimals, which Stripe takes in steps of ten.
const THREE_DECIMAL: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];

fn exponent(currency: Currency) -> u32 {
    if ZERO_DECIMAL.contains(&currency.code()) {
        0
    } else if TWO_DECIMAL.contains(&currency.code()) {
        2
    } else {
        currency.exponent()
    }
}

/// An amount in Stripe's units; none when it cannot be said in them.
pub(crate) fn to_stripe(money: Money) -> Option<i64> {
    if THREE_DECIMAL.contains(&money.currency.code()) && money.minor % 10 != 0 {
        return None;
    }
    let (ours, theirs) = (money.currency.exponent(), exponent(money.currency));
    if theirs >= ours {
        money.minor.checked_mul(10i64.pow(theirs - ours))
    } else {
        let unit = 10i64.pow(ours - theirs);
        (money.minor % unit == 0).then_some(money.minor / unit)
    }
}

/// An amount from Stripe's units; none when it cannot be said in ours.
pub(crate) fn from_stripe(amount: i64, currency: &str) -> Option<Money> {
    let currency: Currency = currency.to_uppercase().parse().ok()?;
    let (ours, theirs) = (currency.exponent(), exponent(currency));
    let minor = if ours >= theirs {
        amount.checked_mul(10i64.pow(ours - theirs))?
    } else {
        let unit = 10i64.pow(theirs - ours);
        (amount % unit == 0).then_some(amount / unit)?
    };
    Some(Money::new(minor, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every currency whose units differ, or may be thought to differ:
    /// forints and Taiwan dollars have no decimals in payouts only.
    #[test]
    fn amounts_cross_over_and_back() {
        for (code, ours, theirs) in [
            ("EUR", 1299, 1299),
            ("JPY", 500, 500),
            ("KRW", 1, 1),
            ("CLP", 1990, 1990),
            ("VND", 25_000, 25_000),
            ("HUF", 1050, 1050),
            ("TWD", 1050, 1050),
            ("KWD", 1230, 1230),
            ("TND", 10, 10),
            ("ISK", 5, 500),
            ("UGX", 7, 700),
            ("MGA", 300, 3),
            ("EUR", 0, 0),
            ("EUR", -5, -5),
        ] {
            let money = Money::new(ours, code.parse().unwrap());
            assert_eq!(to_stripe(money), Some(theirs), "{code}");
            assert_eq!(from_stripe(theirs, &code.to_lowercase()), Some(money));
        }
    }

    #[test]
    fn amounts_that_stripe_cannot_take_are_refused() {
        for (code, ours) in [("MGA", 301), ("KWD", 1234), ("BHD", 1), ("ISK", i64::MAX)] {
            let money = Money::new(ours, code.parse().unwrap());
            assert_eq!(to_stripe(money), None, "{code}");
        }
        assert_eq!(from_stripe(501, "isk"), None);
        assert_eq!(from_stripe(i64::MAX, "mga"), None);
        assert_eq!(from_stripe(1, "xyz"), None);
    }

    /// Stripe's list of currencies without decimals, and what it makes of each.
    #[test]
    fn currencies_without_decimals_cross_over_unchanged() {
        for code in ZERO_DECIMAL {
            let currency: Currency = code.parse().unwrap();
            let whole = Money::new(10i64.pow(currency.exponent()) * 7, currency);
            assert_eq!(to_stripe(whole), Some(7), "{code}");
        }
        for code in TWO_DECIMAL {
            let currency: Currency = code.parse().unwrap();
            assert_eq!(currency.exponent(), 0, "{code}");
        }
    }
}
