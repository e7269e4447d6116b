//! What a customer pays for a hosted service, and gets for it.

use std::collections::BTreeMap;

use kernel::{Audited, Currency, FieldError, Money, PlanId, ServiceId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use super::errors::HostingError;
use super::template::Resources;
use super::wrong::Wrong;
use crate::category::CategoryStatus;

/// The dearest plan, in minor units.
pub const MAX_PRICE: i64 = 1_000_000_000_000;
/// How many plans a service may have that are not archived.
pub const MAX_PLANS: i64 = 50;

/// How much a plan is, the least first.
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
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Tier {
    /// For nothing.
    Free,
    /// The least that is paid for.
    Basic,
    /// More.
    Pro,
    /// Still more.
    Premium,
    /// The most.
    Enterprise,
}

/// What the time between two payments is counted in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum IntervalUnit {
    /// Days of 24 hours.
    Day,
    /// Seven of them.
    Week,
    /// Months of the calendar.
    Month,
    /// Years of the calendar.
    Year,
}

/// The time between two payments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// What it is counted in.
    pub unit: IntervalUnit,
    /// How many of them.
    pub count: i64,
}

impl Interval {
    /// About how many days it has, to tell the longer of two.
    pub fn days(self) -> i64 {
        let days = match self.unit {
            IntervalUnit::Day => 1,
            IntervalUnit::Week => 7,
            IntervalUnit::Month => 30,
            IntervalUnit::Year => 365,
        };
        days * self.count
    }

    /// The longest allowed: three years.
    fn most(unit: IntervalUnit) -> i64 {
        match unit {
            IntervalUnit::Day => 365,
            IntervalUnit::Week => 52,
            IntervalUnit::Month => 36,
            IntervalUnit::Year => 3,
        }
    }
}

/// What a customer pays for a hosted service, and gets for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Which.
    pub id: PlanId,
    /// Of which service.
    pub service: ServiceId,
    /// Its name in URLs, unique in the service.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// How much it is.
    pub tier: Tier,
    /// What an interval costs; nothing where the tier is free, and only there.
    pub price: Money,
    /// The time between two payments.
    pub interval: Interval,
    /// For how many days it can be tried for nothing.
    pub trial_days: i64,
    /// What is in it, in words for people.
    pub features: Vec<String>,
    /// How much of something is in it, by name.
    pub limits: BTreeMap<String, i64>,
    /// How much the service may use, where it is not what the template says.
    pub resources: Option<Resources>,
    /// Whether it can be subscribed to.
    pub status: CategoryStatus,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for Plan {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        let (tier, unit): (&'static str, &'static str) =
            (self.tier.into(), self.interval.unit.into());
        let limits = serde_json::to_string(&self.limits).unwrap_or_default();
        let resources = serde_json::to_string(&self.resources).unwrap_or_default();
        Snapshot::new()
            .with("service", self.service)
            .with_public_text("slug", Some(&self.slug))
            .with_public_text("name", Some(&self.name))
            .with("tier", tier)
            .with("price", self.price)
            .with("interval_unit", unit)
            .with("interval_count", self.interval.count)
            .with("trial_days", self.trial_days)
            .with_public_texts("features", self.features.iter().map(String::as_str))
            .with_digest("limits", &limits)
            .with_digest("resources", &resources)
            .with("status", status)
            .with("version", self.version)
    }
}

/// A plan to make.
#[derive(Debug, Clone)]
pub struct NewPlan {
    /// Its name in URLs; made from the name when there is none.
    pub slug: Option<String>,
    /// What it is called.
    pub name: String,
    /// How much it is.
    pub tier: Tier,
    /// What an interval costs.
    pub price: Money,
    /// The time between two payments.
    pub interval: Interval,
    /// For how many days it can be tried for nothing.
    pub trial_days: i64,
    /// What is in it.
    pub features: Vec<String>,
    /// How much of something is in it.
    pub limits: BTreeMap<String, i64>,
    /// How much the service may use.
    pub resources: Option<Resources>,
}

/// A change of a plan; what is `None` stays. Tier and interval stay for good:
/// who subscribed was promised them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanChange {
    /// Its name in URLs.
    pub slug: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// What an interval costs who subscribes from now on.
    pub price: Option<Money>,
    /// For how many days it can be tried for nothing.
    pub trial_days: Option<i64>,
    /// What is in it.
    pub features: Option<Vec<String>>,
    /// How much of something is in it, as a whole.
    pub limits: Option<BTreeMap<String, i64>>,
    /// How much the service may use; `Some(None)` is what the template says.
    pub resources: Option<Option<Resources>>,
    /// Whether it can be subscribed to.
    pub status: Option<CategoryStatus>,
}

impl Plan {
    /// The plan that was asked for, of a service.
    ///
    /// # Errors
    /// [`HostingError::Plan`] with every field that is wrong,
    /// [`HostingError::InvalidSlug`].
    pub fn new(
        service: ServiceId,
        new: NewPlan,
        currency: Currency,
        now: Timestamp,
    ) -> Result<Self, HostingError> {
        Self {
            id: PlanId::new(now),
            service,
            slug: super::errors::slug_for(new.slug, &new.name)?,
            name: new.name,
            tier: new.tier,
            price: new.price,
            interval: new.interval,
            trial_days: new.trial_days,
            features: new.features,
            limits: new.limits,
            resources: new.resources,
            status: CategoryStatus::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        }
        .checked(currency)
    }

    /// The plan after a change.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn changed(
        mut self,
        change: PlanChange,
        currency: Currency,
        now: Timestamp,
    ) -> Result<Self, HostingError> {
        self.name = change.name.unwrap_or(self.name);
        if let Some(slug) = change.slug {
            self.slug = super::errors::slug_for(Some(slug), &self.name)?;
        }
        self.price = change.price.unwrap_or(self.price);
        self.trial_days = change.trial_days.unwrap_or(self.trial_days);
        self.features = change.features.unwrap_or(self.features);
        self.limits = change.limits.unwrap_or(self.limits);
        self.resources = change.resources.unwrap_or(self.resources);
        self.status = change.status.unwrap_or(self.status);
        self.version += 1;
        self.updated_at = now;
        self.checked(currency)
    }

    fn checked(self, currency: Currency) -> Result<Self, HostingError> {
        let mut wrong = Wrong::new();
        let mut add = |pointer: &str, code: &str, why: String| {
            wrong.add(pointer.to_owned(), code, why);
        };
        if self.price.currency != currency {
            let why = format!("plans are paid with credit, which is in {currency} here");
            add("/price/currency", "currency", why);
        }
        if !(0..=MAX_PRICE).contains(&self.price.minor) {
            let why = format!("must be between 0 and {MAX_PRICE}");
            add("/price/amount", "range", why);
        }
        if (self.tier == Tier::Free) != self.price.is_zero() {
            let why = "a plan of the tier FREE costs nothing, and all others cost something";
            add("/price/amount", "tier", why.to_owned());
        }
        let most = Interval::most(self.interval.unit);
        if !(1..=most).contains(&self.interval.count) {
            let why = format!("must be between 1 and {most}");
            add("/interval/count", "range", why);
        }
        if !(0..=365).contains(&self.trial_days) {
            add(
                "/trial_days",
                "range",
                "must be between 0 and 365".to_owned(),
            );
        }
        if self.tier == Tier::Free && self.trial_days > 0 {
            let why = "what costs nothing needs no trial";
            add("/trial_days", "tier", why.to_owned());
        }
        for (name, &limit) in &self.limits {
            let word = !name.is_empty()
                && name.len() <= 63
                && name.as_bytes()[0].is_ascii_lowercase()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !word {
                let why = "names of limits are 1 to 63 lower-case letters, digits and `_`, with a letter first";
                add("/limits", "name", why.to_owned());
            }
            if limit < 0 {
                add("/limits", "range", format!("{name} must be at least 0"));
            }
        }
        if let Some(resources) = &self.resources {
            resources.check(&mut wrong, "/resources");
        }
        wrong
            .done()
            .map_err(|fields: Vec<FieldError>| HostingError::Plan(fields))?;
        Ok(self)
    }
}
