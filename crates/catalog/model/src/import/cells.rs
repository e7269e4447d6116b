//! Cells with amounts.

use kernel::Currency;

/// Minor units of a decimal number; none for what has another form, or more
/// digits than the currency. Zeros beyond them are fine.
pub fn price_of(text: &str, currency: Currency) -> Option<i64> {
    let digits = usize::try_from(currency.exponent()).unwrap_or(0);
    let (whole, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (kept, beyond) = fraction.split_at_checked(digits).unwrap_or((fraction, ""));
    if whole.is_empty()
        || !numeric(whole)
        || !numeric(fraction)
        || beyond.bytes().any(|b| b != b'0')
    {
        return None;
    }
    format!("{whole}{kept:0<digits$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Money;
    use proptest::prelude::*;

    #[test]
    fn prices_have_the_digits_of_their_currency() {
        let yen: Currency = "JPY".parse().unwrap();
        for (text, minor) in [("12.99", 1299), ("12", 1200), ("0.5", 50), ("1.9900", 199)] {
            assert_eq!(price_of(text, Currency::EUR), Some(minor), "{text}");
        }
        for text in [
            "12,99",
            "1.999",
            "",
            ".5",
            "1.",
            "-1",
            "1e3",
            "+1",
            "1 000",
            "99999999999999999999",
        ] {
            assert_eq!(price_of(text, Currency::EUR), None, "{text}");
        }
        assert_eq!(price_of("1000", yen), Some(1000));
        assert_eq!(price_of("1000.5", yen), None);
        assert_eq!(price_of("1000.00", yen), Some(1000));
    }

    proptest! {
        #[test]
        fn prices_come_back(minor in 0..=1_000_000_000_000i64) {
            for code in ["EUR", "JPY", "KWD"] {
                let currency: Currency = code.parse().unwrap();
                prop_assert_eq!(price_of(&Money::new(minor, currency).decimal(), currency), Some(minor));
            }
        }
    }
}
