//! Quotas, what is given of them, and who waits.

use credits_model::quota::forecast::Forecast;
use credits_model::quota::waiter::{Waiter, WaiterStatus};
use credits_model::quota::{Allocation, Health, PlanOffer, QuotaProof, Sample};
use credits_service::QuotaDetail;
use kernel::{AllocationId, PlanId, QuotaId, ServiceId, Timestamp, UserId, WaiterId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a quota is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = QuotaHealth)]
pub(crate) enum HealthDto {
    /// There is enough.
    Ok,
    /// It runs low: the share of `warning_percent` is reached.
    Warning,
    /// It is nearly gone: the share of `critical_percent` is reached.
    Critical,
    /// Nothing is left.
    Exhausted,
}

impl From<Health> for HealthDto {
    fn from(health: Health) -> Self {
        match health {
            Health::Ok => Self::Ok,
            Health::Warning => Self::Warning,
            Health::Critical => Self::Critical,
            Health::Exhausted => Self::Exhausted,
        }
    }
}

impl From<HealthDto> for Health {
    fn from(dto: HealthDto) -> Self {
        match dto {
            HealthDto::Ok => Self::Ok,
            HealthDto::Warning => Self::Warning,
            HealthDto::Critical => Self::Critical,
            HealthDto::Exhausted => Self::Exhausted,
        }
    }
}

/// How much of a plan can be sold.
#[derive(Serialize, ToSchema)]
#[schema(as = Quota)]
pub(crate) struct QuotaDto {
    /// Which.
    #[schema(value_type = String, example = "quo_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: QuotaId,
    /// Of which plan.
    #[schema(value_type = String, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    plan_id: PlanId,
    /// Of which service.
    #[schema(value_type = String, example = "svc_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    service_id: ServiceId,
    /// What the plan is called.
    #[schema(example = "Pro")]
    plan_name: String,
    /// How many units there are; null for no limit.
    #[schema(example = 100)]
    total: Option<i64>,
    /// How many are given.
    #[schema(example = 88)]
    used: i64,
    /// How many can be given; null for no limit.
    #[schema(example = 12)]
    available: Option<i64>,
    /// How many are given beyond the total, because it was lowered: nothing is
    /// given until they came back.
    #[schema(example = 0)]
    excess: i64,
    /// Which share is given, in hundredths of a percent; null without a limit.
    #[schema(example = 8_800)]
    utilisation_basis_points: Option<i64>,
    /// How it is.
    health: HealthDto,
    /// From which share on it runs low.
    #[schema(example = 80)]
    warning_percent: i64,
    /// From which share on it is nearly gone.
    #[schema(example = 95)]
    critical_percent: i64,
    /// How many people wait.
    #[schema(example = 0)]
    waiting: i64,
    /// Grows with every change of what is set; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<PlanOffer> for QuotaDto {
    fn from(offer: PlanOffer) -> Self {
        let (plan, quota) = (offer.plan, offer.quota);
        Self {
            id: quota.id,
            plan_id: plan.id,
            service_id: plan.service,
            plan_name: plan.name,
            total: quota.total,
            used: quota.used,
            available: quota.available(),
            excess: quota.excess(),
            utilisation_basis_points: quota.utilisation(),
            health: quota.health().into(),
            warning_percent: quota.warning_percent,
            critical_percent: quota.critical_percent,
            waiting: quota.waiting,
            version: quota.version,
            created_at: quota.created_at,
            updated_at: quota.updated_at,
        }
    }
}

/// Where a quota is going: a straight line through the last 30 days.
#[derive(Serialize, ToSchema)]
#[schema(as = QuotaForecast)]
pub(crate) struct ForecastDto {
    /// By how many thousandths of a unit what is given grows each day.
    #[schema(example = 1_500)]
    per_day_thousandths: i64,
    /// When nothing is left, if it goes on like that; null when it never is,
    /// or in more than ten years.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-12-01T00:00:00.000000Z")]
    exhausted_at: Option<Timestamp>,
}

impl From<Forecast> for ForecastDto {
    fn from(forecast: Forecast) -> Self {
        Self {
            per_day_thousandths: forecast.per_day_thousandths,
            exhausted_at: forecast.exhausted_at,
        }
    }
}

/// A quota and where it is going.
#[derive(Serialize, ToSchema)]
#[schema(as = QuotaDetail)]
pub(crate) struct QuotaDetailDto {
    #[serde(flatten)]
    quota: QuotaDto,
    /// Where it is going; null while it is known for less than a day.
    forecast: Option<ForecastDto>,
}

impl From<QuotaDetail> for QuotaDetailDto {
    fn from(detail: QuotaDetail) -> Self {
        Self {
            quota: detail.offer.into(),
            forecast: detail.forecast.map(Into::into),
        }
    }
}

/// How many units were given at an hour.
#[derive(Serialize, ToSchema)]
#[schema(as = QuotaSample)]
pub(crate) struct SampleDto {
    /// The begin of the hour.
    #[schema(value_type = String, format = DateTime, example = "2026-11-21T08:00:00.000000Z")]
    hour: Timestamp,
    /// How many were given at its end.
    #[schema(example = 88)]
    used: i64,
    /// How many there were; null for no limit.
    #[schema(example = 100)]
    total: Option<i64>,
}

impl From<Sample> for SampleDto {
    fn from(sample: Sample) -> Self {
        Self {
            hour: sample.hour,
            used: sample.used,
            total: sample.total,
        }
    }
}

/// Units of a quota that somebody has.
#[derive(Serialize, ToSchema)]
#[schema(as = QuotaAllocation)]
pub(crate) struct AllocationDto {
    /// Which.
    #[schema(value_type = String, example = "qal_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: AllocationId,
    /// For what they were given, such as the id of a subscription.
    #[schema(example = "sub_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    reference: String,
    /// How many.
    #[schema(example = 1)]
    units: i64,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Allocation> for AllocationDto {
    fn from(allocation: Allocation) -> Self {
        Self {
            id: allocation.id,
            reference: allocation.reference,
            units: allocation.units,
            created_at: allocation.created_at,
        }
    }
}

/// What is cached of a quota, and what it should be.
#[derive(Serialize, ToSchema)]
#[schema(as = QuotaProof)]
pub(crate) struct QuotaProofDto {
    /// Which quota.
    #[schema(value_type = String, example = "quo_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    quota_id: QuotaId,
    /// Whether both are the same.
    holds: bool,
    /// What is cached.
    #[schema(example = 88)]
    used: i64,
    /// What was given and not taken back.
    #[schema(example = 88)]
    allocated: i64,
}

impl From<QuotaProof> for QuotaProofDto {
    fn from(proof: QuotaProof) -> Self {
        Self {
            quota_id: proof.quota,
            holds: proof.holds(),
            used: proof.used,
            allocated: proof.allocated,
        }
    }
}

/// Where somebody who waits stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WaiterStatus)]
pub(crate) enum WaiterStatusDto {
    /// They wait.
    Waiting,
    /// They were told that there is room.
    Told,
    /// They wait no longer.
    Left,
    /// They subscribed.
    Served,
}

/// A place in a waiting list.
#[derive(Serialize, ToSchema)]
#[schema(as = WaitingPlace)]
pub(crate) struct WaiterDto {
    /// Which.
    #[schema(value_type = String, example = "wait_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: WaiterId,
    /// For which plan.
    #[schema(value_type = String, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    plan_id: PlanId,
    /// Who.
    #[schema(value_type = String)]
    user_id: UserId,
    /// Where they stand.
    status: WaiterStatusDto,
    /// The place in line, from 1; null when they do not wait any more.
    #[schema(example = 3)]
    place: Option<i64>,
    /// When they were told that there is room.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-23T10:15:00.000000Z")]
    told_at: Option<Timestamp>,
    /// Since when they wait.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Waiter> for WaiterDto {
    fn from(waiter: Waiter) -> Self {
        Self {
            id: waiter.id,
            plan_id: waiter.plan,
            user_id: waiter.user,
            status: match waiter.status {
                WaiterStatus::Waiting => WaiterStatusDto::Waiting,
                WaiterStatus::Told => WaiterStatusDto::Told,
                WaiterStatus::Left => WaiterStatusDto::Left,
                WaiterStatus::Served => WaiterStatusDto::Served,
            },
            place: waiter.place,
            told_at: waiter.told_at,
            created_at: waiter.created_at,
        }
    }
}
