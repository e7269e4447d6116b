//! Money of top-ups that goes back.

use kernel::{RefundId, Timestamp, TopUpId};
use payments::RefundStatus;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::top_up::TopUp;

/// Why money of a top-up goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RefundCause {
    /// Somebody who runs the shop gave it back here.
    AskedFor,
    /// Somebody gave it back at the gateway.
    MadeAtGateway,
    /// The payer's bank took it, because the payer disputed it.
    ChargedBack,
}

/// Money of a top-up that goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUpRefund {
    /// Which; also the idempotency key at the gateway.
    pub id: RefundId,
    /// Of which top-up.
    pub top_up: TopUpId,
    /// Why.
    pub cause: RefundCause,
    /// Where it stands.
    pub status: RefundStatus,
    /// How much, in minor units of what came.
    pub amount: i64,
    /// How much credit was taken away for it. Less than had to be, when it was
    /// spent already.
    pub taken: i64,
    /// What somebody wrote about it.
    pub reason: Option<String>,
    /// The gateway's name for it, or for the dispute.
    pub external: Option<String>,
    /// Why the gateway refused.
    pub failure: Option<String>,
    /// When the gateway was last asked about it.
    pub checked_at: Timestamp,
    /// When it was promised.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A top-up with what went back of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUpDetail {
    /// The top-up.
    pub top_up: TopUp,
    /// What went back, oldest first.
    pub refunds: Vec<TopUpRefund>,
}
