//! Counts requests in this process.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use kernel::limit::{Decision, Limit};

type Keyed =
    RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// One limiter (GCRA) for each limit.
#[derive(Default)]
pub(crate) struct MemoryLimiter {
    limiters: RwLock<HashMap<&'static str, Arc<Keyed>>>,
}

impl MemoryLimiter {
    fn limiter(&self, limit: &Limit) -> Arc<Keyed> {
        let known = self
            .limiters
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(limit.name)
            .cloned();
        known.unwrap_or_else(|| {
            let interval = limit.period / limit.count.get();
            let quota = Quota::with_period(interval.max(Duration::from_nanos(1)))
                .unwrap_or_else(|| Quota::per_second(limit.count))
                .allow_burst(limit.count);
            let limiter = Arc::new(RateLimiter::keyed(quota).with_middleware());
            self.limiters
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .entry(limit.name)
                .or_insert(limiter)
                .clone()
        })
    }

    pub(crate) fn check(&self, limit: &Limit, key: &str) -> Decision {
        let limiter = self.limiter(limit);
        let interval = limit.period / limit.count.get();
        match limiter.check_key(&key.to_owned()) {
            Ok(snapshot) => {
                let remaining = snapshot.remaining_burst_capacity();
                Decision {
                    allowed: true,
                    remaining,
                    reset_after: interval * (limit.count.get().saturating_sub(remaining)),
                    retry_after: Duration::ZERO,
                }
            }
            Err(not_until) => Decision {
                allowed: false,
                remaining: 0,
                reset_after: limit.period,
                retry_after: not_until.wait_time_from(DefaultClock::default().now()),
            },
        }
    }

    pub(crate) fn forget_idle(&self) {
        let limiters = self
            .limiters
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for limiter in limiters.values() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_no_more() {
        let limiter = MemoryLimiter::default();
        let limit = Limit {
            name: "test",
            count: 3.try_into().unwrap(),
            period: Duration::from_mins(1),
        };
        let allowed: Vec<bool> = (0..4).map(|_| limiter.check(&limit, "a").allowed).collect();
        assert_eq!(allowed, [true, true, true, false]);
        let refused = limiter.check(&limit, "a");
        assert!(refused.retry_after > Duration::from_secs(10));
        assert!(refused.retry_after <= Duration::from_secs(20));
        assert_eq!(limiter.check(&limit, "b").remaining, 2);
    }
}
