//! Where attempts to pay, refunds and disputes of them stand.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::{RefundState, SessionState};

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Decided here; the gateway may or may not know of it yet.
    Created,
    /// The buyer can pay.
    Open,
    /// The buyer paid in a way that takes days.
    Processing,
    /// The money came.
    Succeeded,
    /// It will not come.
    Failed,
    /// The buyer took too long.
    Expired,
}

impl PaymentStatus {
    /// Whether the attempt is over.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Expired)
    }

    /// Whether an attempt may go from one state to another. Notices come
    /// twice, late and out of order, so states may be skipped; an attempt
    /// that is over can only still turn out to have succeeded, because money
    /// that came cannot be ignored.
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Succeeded, _) | (_, Self::Created) | (Self::Processing, Self::Open) => false,
            (Self::Failed | Self::Expired, next) => next == Self::Succeeded,
            (now, next) => now != next,
        }
    }

    /// Whether the gateway says that the money will not come of an attempt
    /// that was paid. Either that is old news, or it went back since: the
    /// gateway has to be asked again.
    pub fn contradicts(self, said: SessionState) -> bool {
        self == Self::Succeeded && matches!(said, SessionState::Failed | SessionState::Expired)
    }
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Promised; the gateway may or may not know of it yet.
    Pending,
    /// The gateway took it.
    Succeeded,
    /// The gateway refused; the promise was taken back.
    Failed,
}

impl RefundStatus {
    /// Whether a refund may go from one state to another. A bank can refuse
    /// what the gateway took; nothing comes after that.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Succeeded | Self::Failed) | (Self::Succeeded, Self::Failed)
        )
    }
}

impl From<&RefundState> for RefundStatus {
    fn from(state: &RefundState) -> Self {
        match state {
            RefundState::Pending => Self::Pending,
            RefundState::Succeeded => Self::Succeeded,
            RefundState::Failed(_) => Self::Failed,
        }
    }
}

/// How a dispute ends, as far as the shop's money goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum DisputeOutcome {
    /// It has not.
    Open,
    /// The shop keeps the money, or never lost it.
    Won,
    /// The money is gone.
    Lost,
}
