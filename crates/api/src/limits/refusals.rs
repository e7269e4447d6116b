//! What the log says of refused requests: enough to see who it is, and not so
//! much that whoever is refused can fill it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kernel::limit::Limit;

/// How many are remembered; beyond it only the metrics count.
const MAX_KNOWN: usize = 10_000;
/// How often at most one is named.
const PERIOD: Duration = Duration::from_mins(1);

/// Who was refused a moment ago.
#[derive(Default)]
pub(crate) struct Refusals {
    known: Mutex<HashMap<(&'static str, String), Said>>,
}

/// Until when it was said, and how often it happened since.
struct Said {
    until: Instant,
    more: u64,
}

impl Refusals {
    /// Whether a refusal is to be logged: how many were not since the last one
    /// that was; none if it is not.
    pub(crate) fn say(&self, limit: &Limit, who: &str, now: Instant) -> Option<u64> {
        let until = now + limit.period.max(PERIOD);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = known.get_mut(&(limit.name, who.to_owned())) {
            if now < said.until {
                said.more += 1;
                return None;
            }
            said.until = until;
            return Some(std::mem::take(&mut said.more));
        }
        if known.len() >= MAX_KNOWN {
            return None;
        }
        known.insert((limit.name, who.to_owned()), Said { until, more: 0 });
        Some(0)
    }

    /// Forgets whoever was not refused for a while.
    pub(crate) fn forget_idle(&self, now: Instant) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, said| now < said.until + PERIOD);
        known.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_named_once_a_minute_with_how_often() {
        let refusals = Refusals::default();
        let limit = Limit {
            name: "test",
            count: std::num::NonZeroU32::MIN,
            period: Duration::from_secs(1),
        };
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(refusals.say(&limit, "a", at(0)), Some(0));
        assert_eq!(refusals.say(&limit, "a", at(1)), None);
        assert_eq!(refusals.say(&limit, "a", at(59)), None);
        assert_eq!(refusals.say(&limit, "b", at(59)), Some(0));
        assert_eq!(refusals.say(&limit, "a", at(60)), Some(2));
        refusals.forget_idle(at(600));
        assert!(refusals.known.lock().unwrap().is_empty());
        for n in 0..MAX_KNOWN {
            assert_eq!(refusals.say(&limit, &n.to_string(), at(600)), Some(0));
        }
        assert_eq!(refusals.say(&limit, "one more", at(600)), None);
    }
}
