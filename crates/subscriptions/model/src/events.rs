//! Facts about subscriptions.

use kernel::{Event, PlanId, SubscriptionId, UserId};
use serde::{Deserialize, Serialize};

use crate::subscription::EndReason;

/// Somebody subscribed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubscriptionCreated {
    /// Which subscription.
    pub subscription: SubscriptionId,
    /// Who.
    pub user: UserId,
    /// To which plan.
    pub plan: PlanId,
}

impl Event for SubscriptionCreated {
    const KIND: &'static str = "subscription.created";
}

/// A subscription is in another plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubscriptionPlanChanged {
    /// Which subscription.
    pub subscription: SubscriptionId,
    /// In which plan it was.
    pub before: PlanId,
    /// In which plan it is.
    pub plan: PlanId,
}

impl Event for SubscriptionPlanChanged {
    const KIND: &'static str = "subscription.plan_changed";
}

/// Another period of a subscription was paid for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubscriptionRenewed {
    /// Which subscription.
    pub subscription: SubscriptionId,
    /// The number of the period.
    pub period: i64,
}

impl Event for SubscriptionRenewed {
    const KIND: &'static str = "subscription.renewed";
}

/// There was not enough credit to renew a subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubscriptionPastDue {
    /// Which subscription.
    pub subscription: SubscriptionId,
    /// The first, second or third reminder.
    pub reminder: i64,
}

impl Event for SubscriptionPastDue {
    const KIND: &'static str = "subscription.past_due";
}

/// A subscription is suspended, because it was not paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubscriptionSuspended {
    /// Which subscription.
    pub subscription: SubscriptionId,
}

impl Event for SubscriptionSuspended {
    const KIND: &'static str = "subscription.suspended";
}

/// A subscription is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SubscriptionEnded {
    /// Which subscription.
    pub subscription: SubscriptionId,
    /// Why.
    pub reason: EndReason,
}

impl Event for SubscriptionEnded {
    const KIND: &'static str = "subscription.ended";
}
