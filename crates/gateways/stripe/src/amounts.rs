//! Amounts as Stripe counts them.
//!
//! Stripe's minor units are not always those of ISO 4217: some currencies it
//! takes without decimals, and two without decimals it takes with two
//! (<https://docs.stripe.com/currencies#zero-decimal>).

use kernel::{Currency, Money};

/// Currencies Stripe takes without decimals.
const ZERO_DECIMAL: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// Currencies without decimals that Stripe takes with two.
const TWO_DECIMAL: &[&str] = &["ISK", "UGX"];

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

    #[test]
    fn amounts_cross_over_and_back() {
        for (code, ours, theirs) in [
            ("EUR", 1299, 1299),
            ("JPY", 500, 500),
            ("KWD", 1230, 1230),
            ("ISK", 5, 500),
            ("UGX", 7, 700),
            ("MGA", 300, 3),
        ] {
            let money = Money::new(ours, code.parse().unwrap());
            assert_eq!(to_stripe(money), Some(theirs), "{code}");
            assert_eq!(from_stripe(theirs, &code.to_lowercase()), Some(money));
        }
        assert_eq!(to_stripe(Money::new(301, "MGA".parse().unwrap())), None);
        assert_eq!(from_stripe(501, "isk"), None);
        assert_eq!(from_stripe(1, "xyz"), None);
    }
}
