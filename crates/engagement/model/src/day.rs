//! Days of a shop, in its time zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::Timestamp;

/// The day of an instant, where the shop is. Time zones of tenants are checked
/// when they are set; one that is unknown now counts as UTC.
pub fn day_of(at: Timestamp, time_zone: &str) -> Date {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let instant = jiff::Timestamp::from_microsecond(at.micros()).unwrap_or_default();
    zone.to_datetime(instant).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_the_shop() {
        let at: Timestamp = "2026-03-01T17:30:00Z".parse().unwrap();
        assert_eq!(day_of(at, "UTC").to_string(), "2026-03-01");
        assert_eq!(day_of(at, "Asia/Jakarta").to_string(), "2026-03-02");
        assert_eq!(day_of(at, "America/New_York").to_string(), "2026-03-01");
        // The night the clocks go forward has 23 hours.
        let before: Timestamp = "2026-03-28T22:59:59Z".parse().unwrap();
        let after: Timestamp = "2026-03-29T22:00:00Z".parse().unwrap();
        assert_eq!(day_of(before, "Europe/Berlin").to_string(), "2026-03-28");
        assert_eq!(day_of(after, "Europe/Berlin").to_string(), "2026-03-30");
    }
}
