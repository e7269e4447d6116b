//! Quantities as Kubernetes writes them: `500m`, `1.5`, `2Gi`, `1e3`.
//!
//! Source: `k8s.io/apimachinery/pkg/api/resource/quantity.go`.

use std::str::FromStr;

/// One unit in nano units.
const ONE: i128 = 1_000_000_000;
/// The largest that Kubernetes keeps exactly: 2^63 - 1.
const LARGEST: i128 = i64::MAX as i128 * ONE;
/// How long a text may be; the longest that makes sense is far shorter.
const MAX_LENGTH: usize = 32;

/// An amount of CPU or memory, in nano units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(i128);

/// Why a text is no quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a quantity such as 500m, 2 or 1.5Gi")]
pub struct QuantityError;

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whether it is a whole number of thousandths, below which CPU is not
    /// shared out.
    pub const fn is_whole_in_thousandths(self) -> bool {
        self.0 % (ONE / 1_000) == 0
    }

    /// How many thousandths, rounded up; the largest number when it is more.
    pub fn thousandths(self) -> i64 {
        let milli = ONE / 1_000;
        i64::try_from((self.0 + milli - 1).div_euclid(milli)).unwrap_or(i64::MAX)
    }

    /// How many, rounded up, as bytes are; the largest number when it is more.
    pub fn whole(self) -> i64 {
        i64::try_from((self.0 + ONE - 1).div_euclid(ONE)).unwrap_or(i64::MAX)
    }

    /// Whether it is a whole number, as bytes are.
    pub const fn is_whole(self) -> bool {
        self.0 % ONE == 0
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        if text.len() > MAX_LENGTH {
            return Err(QuantityError);
        }
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let end = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && part.is_empty()) || part.contains('.') {
            return Err(QuantityError);
        }
        let (base, exponent) = scale(suffix).ok_or(QuantityError)?;
        let value = value(whole, part, base, exponent).ok_or(QuantityError)?;
        Ok(Self(if negative { -value } else { value }))
    }
}

/// What a suffix multiplies by: a power of two, and one of ten.
fn scale(suffix: &str) -> Option<(i128, i32)> {
    let binary = |power: u32| Some((1i128 << (10 * power), 0));
    match suffix {
        "" => Some((1, 0)),
        "n" => Some((1, -9)),
        "u" => Some((1, -6)),
        "m" => Some((1, -3)),
        "k" => Some((1, 3)),
        "M" => Some((1, 6)),
        "G" => Some((1, 9)),
        "T" => Some((1, 12)),
        "P" => Some((1, 15)),
        "E" => Some((1, 18)),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let power = suffix.strip_prefix(['e', 'E'])?;
            let digits = power.trim_start_matches(['+', '-']);
            let plain = digits.len() + 1 >= power.len()
                && !digits.is_empty()
                && digits.bytes().all(|b| b.is_ascii_digit());
            plain
                .then(|| power.parse::<i32>().ok())
                .flatten()
                .map(|power| (1, power))
        }
    }
}

/// The value in nano units, rounded up as Kubernetes does.
fn value(whole: &str, part: &str, base: i128, exponent: i32) -> Option<i128> {
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    let shift = exponent + 9 - i32::try_from(part.len()).ok()?;
    let exact = digits.checked_mul(base)?;
    let nano = if exact == 0 {
        0
    } else if shift >= 0 {
        let times = 10i128.checked_pow(u32::try_from(shift).ok()?)?;
        exact.checked_mul(times)?
    } else {
        match 10i128.checked_pow(shift.unsigned_abs()) {
            Some(by) => (exact + by - 1) / by,
            None => 1,
        }
    };
    (nano <= LARGEST).then_some(nano)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> i128 {
        text.parse::<Quantity>().unwrap().0
    }

    #[test]
    fn thousandths_and_bytes_are_rounded_up() {
        for (text, thousandths, whole) in [
            ("0", 0, 0),
            ("250m", 250, 1),
            ("1.5", 1_500, 2),
            ("1n", 1, 1),
            ("512Mi", 536_870_912_000, 536_870_912),
            ("9223372036854775807", i64::MAX, i64::MAX),
        ] {
            let quantity: Quantity = text.parse().unwrap();
            assert_eq!(quantity.thousandths(), thousandths, "{text}");
            assert_eq!(quantity.whole(), whole, "{text}");
        }
    }

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        for (text, nano) in [
            ("0", 0),
            ("1", ONE),
            ("500m", ONE / 2),
            ("1.5", ONE * 3 / 2),
            (".5", ONE / 2),
            ("5.", ONE * 5),
            ("1Ki", 1024 * ONE),
            ("1.5Gi", 1_610_612_736 * ONE),
            ("2G", 2_000_000_000 * ONE),
            ("1e3", 1000 * ONE),
            ("1E3", 1000 * ONE),
            ("1E", 1_000_000_000_000_000_000 * ONE),
            ("12e-1", ONE * 6 / 5),
            ("+7", 7 * ONE),
            ("-1", -ONE),
            ("1n", 1),
            // Finer than a nano unit is rounded up.
            ("0.1n", 1),
            ("1e-400", 1),
        ] {
            assert_eq!(of(text), nano, "{text}");
        }
        for bad in [
            "", "m", "1.2.3", "1 Gi", "1gi", "1KI", "1Kib", "e3", "1e", "1e+-3", "0x10", "1_000",
            "16Ei", "1e30", "\u{661}",
        ] {
            assert!(bad.parse::<Quantity>().is_err(), "{bad}");
        }
        assert!("9".repeat(40).parse::<Quantity>().is_err());
    }

    #[test]
    fn thousandths_and_bytes_are_whole() {
        let is = |text: &str| text.parse::<Quantity>().unwrap();
        assert!(is("1m").is_whole_in_thousandths());
        assert!(!is("100u").is_whole_in_thousandths());
        assert!(is("1.5Gi").is_whole() && !is("1500m").is_whole());
        assert!(is("500m") < is("1") && is("1G") < is("1Gi"));
    }
}
