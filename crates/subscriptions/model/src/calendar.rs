//! When periods begin and end.
//!
//! Each period is counted from an anchor and never from the one before it, so
//! that what began on the 31st is due on the last day of a short month and on
//! the 31st again in the next one, and what began on 29 February is due on
//! that day in leap years. The hour of the day stays in the customer's time
//! zone, across daylight saving time.

use catalog_model::hosting::plan::{Interval, IntervalUnit};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp as Instant};
use kernel::Timestamp;

/// When something is due that is due every interval from an anchor on, the
/// `number`th time; the anchor itself for 0. Beyond the end of times it is the
/// end of times.
pub fn due(anchor: Timestamp, zone: &str, interval: Interval, number: i64) -> Timestamp {
    let times = interval.count.saturating_mul(number);
    let span = match interval.unit {
        IntervalUnit::Day => Span::new().try_days(times),
        IntervalUnit::Week => Span::new().try_weeks(times),
        IntervalUnit::Month => Span::new().try_months(times),
        IntervalUnit::Year => Span::new().try_years(times),
    };
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let at = Instant::from_microsecond(anchor.micros()).and_then(|instant| {
        let civil = instant.to_zoned(zone.clone()).datetime();
        civil.checked_add(span?)?.to_zoned(zone)
    });
    at.map_or(Timestamp::from_micros(i64::MAX), |at| {
        Timestamp::from_micros(at.timestamp().as_microsecond())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dues(anchor: &str, zone: &str, unit: IntervalUnit, count: i64, of: &[i64]) -> Vec<String> {
        let anchor: Timestamp = anchor.parse().unwrap();
        let interval = Interval { unit, count };
        let day = |n: &i64| due(anchor, zone, interval, *n).to_string()[..16].to_owned();
        of.iter().map(day).collect()
    }

    #[test]
    fn the_31st_is_kept() {
        assert_eq!(
            dues(
                "2026-01-31T10:00:00Z",
                "UTC",
                IntervalUnit::Month,
                1,
                &[0, 1, 2, 3, 12, 25]
            ),
            [
                "2026-01-31T10:00",
                "2026-02-28T10:00",
                "2026-03-31T10:00",
                "2026-04-30T10:00",
                "2027-01-31T10:00",
                "2028-02-29T10:00"
            ]
        );
    }

    #[test]
    fn the_29th_of_february_comes_back_in_leap_years() {
        assert_eq!(
            dues(
                "2028-02-29T00:00:00Z",
                "UTC",
                IntervalUnit::Year,
                1,
                &[1, 2, 3, 4]
            ),
            [
                "2029-02-28T00:00",
                "2030-02-28T00:00",
                "2031-02-28T00:00",
                "2032-02-29T00:00"
            ]
        );
    }

    #[test]
    fn the_hour_of_the_day_stays() {
        // Daylight saving time begins on 29 March 2026 in Berlin.
        assert_eq!(
            dues(
                "2026-03-15T08:00:00Z",
                "Europe/Berlin",
                IntervalUnit::Month,
                1,
                &[1, 8]
            ),
            ["2026-04-15T07:00", "2026-11-15T08:00"]
        );
        // 31 January begins at 23:30 UTC of the day before there.
        assert_eq!(
            dues(
                "2026-01-30T23:30:00Z",
                "Europe/Berlin",
                IntervalUnit::Month,
                1,
                &[1, 2]
            ),
            ["2026-02-27T23:30", "2026-03-30T22:30"]
        );
        assert_eq!(
            dues(
                "2026-03-28T12:00:00Z",
                "Europe/Berlin",
                IntervalUnit::Day,
                1,
                &[1]
            ),
            ["2026-03-29T11:00"]
        );
    }

    #[test]
    fn weeks_quarters_and_unknown_zones() {
        assert_eq!(
            dues(
                "2026-03-01T12:00:00Z",
                "Nowhere",
                IntervalUnit::Week,
                2,
                &[1, 2]
            ),
            ["2026-03-15T12:00", "2026-03-29T12:00"]
        );
        assert_eq!(
            dues(
                "2026-11-30T12:00:00Z",
                "UTC",
                IntervalUnit::Month,
                3,
                &[1, 2]
            ),
            ["2027-02-28T12:00", "2027-05-30T12:00"]
        );
        let far = due(
            Timestamp::from_seconds(0),
            "UTC",
            Interval {
                unit: IntervalUnit::Year,
                count: 3,
            },
            1_000_000,
        );
        assert_eq!(far.micros(), i64::MAX);
    }
}
