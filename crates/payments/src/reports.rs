//! What gateways say about attempts, refunds and disputes.

use kernel::{Money, PaymentId, RefundId, TenantId, Timestamp};

use crate::{DisputeOutcome, MoneyRef, PaymentStatus, SavedMethod};

/// What a gateway says about an attempt, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionReport {
    /// The gateway's name for it; empty when it has none.
    pub id: String,
    /// For which attempt, as the gateway was told.
    pub payment: Option<PaymentId>,
    /// Where it stands.
    pub state: SessionState,
    /// The gateway's name for the money, once there is any.
    pub intent: Option<String>,
    /// Why the last try was declined.
    pub failure: Option<String>,
    /// The way in which it was paid, when the gateway keeps it.
    pub saved: Option<SavedMethod>,
}

impl SessionReport {
    /// The report of an attempt that has no page at the gateway, or none that
    /// the gateway would tell of; why, where it says so.
    pub fn without_session(
        payment: PaymentId,
        state: SessionState,
        failure: Option<String>,
    ) -> Self {
        Self {
            id: String::new(),
            payment: Some(payment),
            state,
            intent: None,
            failure,
            saved: None,
        }
    }
}

/// Where an attempt stands at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// The buyer can pay.
    Open,
    /// The buyer paid in a way that takes days.
    Processing,
    /// The money came.
    Paid {
        /// All of it.
        amount: Money,
        /// The taxes of that.
        tax: Money,
    },
    /// It will not come.
    Failed,
    /// The buyer took too long.
    Expired,
    /// The gateway does not know it, and nobody can say what became of it.
    Lost,
}

impl SessionState {
    /// Where an attempt stands that is there at the gateway.
    pub fn status(self) -> PaymentStatus {
        match self {
            Self::Open => PaymentStatus::Open,
            Self::Processing => PaymentStatus::Processing,
            Self::Paid { .. } => PaymentStatus::Succeeded,
            Self::Failed | Self::Lost => PaymentStatus::Failed,
            Self::Expired => PaymentStatus::Expired,
        }
    }
}

/// Money to give back.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// Which refund; the idempotency key.
    pub refund: RefundId,
    /// Of which attempt.
    pub payment: PaymentId,
    /// The gateway's name for the attempt.
    pub session: String,
    /// The gateway's name for the money.
    pub intent: Option<String>,
    /// The gateway's name for the refund, once it is known to have one.
    pub external: Option<String>,
    /// How much.
    pub amount: Money,
}

impl RefundRequest {
    /// The report of a refund that the gateway refused.
    pub fn refused(&self, why: String) -> RefundReport {
        RefundReport {
            id: String::new(),
            refund: Some(self.refund),
            amount: self.amount,
            state: RefundState::Failed(why),
            is_total: false,
            charged_back: false,
        }
    }
}

/// What a gateway says about a refund, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundReport {
    /// The gateway's name for it.
    pub id: String,
    /// Which refund, if it was ours.
    pub refund: Option<RefundId>,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub state: RefundState,
    /// Whether the amount is all that went back so far, and not this refund
    /// alone: for gateways that do not list each.
    pub is_total: bool,
    /// Whether the payer's bank took it.
    pub charged_back: bool,
}

impl RefundReport {
    /// Whether it is about a refund, by our name for it or by the gateway's.
    pub fn is_of(&self, refund: RefundId, external: Option<&str>) -> bool {
        self.refund == Some(refund) || external.is_some_and(|external| external == self.id)
    }
}

/// Where a refund stands at the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundState {
    /// Under way.
    Pending,
    /// Done.
    Succeeded,
    /// Refused, and why.
    Failed(String),
}

/// What a gateway says about a dispute, now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeReport {
    /// The gateway's name for it.
    pub id: String,
    /// Of which tenant the payment is, as the gateway was told; disputes
    /// themselves carry nothing of ours.
    pub tenant: Option<TenantId>,
    /// Which money is disputed.
    pub money: MoneyRef,
    /// Where it stands, in the gateway's word.
    pub status: String,
    /// What that means.
    pub outcome: DisputeOutcome,
    /// How much is disputed.
    pub amount: Money,
    /// Why, in the gateway's word.
    pub reason: String,
    /// Until when evidence can be handed in.
    pub evidence_due_at: Option<Timestamp>,
    /// How much was taken from the shop's account and not given back, in minor
    /// units of that account.
    pub funds_withdrawn: i64,
    /// When it was opened.
    pub opened_at: Timestamp,
}
