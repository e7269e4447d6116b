//! Quantities as Kubernetes writes them.

/// Thousandths: `250m`, `2`, `156340n`; rounded up.
pub(crate) fn milli(text: &str) -> Option<i64> {
    scaled(text, 1_000)
}

/// Whole units, such as bytes: `512Mi`, `1G`, `1073741824`; rounded up.
pub(crate) fn whole(text: &str) -> Option<i64> {
    scaled(text, 1)
}

/// A quantity of thousandths.
pub(crate) fn of_milli(milli: i64) -> String {
    format!("{milli}m")
}

/// How much a quantity is, times so much, rounded up.
fn scaled(text: &str, times: i128) -> Option<i64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '+' && c != '-')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (numerator, denominator) = factor(suffix)?;
    let (digits, shift) = match number.split_once('.') {
        None => (number.to_owned(), 0),
        Some((before, after)) => (format!("{before}{after}"), after.len()),
    };
    if digits.len() > 24 {
        return None;
    }
    let digits: i128 = digits.parse().ok()?;
    let denominator = denominator.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?;
    let product = digits.checked_mul(numerator)?.checked_mul(times)?;
    let rounded =
        product.div_euclid(denominator) + i128::from(product.rem_euclid(denominator) != 0);
    i64::try_from(rounded).ok()
}

/// What a suffix stands for, as a fraction.
fn factor(suffix: &str) -> Option<(i128, i128)> {
    let decimal = |n: u32| Some((10_i128.pow(n), 1));
    let binary = |n: u32| Some((1_i128 << (10 * n), 1));
    match suffix {
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1_000)),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let power: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let size = 10_i128.checked_pow(power.unsigned_abs())?;
            Some(if power < 0 { (1, size) } else { (size, 1) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        for (text, expected) in [
            ("0", 0),
            ("2", 2_000),
            ("250m", 250),
            ("1.5", 1_500),
            ("156340n", 1),
            ("1000000n", 1),
            ("3500u", 4),
            ("1k", 1_000_000),
            ("2e3", 2_000_000),
        ] {
            assert_eq!(milli(text), Some(expected), "{text}");
        }
        for (text, expected) in [
            ("512Mi", 512 << 20),
            ("1G", 1_000_000_000),
            ("8052480Ki", 8_052_480 << 10),
            ("128974848", 128_974_848),
            ("129e6", 129_000_000),
            ("0.5Gi", 512 << 20),
            ("1500m", 2),
        ] {
            assert_eq!(whole(text), Some(expected), "{text}");
        }
        for bad in [
            "",
            "x",
            "1x",
            "1.2.3",
            "--1",
            "9E99",
            "99999999999999999999Ei",
            "1e",
        ] {
            assert_eq!(whole(bad), None, "{bad}");
        }
    }
}
