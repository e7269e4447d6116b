//! What was charged for a subscription.

use kernel::{ChargeId, Money, PlanId, SubscriptionId, Timestamp, TransferId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// What a charge is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ChargeKind {
    /// The first period.
    Start,
    /// A further period.
    Renewal,
    /// A change to another plan.
    Upgrade,
}

/// What was charged for a subscription. A period is charged once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// Which.
    pub id: ChargeId,
    /// For which subscription.
    pub subscription: SubscriptionId,
    /// For which of its periods.
    pub period: i64,
    /// What for.
    pub kind: ChargeKind,
    /// In which plan.
    pub plan: PlanId,
    /// How much; nothing for what is free.
    pub amount: Money,
    /// What was booked in the wallet; none where nothing was.
    pub transfer: Option<TransferId>,
    /// How much of it went back.
    pub refunded: Money,
    /// When.
    pub created_at: Timestamp,
}
