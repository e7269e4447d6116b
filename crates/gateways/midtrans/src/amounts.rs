//! Amounts as Midtrans counts them: whole rupiah. It is sent numbers without
//! decimals, and sends texts with two, which are always zero. ISO 4217 gives
//! the rupiah two decimals, so that a rupiah is a hundred of our minor units.

use kernel::{Currency, Money};

/// The only currency Midtrans takes.
pub(crate) const CURRENCY: &str = "IDR";

fn unit(currency: Currency) -> i64 {
    10i64.pow(currency.exponent())
}

/// An amount in whole rupiah; none when it is in another currency, or has a
/// part of one.
pub(crate) fn to_midtrans(money: Money) -> Option<i64> {
    let unit = unit(money.currency);
    (money.currency.code() == CURRENCY && money.minor % unit == 0).then_some(money.minor / unit)
}

/// The largest whole number of rupiah up to an amount; what is in another
/// currency stays as it is.
pub(crate) fn whole(money: Money) -> Money {
    if money.currency.code() != CURRENCY {
        return money;
    }
    Money::new(
        money.minor - money.minor % unit(money.currency),
        money.currency,
    )
}

/// An amount as it was received, such as `"150000.00"`. Other currencies and
/// parts of a unit are read too, because somebody has to hear of them; none
/// when it is no amount of the currency.
pub(crate) fn from_midtrans(text: &str, currency: &str) -> Option<Money> {
    let currency: Currency = currency.parse().ok()?;
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(rest) {
        return None;
    }
    let places = usize::try_from(currency.exponent()).ok()?;
    let part = format!("{:0<places$}", rest.trim_end_matches('0'));
    if part.len() > places {
        return None;
    }
    let part: i64 = if places == 0 { 0 } else { part.parse().ok()? };
    let whole: i64 = whole.parse().ok()?;
    let minor = whole.checked_mul(unit(currency))?.checked_add(part)?;
    Some(Money::new(minor, currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idr(minor: i64) -> Money {
        Money::new(minor, CURRENCY.parse().unwrap())
    }

    #[test]
    fn a_rupiah_is_a_hundred_of_ours_once_in_each_direction() {
        assert_eq!(to_midtrans(idr(15_000_000)), Some(150_000));
        assert_eq!(from_midtrans("150000.00", CURRENCY), Some(idr(15_000_000)));
        assert_eq!(from_midtrans("150000", CURRENCY), Some(idr(15_000_000)));
        for whole in [0, 1, 999, 150_000, 90_071_992_547] {
            let text = format!("{whole}.00");
            assert_eq!(
                to_midtrans(from_midtrans(&text, CURRENCY).unwrap()),
                Some(whole)
            );
        }
    }

    #[test]
    fn what_is_no_whole_rupiah_is_not_sent_but_understood() {
        let eur = Money::new(150, Currency::EUR);
        assert_eq!(to_midtrans(idr(150)), None);
        assert_eq!(to_midtrans(eur), None);
        assert_eq!(whole(idr(150)), idr(100));
        assert_eq!(whole(idr(99)), idr(0));
        assert_eq!(whole(eur), eur);
        assert_eq!(from_midtrans("150000.5", CURRENCY), Some(idr(15_000_050)));
        assert_eq!(from_midtrans("150000.05", CURRENCY), Some(idr(15_000_005)));
        assert_eq!(from_midtrans("1.500", "EUR"), Some(eur));
        let yen = Money::new(12, "JPY".parse().unwrap());
        assert_eq!(from_midtrans("12.00", "JPY"), Some(yen));
        assert_eq!(from_midtrans("12.50", "JPY"), None);
        assert_eq!(from_midtrans("12.00", "ZZZ"), None);
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", ".00", "1.505", "1,000", "-1", "1e3", " 1", "1.0x"] {
            assert_eq!(from_midtrans(text, CURRENCY), None, "{text}");
        }
        assert_eq!(from_midtrans("92233720368547758080", CURRENCY), None);
        assert_eq!(from_midtrans("922337203685477580", CURRENCY), None);
    }
}
