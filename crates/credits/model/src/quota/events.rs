//! Facts about quotas.

use kernel::{Event, PlanId, QuotaId};
use serde::{Deserialize, Serialize};

use super::Health;

/// A quota crossed a threshold, in one direction or the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QuotaHealthChanged {
    /// Which quota.
    pub quota: QuotaId,
    /// Of which plan.
    pub plan: PlanId,
    /// How it was.
    pub before: Health,
    /// How it is.
    pub health: Health,
    /// How many units are given.
    pub used: i64,
    /// How many there are.
    pub total: Option<i64>,
}

impl Event for QuotaHealthChanged {
    const KIND: &'static str = "quota.health_changed";
}
