//! Subscriptions of hosted services.

use kernel::{
    ChargeId, PlanId, ServiceId, SubscriptionCouponId, SubscriptionId, Timestamp, TransferId,
    UserId,
};
use serde::{Deserialize, Serialize};
use subscriptions_model::charge::{Charge, ChargeKind};
use subscriptions_model::coupon::{Discount, SubscriptionCoupon};
use subscriptions_model::subscription::{EndReason, Subscription, SubscriptionStatus};
use subscriptions_service::{SubscriptionDetail, UpgradePreview};
use utoipa::ToSchema;

use super::money::MoneyDto;
use super::plan::IntervalDto;

/// Where a subscription stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SubscriptionStatus)]
pub(crate) enum SubscriptionStatusDto {
    /// It is tried for nothing.
    Trialing,
    /// It is paid for, or costs nothing.
    Active,
    /// There was not enough credit to renew it; it goes on for a while.
    PastDue,
    /// It was not paid for longer; what runs is stopped and kept.
    Suspended,
    /// It is over.
    Ended,
}

impl From<SubscriptionStatus> for SubscriptionStatusDto {
    fn from(status: SubscriptionStatus) -> Self {
        match status {
            SubscriptionStatus::Trialing => Self::Trialing,
            SubscriptionStatus::Active => Self::Active,
            SubscriptionStatus::PastDue => Self::PastDue,
            SubscriptionStatus::Suspended => Self::Suspended,
            SubscriptionStatus::Ended => Self::Ended,
        }
    }
}

impl From<SubscriptionStatusDto> for SubscriptionStatus {
    fn from(dto: SubscriptionStatusDto) -> Self {
        match dto {
            SubscriptionStatusDto::Trialing => Self::Trialing,
            SubscriptionStatusDto::Active => Self::Active,
            SubscriptionStatusDto::PastDue => Self::PastDue,
            SubscriptionStatusDto::Suspended => Self::Suspended,
            SubscriptionStatusDto::Ended => Self::Ended,
        }
    }
}

/// Why a subscription is over.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SubscriptionEndReason)]
pub(crate) enum EndReasonDto {
    /// Its owner or the shop canceled it.
    Canceled,
    /// Its owner did not want it to renew.
    NotRenewed,
    /// It was not paid.
    Unpaid,
}

impl From<EndReason> for EndReasonDto {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::Canceled => Self::Canceled,
            EndReason::NotRenewed => Self::NotRenewed,
            EndReason::Unpaid => Self::Unpaid,
        }
    }
}

/// What a coupon takes off the price of coming periods.
#[derive(Serialize, ToSchema)]
#[schema(as = SubscriptionDiscount)]
pub(crate) struct DiscountDto {
    /// The coupon.
    #[schema(value_type = Option<String>, example = "scpn_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    coupon_id: Option<SubscriptionCouponId>,
    /// The share that is taken off, in hundredths of a percent.
    #[schema(example = 2500)]
    basis_points: i64,
    /// For how many more periods; for ever when null.
    #[schema(example = 2)]
    periods_left: Option<i64>,
}

/// A subscription of a hosted service.
#[derive(Serialize, ToSchema)]
#[schema(as = Subscription)]
pub(crate) struct SubscriptionDto {
    /// Which.
    #[schema(value_type = String, example = "sub_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: SubscriptionId,
    /// Whose.
    #[schema(value_type = String)]
    user_id: UserId,
    /// To which service.
    #[schema(value_type = String, example = "svc_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    service_id: ServiceId,
    /// In which plan.
    #[schema(value_type = String, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    plan_id: PlanId,
    /// The plan it changes to when the period ends.
    #[schema(value_type = Option<String>, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    next_plan_id: Option<PlanId>,
    /// Where it stands.
    status: SubscriptionStatusDto,
    /// Whether it renews.
    #[schema(example = true)]
    auto_renew: bool,
    /// When it was canceled to the end of the period.
    #[schema(value_type = Option<String>, format = DateTime)]
    canceled_at: Option<Timestamp>,
    /// What a period costs without discounts.
    price: MoneyDto,
    /// What a coupon takes off the price of the next period; null when nothing is.
    discount: Option<DiscountDto>,
    /// What the next period costs, in the plan it is in.
    next_price: MoneyDto,
    /// The time between two payments.
    interval: IntervalDto,
    /// The number of the period that runs.
    #[schema(example = 3)]
    period: i64,
    /// Since when.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T12:00:00.000000Z")]
    period_start: Timestamp,
    /// Until before when; then it is paid again.
    #[schema(value_type = String, format = DateTime, example = "2026-12-20T12:00:00.000000Z")]
    period_end: Timestamp,
    /// Since when it is not paid.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-12-20T12:00:00.000000Z")]
    past_due_since: Option<Timestamp>,
    /// Since when it is suspended.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-12-27T12:00:00.000000Z")]
    suspended_at: Option<Timestamp>,
    /// Since when it is over.
    #[schema(value_type = Option<String>, format = DateTime, example = "2027-01-10T12:00:00.000000Z")]
    ended_at: Option<Timestamp>,
    /// Why it is over.
    end_reason: Option<EndReasonDto>,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Subscription> for SubscriptionDto {
    fn from(one: Subscription) -> Self {
        let next_price = one.next_price();
        let discount = one.discount.filter(|discount| discount.lasts());
        Self {
            id: one.id,
            user_id: one.user,
            service_id: one.service,
            plan_id: one.plan,
            next_plan_id: one.next_plan,
            status: one.status.into(),
            auto_renew: one.auto_renew,
            canceled_at: one.canceled_at,
            price: one.price.into(),
            discount: discount.map(|discount: Discount| DiscountDto {
                coupon_id: one.coupon,
                basis_points: discount.basis_points,
                periods_left: discount.periods_left,
            }),
            next_price: MoneyDto {
                amount: next_price,
                currency: one.price.currency,
            },
            interval: one.interval.into(),
            period: one.period,
            period_start: one.period_start,
            period_end: one.period_end,
            past_due_since: one.past_due_since,
            suspended_at: one.suspended_at,
            ended_at: one.ended_at,
            end_reason: one.end_reason.map(Into::into),
            version: one.version,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

/// What a charge is for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SubscriptionChargeKind)]
pub(crate) enum ChargeKindDto {
    /// The first period.
    Start,
    /// A further period.
    Renewal,
    /// A change to another plan.
    Upgrade,
}

/// What was charged for a subscription.
#[derive(Serialize, ToSchema)]
#[schema(as = SubscriptionCharge)]
pub(crate) struct ChargeDto {
    /// Which.
    #[schema(value_type = String, example = "chg_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ChargeId,
    /// For which period.
    #[schema(example = 3)]
    period: i64,
    /// What for.
    kind: ChargeKindDto,
    /// In which plan.
    #[schema(value_type = String, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    plan_id: PlanId,
    /// How much.
    amount: MoneyDto,
    /// What was booked in the wallet; null where nothing was.
    #[schema(value_type = Option<String>)]
    transaction_id: Option<TransferId>,
    /// How much of it went back.
    refunded: MoneyDto,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Charge> for ChargeDto {
    fn from(charge: Charge) -> Self {
        Self {
            id: charge.id,
            period: charge.period,
            kind: match charge.kind {
                ChargeKind::Start => ChargeKindDto::Start,
                ChargeKind::Renewal => ChargeKindDto::Renewal,
                ChargeKind::Upgrade => ChargeKindDto::Upgrade,
            },
            plan_id: charge.plan,
            amount: charge.amount.into(),
            transaction_id: charge.transfer,
            refunded: charge.refunded.into(),
            created_at: charge.created_at,
        }
    }
}

/// A subscription and what was charged for it.
#[derive(Serialize, ToSchema)]
#[schema(as = SubscriptionDetail)]
pub(crate) struct SubscriptionDetailDto {
    #[serde(flatten)]
    subscription: SubscriptionDto,
    /// What was charged, newest first; up to 200.
    charges: Vec<ChargeDto>,
}

impl From<SubscriptionDetail> for SubscriptionDetailDto {
    fn from(detail: SubscriptionDetail) -> Self {
        Self {
            subscription: detail.subscription.into(),
            charges: detail.charges.into_iter().map(Into::into).collect(),
        }
    }
}

/// What an upgrade would do now.
#[derive(Serialize, ToSchema)]
#[schema(as = UpgradePreview)]
pub(crate) struct UpgradePreviewDto {
    /// The plan it leads to.
    #[schema(value_type = String, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    plan_id: PlanId,
    /// When it takes place: now, or when the period ends, as the shop has it.
    #[schema(value_type = String, format = DateTime, example = "2026-12-05T12:00:00.000000Z")]
    takes_effect_at: Timestamp,
    /// What is charged now.
    charge: MoneyDto,
    /// What the unused part of the period that runs is worth.
    unused: MoneyDto,
    /// What the next period costs.
    next_price: MoneyDto,
    /// When the next period begins.
    #[schema(value_type = String, format = DateTime, example = "2026-12-20T12:00:00.000000Z")]
    next_payment_at: Timestamp,
    /// Whether a new period begins now.
    #[schema(example = false)]
    begins_period: bool,
}

impl From<UpgradePreview> for UpgradePreviewDto {
    fn from(preview: UpgradePreview) -> Self {
        Self {
            plan_id: preview.plan,
            takes_effect_at: preview.takes_effect_at,
            charge: preview.charge.into(),
            unused: preview.unused.into(),
            next_price: preview.next_price.into(),
            next_payment_at: preview.next_payment_at,
            begins_period: preview.begins_period,
        }
    }
}

/// A coupon for subscriptions.
#[derive(Serialize, ToSchema)]
#[schema(as = SubscriptionCoupon)]
pub(crate) struct SubscriptionCouponDto {
    /// Which.
    #[schema(value_type = String, example = "scpn_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: SubscriptionCouponId,
    /// What customers type.
    #[schema(example = "WELCOME")]
    code: String,
    /// The share that is taken off, in hundredths of a percent.
    #[schema(example = 5_000)]
    basis_points: i64,
    /// For how many periods; null for ever.
    #[schema(example = 3)]
    periods: Option<i64>,
    /// How often it can be used, once by each customer; null for no limit.
    #[schema(example = 100)]
    total_limit: Option<i64>,
    /// How often it was used.
    #[schema(example = 17)]
    used: i64,
    /// When it can be used no longer.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Whether it was archived.
    #[schema(example = false)]
    archived: bool,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<SubscriptionCoupon> for SubscriptionCouponDto {
    fn from(coupon: SubscriptionCoupon) -> Self {
        Self {
            id: coupon.id,
            code: coupon.code,
            basis_points: coupon.basis_points,
            periods: coupon.periods,
            total_limit: coupon.total_limit,
            used: coupon.used,
            expires_at: coupon.expires_at,
            archived: coupon.archived,
            created_at: coupon.created_at,
        }
    }
}
