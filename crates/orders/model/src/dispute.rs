//! Payments that buyers dispute at their bank.

use kernel::{DisputeId, Money, OrderId, PaymentId, Timestamp};
use serde::{Deserialize, Serialize};

pub use payments::DisputeOutcome;

/// A payment that the buyer disputes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// Which.
    pub id: DisputeId,
    /// Of which order.
    pub order: OrderId,
    /// Which payment.
    pub payment: PaymentId,
    /// The gateway's name for it.
    pub external: String,
    /// Where it stands, in the gateway's word, such as `needs_response`.
    pub status: String,
    /// What that means.
    pub outcome: DisputeOutcome,
    /// How much is disputed.
    pub amount: Money,
    /// Why, in the gateway's word, such as `fraudulent`.
    pub reason: String,
    /// Until when evidence can be handed in.
    pub evidence_due_at: Option<Timestamp>,
    /// How much of it was taken from the shop and not given back, in minor
    /// units of the shop's account.
    pub funds_withdrawn: i64,
    /// When the buyer disputed it.
    pub opened_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Where the disputes of an order stand together: one that is open counts
/// most, then one that was lost. None when there are none.
pub fn standing(disputes: &[Dispute]) -> Option<DisputeOutcome> {
    let any = |outcome| disputes.iter().any(|dispute| dispute.outcome == outcome);
    [
        DisputeOutcome::Open,
        DisputeOutcome::Lost,
        DisputeOutcome::Won,
    ]
    .into_iter()
    .find(|&outcome| any(outcome))
}
