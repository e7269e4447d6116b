//! Quotas: how much of a plan can be sold, who has it, and who waits for it.

pub mod errors;
pub mod events;
pub mod forecast;
pub mod jobs;
pub mod mails;
pub mod waiter;

use catalog_model::hosting::plan::Plan;
use kernel::{AllocationId, Audited, PlanId, QuotaId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

pub use errors::{QuotaError, QuotaErrorCode};

/// The largest quota.
pub const MAX_TOTAL: i64 = 1_000_000_000;
/// From which share on a quota runs low, in percent, where nothing else is
/// said.
pub const WARNING_PERCENT: i64 = 80;
/// From which share on it is nearly gone.
pub const CRITICAL_PERCENT: i64 = 95;

/// How a quota is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// There is enough.
    Ok,
    /// It runs low.
    Warning,
    /// It is nearly gone.
    Critical,
    /// Nothing is left.
    Exhausted,
}

/// How much of a plan can be sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Which.
    pub id: QuotaId,
    /// Of which plan.
    pub plan: PlanId,
    /// How many units there are; no limit when none.
    pub total: Option<i64>,
    /// How many are given. More than the total only after it was lowered.
    pub used: i64,
    /// From which share on it runs low, in percent.
    pub warning_percent: i64,
    /// From which share on it is nearly gone, in percent.
    pub critical_percent: i64,
    /// How many people wait for it.
    pub waiting: i64,
    /// Grows with every change of what is not `used`.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for Quota {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new()
            .with("plan", self.plan)
            .with("total", self.total)
            .with("used", self.used)
            .with("warning_percent", self.warning_percent)
            .with("critical_percent", self.critical_percent)
            .with("version", self.version)
    }
}

impl Quota {
    /// A quota of a plan of which nothing is given.
    ///
    /// # Errors
    /// [`QuotaError::Total`].
    pub fn new(plan: PlanId, total: Option<i64>, now: Timestamp) -> Result<Self, QuotaError> {
        Self {
            id: QuotaId::new(now),
            plan,
            total,
            used: 0,
            warning_percent: WARNING_PERCENT,
            critical_percent: CRITICAL_PERCENT,
            waiting: 0,
            version: 1,
            created_at: now,
            updated_at: now,
        }
        .checked()
    }

    /// The quota after a change.
    ///
    /// # Errors
    /// [`QuotaError::Total`], [`QuotaError::Thresholds`].
    pub fn changed(mut self, change: &QuotaChange, now: Timestamp) -> Result<Self, QuotaError> {
        self.total = change.total.unwrap_or(self.total);
        self.warning_percent = change.warning_percent.unwrap_or(self.warning_percent);
        self.critical_percent = change.critical_percent.unwrap_or(self.critical_percent);
        self.version += 1;
        self.updated_at = now;
        self.checked()
    }

    fn checked(self) -> Result<Self, QuotaError> {
        if self
            .total
            .is_some_and(|total| !(0..=MAX_TOTAL).contains(&total))
        {
            return Err(QuotaError::Total);
        }
        let (warning, critical) = (self.warning_percent, self.critical_percent);
        if warning < 1 || warning > critical || critical > 100 {
            return Err(QuotaError::Thresholds);
        }
        Ok(self)
    }

    /// How many units can be given; no limit when none.
    pub fn available(&self) -> Option<i64> {
        self.total.map(|total| (total - self.used).max(0))
    }

    /// By how many units more is given than there is, because the total was
    /// lowered: nothing is given until so many came back, and one more.
    pub fn excess(&self) -> i64 {
        self.total.map_or(0, |total| (self.used - total).max(0))
    }

    /// Which share is given, in hundredths of a percent; none without a limit.
    pub fn utilisation(&self) -> Option<i64> {
        self.total.map(|total| match total {
            0 => 10_000,
            total => self.used.saturating_mul(10_000) / total,
        })
    }

    /// How it is.
    pub fn health(&self) -> Health {
        self.health_at(self.used)
    }

    /// How it would be if so many were given.
    pub fn health_at(&self, used: i64) -> Health {
        let Some(total) = self.total else {
            return Health::Ok;
        };
        let reaches = |percent: i64| used.saturating_mul(100) >= total.saturating_mul(percent);
        if used >= total {
            Health::Exhausted
        } else if reaches(self.critical_percent) {
            Health::Critical
        } else if reaches(self.warning_percent) {
            Health::Warning
        } else {
            Health::Ok
        }
    }
}

/// A change of a quota; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuotaChange {
    /// How many units there are; `Some(None)` is no limit.
    pub total: Option<Option<i64>>,
    /// From which share on it runs low, in percent.
    pub warning_percent: Option<i64>,
    /// From which share on it is nearly gone, in percent.
    pub critical_percent: Option<i64>,
}

/// Units of a quota that somebody has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Which.
    pub id: AllocationId,
    /// Of which quota.
    pub quota: QuotaId,
    /// The name under which they were given, such as the id of a subscription.
    pub reference: String,
    /// How many.
    pub units: i64,
    /// Since when.
    pub created_at: Timestamp,
}

/// A plan, and how much of it there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanOffer {
    /// The plan.
    pub plan: Plan,
    /// How much of it there is.
    pub quota: Quota,
}

/// How many units were given at an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The begin of the hour.
    pub hour: Timestamp,
    /// How many were given.
    pub used: i64,
    /// How many there were.
    pub total: Option<i64>,
}

/// What is cached of a quota, and what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaProof {
    /// Which quota.
    pub quota: QuotaId,
    /// What is cached.
    pub used: i64,
    /// What the live allocations add up to.
    pub allocated: i64,
}

impl QuotaProof {
    /// Whether they are the same.
    pub fn holds(&self) -> bool {
        self.used == self.allocated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(total: Option<i64>, used: i64) -> Quota {
        let plan = PlanId::new(Timestamp::from_seconds(0));
        let mut quota = Quota::new(plan, total, Timestamp::from_seconds(0)).unwrap();
        quota.used = used;
        quota
    }

    #[test]
    fn health_follows_the_thresholds() {
        for (total, used, health) in [
            (Some(100), 0, Health::Ok),
            (Some(100), 79, Health::Ok),
            (Some(100), 80, Health::Warning),
            (Some(100), 94, Health::Warning),
            (Some(100), 95, Health::Critical),
            (Some(100), 99, Health::Critical),
            (Some(100), 100, Health::Exhausted),
            (Some(100), 130, Health::Exhausted),
            (Some(0), 0, Health::Exhausted),
            (Some(3), 2, Health::Ok),
            (None, 1_000, Health::Ok),
        ] {
            assert_eq!(quota(total, used).health(), health, "{used} of {total:?}");
        }
    }

    #[test]
    fn a_lowered_total_leaves_nothing_to_give() {
        let lowered = QuotaChange {
            total: Some(Some(10)),
            ..QuotaChange::default()
        };
        let quota = quota(Some(20), 15);
        let quota = quota.changed(&lowered, Timestamp::from_seconds(1)).unwrap();
        assert_eq!((quota.available(), quota.excess()), (Some(0), 5));
        assert_eq!(quota.utilisation(), Some(15_000));
        assert_eq!(quota.version, 2);
    }

    #[test]
    fn totals_and_thresholds_are_checked() {
        let at = Timestamp::from_seconds(0);
        let plan = PlanId::new(at);
        for bad in [-1, MAX_TOTAL + 1] {
            assert!(matches!(
                Quota::new(plan, Some(bad), at),
                Err(QuotaError::Total)
            ));
        }
        for (warning, critical) in [(0, 50), (96, 95), (50, 101)] {
            let change = QuotaChange {
                warning_percent: Some(warning),
                critical_percent: Some(critical),
                ..QuotaChange::default()
            };
            let refused = quota(None, 0).changed(&change, at);
            assert!(matches!(refused, Err(QuotaError::Thresholds)));
        }
    }
}
