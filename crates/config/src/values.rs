//! The types a setting can have and how each is read from text.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use secrecy::SecretString;
use strum::VariantNames;
use url::Url;

/// A secret text: never printed, wiped when dropped.
pub type Secret = SecretString;

/// A type that a setting can have.
pub(crate) trait Value: Sized {
    /// Whether the value must never be shown.
    const SECRET: bool = false;

    /// What is expected, to end the sentence "expected …".
    fn expected() -> String;

    /// Reads the text form.
    fn read(text: &str) -> Option<Self>;
}

impl Value for String {
    fn expected() -> String {
        "a text that is not empty".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.to_owned())
    }
}

impl Value for Secret {
    const SECRET: bool = true;
    fn expected() -> String {
        "a secret text that is not empty".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }
}

impl Value for bool {
    fn expected() -> String {
        "true or false".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for NonZeroU32 {
    fn expected() -> String {
        "a whole number of at least 1".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// An amount of money in minor units: from 1 to what numbers of JSON can hold
/// exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinorUnits(i64);

impl MinorUnits {
    const MOST: i64 = 9_007_199_254_740_991;

    /// As a number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl Value for MinorUnits {
    fn expected() -> String {
        format!("a whole number from 1 to {}", Self::MOST)
    }
    fn read(text: &str) -> Option<Self> {
        let amount = text.parse().ok()?;
        (1..=Self::MOST).contains(&amount).then_some(Self(amount))
    }
}

impl Value for NonZeroUsize {
    fn expected() -> String {
        "a whole number of at least 1".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for SocketAddr {
    fn expected() -> String {
        "an address and port such as 127.0.0.1:8080".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for kernel::Currency {
    fn expected() -> String {
        "an ISO 4217 currency code such as EUR".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for PathBuf {
    fn expected() -> String {
        "a path".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self::from(text))
    }
}

impl Value for Url {
    fn expected() -> String {
        "an absolute URL such as https://shop.example".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Value for IpNet {
    fn expected() -> String {
        "a network such as 10.0.0.0/8 or an address".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        text.parse()
            .ok()
            .or_else(|| text.parse::<std::net::IpAddr>().ok().map(Self::from))
    }
}

impl Value for Duration {
    fn expected() -> String {
        "a length of time such as 30s, 15m, 24h or 7d".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        // Jiff's friendly format knows days only in calendar spans; a day
        // here is 24 hours.
        if let Some(days) = text.strip_suffix('d') {
            let days: u32 = days.trim().parse().ok()?;
            return Some(Self::from_secs(u64::from(days) * 86_400));
        }
        let span: jiff::SignedDuration = text.parse().ok()?;
        span.try_into().ok()
    }
}

/// How many requests are let through in which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In which time.
    pub period: Duration,
}

impl Value for Rate {
    fn expected() -> String {
        "a rate such as 30/min or 10/s".to_owned()
    }
    fn read(text: &str) -> Option<Self> {
        let (count, unit) = text.split_once('/')?;
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1,
            "m" | "min" | "minute" => 60,
            "h" | "hour" => 3600,
            _ => return None,
        };
        Some(Self {
            count: count.trim().parse().ok()?,
            period: Duration::from_secs(seconds),
        })
    }
}

impl<T: Value> Value for Vec<T> {
    const SECRET: bool = T::SECRET;
    fn expected() -> String {
        format!("a list, separated by commas, of: {}", T::expected())
    }
    fn read(text: &str) -> Option<Self> {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(T::read)
            .collect()
    }
}

/// A choice among words: an enum whose text forms `strum` derives.
pub(crate) trait Choice: std::str::FromStr + VariantNames {}

impl<T: Choice> Value for T {
    fn expected() -> String {
        format!("one of: {}", T::VARIANTS.join(", "))
    }
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_rates_are_read() {
        for (text, seconds) in [("30s", 30), ("15m", 900), ("1h 30m", 5400), ("7d", 604_800)] {
            assert_eq!(Duration::read(text), Some(Duration::from_secs(seconds)));
        }
        for text in ["", "15", "-5s", "soon", "d"] {
            assert_eq!(Duration::read(text), None, "{text}");
        }
        let rate = Rate::read("30/min").unwrap();
        assert_eq!((rate.count.get(), rate.period.as_secs()), (30, 60));
        for text in ["30", "0/min", "30/week", "/min"] {
            assert_eq!(Rate::read(text), None, "{text}");
        }
    }

    #[test]
    fn lists_may_be_empty_but_not_wrong() {
        assert_eq!(Vec::<IpNet>::read("").unwrap().len(), 0);
        assert_eq!(
            Vec::<IpNet>::read("10.0.0.0/8, 127.0.0.1").unwrap().len(),
            2
        );
        assert!(Vec::<IpNet>::read("10.0.0.0/8, here").is_none());
    }
}
