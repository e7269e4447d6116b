//! Instants and the clock they come from.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in UTC with microsecond precision, stored as microseconds since
/// 1970-01-01T00:00:00Z. On the wire it is RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// It is not written as RFC 3339 has it.
    #[error("not an RFC 3339 time such as 2026-01-31T12:00:00Z")]
    Format,
    /// There is no such time here.
    #[error("out of range: times end at 9999-12-30T22:00:00Z")]
    Range,
}

impl Timestamp {
    /// The instant this many microseconds after the epoch, as stored.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant this many whole seconds after the epoch (gateways count so).
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved forward; stays at the far end instead of overflowing.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This instant moved back; stays at the far end instead of overflowing.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// The day it is in a time zone with an IANA name, as `2026-01-31`; in UTC
    /// when there is no such zone.
    pub fn date_in(self, zone: &str) -> String {
        let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => instant.to_zoned(zone).date().to_string(),
            Err(_) => String::new(),
        }
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(instant) => write!(f, "{instant:.6}"),
            Err(_) => Err(fmt::Error),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({})", self.0)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        match text.parse::<jiff::Timestamp>() {
            Ok(instant) => Ok(Self(instant.as_microsecond())),
            Err(_) => Err(why_not(text)),
        }
    }
}

/// Why a text was not read: it may have all parts of an instant and still be
/// one too far away.
fn why_not(text: &str) -> TimestampError {
    match jiff::fmt::temporal::Pieces::parse(text) {
        Ok(pieces) if pieces.time().is_some() && pieces.offset().is_some() => TimestampError::Range,
        _ => TimestampError::Format,
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the present comes from. A port to the outside: the system's clock in
/// a server, one moved by hand in tests.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The clock of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that moves only when told to.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(AtomicI64::new(start.0))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(micros(by), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_form_is_rfc_3339_in_utc() {
        let instant = Timestamp::from_micros(1_790_000_000_123_456);
        assert_eq!(instant.to_string(), "2026-09-21T14:13:20.123456Z");
        assert_eq!(
            "2026-09-21T16:13:20.123456+02:00"
                .parse::<Timestamp>()
                .unwrap(),
            instant
        );
        assert!("2026-09-21".parse::<Timestamp>().is_err());
        assert!("yesterday".parse::<Timestamp>().is_err());
        for (text, why) in [
            ("9999-12-31T23:59:59Z", TimestampError::Range),
            ("-009999-01-01T00:00:00+23:00", TimestampError::Range),
            ("2026-13-01T00:00:00Z", TimestampError::Format),
            ("2026-02-30T00:00:00Z", TimestampError::Format),
            ("2026-09-21T16:13:20", TimestampError::Format),
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(why), "{text}");
        }
        assert!("9999-12-30T22:00:00Z".parse::<Timestamp>().is_ok());
    }

    #[test]
    fn the_day_depends_on_where_one_is() {
        let instant: Timestamp = "2026-03-01T23:30:00Z".parse().unwrap();
        assert_eq!(instant.date_in("UTC"), "2026-03-01");
        assert_eq!(instant.date_in("Europe/Berlin"), "2026-03-02");
        assert_eq!(instant.date_in("Nowhere"), "2026-03-01");
    }

    proptest! {
        #[test]
        fn text_form_survives(micros in -60_000_000_000_000_000i64..200_000_000_000_000_000) {
            let instant = Timestamp::from_micros(micros);
            prop_assert_eq!(instant.to_string().parse::<Timestamp>().unwrap(), instant);
        }
    }
}
