//! Leaving a cluster alone that does not answer.

use std::time::Duration;

use kernel::Timestamp;

/// After how many failures in a row.
const FAILURES: u32 = 3;
/// For how long.
const REST: Duration = Duration::from_secs(30);

/// How often in a row a cluster did not answer, and until when it is left
/// alone.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Breaker {
    failures: u32,
    until: Option<Timestamp>,
}

impl Breaker {
    /// For how long it is left alone still.
    pub(crate) fn rests(&self, now: Timestamp) -> Option<Duration> {
        let until = self.until?;
        (now < until).then(|| until.since(now))
    }

    /// It answered.
    pub(crate) fn answered(&mut self) {
        *self = Self::default();
    }

    /// It did not. After a rest, one failure is enough for the next one.
    pub(crate) fn failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.until = Some(now.plus(REST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_after_three_failures_and_tries_once_then() {
        let at = Timestamp::from_seconds;
        let mut breaker = Breaker::default();
        breaker.failed(at(0));
        breaker.failed(at(1));
        assert_eq!(breaker.rests(at(1)), None);
        breaker.failed(at(2));
        assert_eq!(breaker.rests(at(12)), Some(Duration::from_secs(20)));
        assert_eq!(breaker.rests(at(32)), None);
        breaker.failed(at(33));
        assert_eq!(breaker.rests(at(34)), Some(Duration::from_secs(29)));
        breaker.answered();
        breaker.failed(at(35));
        assert_eq!(breaker.rests(at(35)), None);
    }
}
