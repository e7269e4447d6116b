//! When a quota will be exhausted, if it goes on as it did.
//!
//! A straight line through the samples by least squares, in whole numbers.

use std::time::Duration;

use kernel::Timestamp;

use super::{Quota, Sample};

/// How far back the forecast looks.
pub const LOOKS_BACK: Duration = Duration::from_hours(30 * 24);
/// How many hours of samples it needs at least.
const NEEDS_HOURS: i64 = 24;
/// How far ahead it looks: ten years.
const LOOKS_AHEAD_HOURS: i128 = 10 * 365 * 24;
const HOUR: i64 = 3_600;

/// Where a quota is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// By how many thousandths of a unit what is given grows each day.
    pub per_day_thousandths: i64,
    /// When nothing is left, if it goes on like that; none when it does not
    /// grow, has no limit, or that is more than ten years away.
    pub exhausted_at: Option<Timestamp>,
}

/// The forecast of a quota from samples of the time before `now`; none when
/// they span less than a day.
pub fn forecast(quota: &Quota, samples: &[Sample], now: Timestamp) -> Option<Forecast> {
    let first = samples.iter().map(|one| one.hour).min()?;
    let last = samples.iter().map(|one| one.hour).max()?;
    let hours_between = |from: Timestamp, to: Timestamp| (to.seconds() - from.seconds()) / HOUR;
    if hours_between(first, last) < NEEDS_HOURS {
        return None;
    }
    let count = i128::try_from(samples.len()).ok()?;
    let (mut x, mut y, mut xx, mut xy) = (0i128, 0i128, 0i128, 0i128);
    for sample in samples {
        let hour = i128::from(hours_between(first, sample.hour));
        let used = i128::from(sample.used);
        x += hour;
        y += used;
        xx += hour * hour;
        xy += hour * used;
    }
    // The slope is rise / run units an hour; the run is above 0, because the
    // samples are of different hours.
    let (rise, run) = (count * xy - x * y, count * xx - x * x);
    let per_day_thousandths = i64::try_from(rise * 24 * 1_000 / run).ok()?;
    Some(Forecast {
        per_day_thousandths,
        exhausted_at: exhausted_at(quota, rise, run, now),
    })
}

fn exhausted_at(quota: &Quota, rise: i128, run: i128, now: Timestamp) -> Option<Timestamp> {
    let left = i128::from(quota.available()?);
    if left == 0 {
        return Some(now);
    }
    if rise <= 0 {
        return None;
    }
    let hours = (left * run + rise - 1) / rise;
    (hours <= LOOKS_AHEAD_HOURS)
        .then(|| u64::try_from(hours).ok())
        .flatten()
        .map(|hours| now.plus(Duration::from_hours(hours)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::PlanId;

    const NOW: Timestamp = Timestamp::from_seconds(1_000 * HOUR);

    fn quota(total: Option<i64>, used: i64) -> Quota {
        let mut quota = Quota::new(PlanId::new(NOW), total, NOW).unwrap();
        quota.used = used;
        quota
    }

    fn samples(count: i64, used: impl Fn(i64) -> i64) -> Vec<Sample> {
        (0..count)
            .map(|n| Sample {
                hour: Timestamp::from_seconds((1_000 - count + n) * HOUR),
                used: used(n),
                total: None,
            })
            .collect()
    }

    #[test]
    fn a_steady_growth_goes_on() {
        // One unit in two hours: twelve a day.
        let known = samples(48, |n| n / 2);
        let found = forecast(&quota(Some(124), 24), &known, NOW).unwrap();
        assert!(
            (11_900..=12_100).contains(&found.per_day_thousandths),
            "{found:?}"
        );
        let hours = found.exhausted_at.unwrap().since(NOW).as_secs() / 3_600;
        assert!((198..=202).contains(&hours), "{hours}");
    }

    #[test]
    fn what_does_not_grow_is_never_exhausted() {
        let flat = samples(48, |_| 7);
        let found = forecast(&quota(Some(10), 7), &flat, NOW).unwrap();
        assert_eq!((found.per_day_thousandths, found.exhausted_at), (0, None));
        let falling = samples(48, |n| 100 - n);
        let found = forecast(&quota(Some(200), 52), &falling, NOW).unwrap();
        assert_eq!(
            (found.per_day_thousandths, found.exhausted_at),
            (-24_000, None)
        );
        let growing = samples(48, |n| n);
        let found = forecast(&quota(None, 48), &growing, NOW).unwrap();
        assert_eq!(
            (found.per_day_thousandths, found.exhausted_at),
            (24_000, None)
        );
        let found = forecast(&quota(Some(48), 48), &flat, NOW).unwrap();
        assert_eq!(found.exhausted_at, Some(NOW));
        // One unit in a hundred days, and a million left.
        let slow = samples(720, |n| n / 719);
        let found = forecast(&quota(Some(1_000_000), 1), &slow, NOW).unwrap();
        assert_eq!(found.exhausted_at, None);
    }

    #[test]
    fn a_day_of_samples_is_needed() {
        let few = samples(24, |n| n);
        assert_eq!(forecast(&quota(Some(100), 24), &few, NOW), None);
        assert!(forecast(&quota(Some(100), 24), &samples(25, |n| n), NOW).is_some());
        assert_eq!(forecast(&quota(Some(100), 24), &[], NOW), None);
    }
}
