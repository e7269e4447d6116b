//! Disputes.

use kernel::{Fault, Timestamp};
use payments::{DisputeOutcome, DisputeReport, GatewayError, MoneyRef};
use stripe_core::dispute::RetrieveDispute;
use stripe_shared::{Dispute, DisputeStatus};

use crate::amounts::from_stripe;
use crate::errors::meaning;
use crate::{StripeGateway, metadata};

impl StripeGateway {
    /// Where a dispute stands. Disputes have no metadata of ours; the charge
    /// has what the payment was made with.
    pub(crate) async fn retrieve_dispute(&self, id: &str) -> Result<DisputeReport, GatewayError> {
        let dispute = RetrieveDispute::new(id)
            .expand(["charge".to_owned()])
            .send(&self.client)
            .await
            .map_err(|error| meaning("read a dispute", &error))?;
        if dispute.livemode != self.live {
            return Err(GatewayError::Refused(
                "the dispute is of the other mode (live or test)".to_owned(),
            ));
        }
        report(&dispute)
    }
}

fn report(dispute: &Dispute) -> Result<DisputeReport, GatewayError> {
    let charge = dispute.charge.as_object();
    let told = |key: &str| charge.and_then(|charge| charge.metadata.get(key));
    let intent = dispute
        .payment_intent
        .as_ref()
        .or_else(|| charge.and_then(|charge| charge.payment_intent.as_ref()))
        .map(|intent| intent.id().to_string());
    let amount = from_stripe(dispute.amount, &dispute.currency.to_string())
        .ok_or_else(|| Fault::permanent("a dispute without a known currency"))?;
    // What was taken is negative there.
    let moved: i64 = dispute.balance_transactions.iter().map(|t| t.amount).sum();
    let due = dispute.evidence_details.due_by;
    Ok(DisputeReport {
        id: dispute.id.to_string(),
        tenant: told(metadata::TENANT).and_then(|id| id.parse().ok()),
        money: MoneyRef {
            payment: told(metadata::PAYMENT).and_then(|id| id.parse().ok()),
            intent,
        },
        status: dispute.status.as_str().to_owned(),
        outcome: outcome_of(&dispute.status),
        amount,
        reason: dispute.reason.clone(),
        evidence_due_at: due.map(Timestamp::from_seconds),
        funds_withdrawn: moved.saturating_neg().max(0),
        opened_at: Timestamp::from_seconds(dispute.created),
    })
}

/// An inquiry (`warning_…`) that is closed cost nothing.
fn outcome_of(status: &DisputeStatus) -> DisputeOutcome {
    use DisputeStatus as S;
    match status {
        S::Lost => DisputeOutcome::Lost,
        S::Won | S::WarningClosed | S::Prevented => DisputeOutcome::Won,
        _ => DisputeOutcome::Open,
    }
}

/// Whether an event's type is one that tells of a dispute.
pub(crate) fn is_news(kind: &str) -> bool {
    matches!(
        kind,
        "charge.dispute.created"
            | "charge.dispute.updated"
            | "charge.dispute.closed"
            | "charge.dispute.funds_withdrawn"
            | "charge.dispute.funds_reinstated"
    )
}
