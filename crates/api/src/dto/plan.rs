//! Plans of hosted services, and how much there is of them.

use std::collections::BTreeMap;

use catalog_model::hosting::plan::{Interval, IntervalUnit, Tier};
use credits_model::quota::{PlanOffer, Quota};
use kernel::{PlanId, QuotaId, ServiceId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::choices::StatusDto;
use super::money::MoneyDto;
use super::service_template::ResourcesDto;

/// How much a plan is, the least first.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = PlanTier)]
pub(crate) enum TierDto {
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

impl From<Tier> for TierDto {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Free => Self::Free,
            Tier::Basic => Self::Basic,
            Tier::Pro => Self::Pro,
            Tier::Premium => Self::Premium,
            Tier::Enterprise => Self::Enterprise,
        }
    }
}

impl From<TierDto> for Tier {
    fn from(dto: TierDto) -> Self {
        match dto {
            TierDto::Free => Self::Free,
            TierDto::Basic => Self::Basic,
            TierDto::Pro => Self::Pro,
            TierDto::Premium => Self::Premium,
            TierDto::Enterprise => Self::Enterprise,
        }
    }
}

/// What the time between two payments is counted in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = IntervalUnit)]
pub(crate) enum IntervalUnitDto {
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
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanInterval)]
pub(crate) struct IntervalDto {
    /// What it is counted in.
    unit: IntervalUnitDto,
    /// How many of them; three years at most.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 365, example = 1)]
    count: i64,
}

fn one() -> i64 {
    1
}

impl From<Interval> for IntervalDto {
    fn from(interval: Interval) -> Self {
        Self {
            unit: match interval.unit {
                IntervalUnit::Day => IntervalUnitDto::Day,
                IntervalUnit::Week => IntervalUnitDto::Week,
                IntervalUnit::Month => IntervalUnitDto::Month,
                IntervalUnit::Year => IntervalUnitDto::Year,
            },
            count: interval.count,
        }
    }
}

impl From<IntervalDto> for Interval {
    fn from(dto: IntervalDto) -> Self {
        Self {
            unit: match dto.unit {
                IntervalUnitDto::Day => IntervalUnit::Day,
                IntervalUnitDto::Week => IntervalUnit::Week,
                IntervalUnitDto::Month => IntervalUnit::Month,
                IntervalUnitDto::Year => IntervalUnit::Year,
            },
            count: dto.count,
        }
    }
}

/// How much there is of a plan.
#[derive(Serialize, ToSchema)]
#[schema(as = PlanAvailability)]
pub(crate) struct AvailabilityDto {
    /// Whether it can be subscribed to now.
    #[schema(example = true)]
    available: bool,
    /// How many there are; null for no limit.
    #[schema(example = 100)]
    total_quota: Option<i64>,
    /// How many are taken.
    #[schema(example = 88)]
    used_quota: i64,
    /// How many are left; null for no limit.
    #[schema(example = 12)]
    left: Option<i64>,
}

impl From<&Quota> for AvailabilityDto {
    fn from(quota: &Quota) -> Self {
        Self {
            available: quota.available() != Some(0),
            total_quota: quota.total,
            used_quota: quota.used,
            left: quota.available(),
        }
    }
}

/// What a customer pays for a hosted service, and gets for it.
#[derive(Serialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct PlanDto {
    /// Which.
    #[schema(value_type = String, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: PlanId,
    /// Of which service.
    #[schema(value_type = String, example = "svc_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    service_id: ServiceId,
    /// Its name in URLs.
    #[schema(example = "pro")]
    slug: String,
    /// What it is called.
    #[schema(example = "Pro")]
    name: String,
    /// How much it is.
    tier: TierDto,
    /// What an interval costs, in credit.
    price: MoneyDto,
    /// The time between two payments.
    interval: IntervalDto,
    /// For how many days it can be tried for nothing.
    #[schema(example = 14)]
    trial_days: i64,
    /// What is in it.
    #[schema(example = json!(["Daily backups"]))]
    features: Vec<String>,
    /// How much of something is in it, by name.
    #[schema(example = json!({"workflows": 50}))]
    limits: BTreeMap<String, i64>,
    /// How much there is of it.
    availability: AvailabilityDto,
}

impl From<PlanOffer> for PlanDto {
    fn from(offer: PlanOffer) -> Self {
        let plan = offer.plan;
        Self {
            id: plan.id,
            service_id: plan.service,
            slug: plan.slug,
            name: plan.name,
            tier: plan.tier.into(),
            price: plan.price.into(),
            interval: plan.interval.into(),
            trial_days: plan.trial_days,
            features: plan.features,
            limits: plan.limits,
            availability: (&offer.quota).into(),
        }
    }
}

/// The plans of a service.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlanList {
    /// The least first.
    pub(crate) data: Vec<PlanDto>,
}

/// A plan, as those who run the shop see it.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminPlan)]
pub(crate) struct AdminPlanDto {
    #[serde(flatten)]
    plan: PlanDto,
    /// Its quota, under `/api/admin/quotas`.
    #[schema(value_type = String, example = "quo_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    quota_id: QuotaId,
    /// How much the service may use; what its template says when null.
    resources: Option<ResourcesDto>,
    /// Whether it can be subscribed to.
    status: StatusDto,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<PlanOffer> for AdminPlanDto {
    fn from(offer: PlanOffer) -> Self {
        let plan = &offer.plan;
        Self {
            quota_id: offer.quota.id,
            resources: plan.resources.clone().map(Into::into),
            status: plan.status.into(),
            version: plan.version,
            created_at: plan.created_at,
            updated_at: plan.updated_at,
            plan: offer.into(),
        }
    }
}

/// All plans of a service.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminPlanList {
    /// The least first, archived ones included.
    pub(crate) data: Vec<AdminPlanDto>,
}
