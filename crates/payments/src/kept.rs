//! Ways of paying that gateways keep, to be charged without the buyer.

use kernel::{Money, PaymentId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Purpose;

/// A way of paying that a gateway keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedMethod {
    /// The gateway's name for whose it is.
    pub customer: String,
    /// The gateway's name for it.
    pub method: String,
    /// What its owner knows it by, such as `visa 4242`.
    pub label: String,
}

/// Money to take without the buyer.
#[derive(Debug, Clone)]
pub struct ChargeRequest {
    /// For which attempt; the idempotency key.
    pub payment: PaymentId,
    /// For what.
    pub purpose: Purpose,
    /// How much.
    pub amount: Money,
    /// From where.
    pub from: SavedMethod,
    /// Since when the gateway may have been asked for it.
    pub decided_at: Timestamp,
}
