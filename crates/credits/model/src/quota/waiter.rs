//! People who wait until there is room in a plan.

use std::time::Duration;

use kernel::{PlanId, QuotaId, Timestamp, UserId, WaiterId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// For how long those who were told are left the room they were told of,
/// before others are told of it.
pub const TURN: Duration = Duration::from_hours(24);

/// Where somebody who waits stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum WaiterStatus {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiter {
    /// Which.
    pub id: WaiterId,
    /// For which quota.
    pub quota: QuotaId,
    /// For which plan.
    pub plan: PlanId,
    /// Who.
    pub user: UserId,
    /// Where they stand.
    pub status: WaiterStatus,
    /// How many are before them, and one more, while they wait.
    pub place: Option<i64>,
    /// When they were told.
    pub told_at: Option<Timestamp>,
    /// Since when they wait.
    pub created_at: Timestamp,
}
