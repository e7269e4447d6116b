//! The port of rate limiters.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::error::Fault;

/// How much is let through: `count` at once, and then again so much in each
/// `period`, spread evenly (GCRA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// What it is called.
    pub name: &'static str,
    /// How many.
    pub count: NonZeroU32,
    /// In which time.
    pub period: Duration,
}

/// What a limiter says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is let through.
    pub allowed: bool,
    /// How many more would be let through at once.
    pub remaining: u32,
    /// After which time all would be again.
    pub reset_after: Duration,
    /// After which time it pays to ask again; zero when it is let through.
    pub retry_after: Duration,
}

/// Counts requests, for one node or for several.
#[async_trait::async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one request of whoever the key names.
    async fn check(&self, limit: &Limit, key: &str) -> Result<Decision, Fault>;
}
