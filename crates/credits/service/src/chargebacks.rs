//! Top-ups that payers dispute at their bank. Nobody spends on while a dispute
//! is open, and what the bank takes is taken of the wallet.

use credits_model::CreditsError;
use credits_model::top_up_refund::{RefundCause, TopUpRefund};
use credits_repository::{top_up_refunds, top_ups};
use database::{Batch, retrying};
use kernel::{Scope, TopUpId};
use payments::{DisputeOutcome, DisputeReport, RefundStatus};

use crate::Credits;
use crate::top_up_refunds::new_refund;

impl Credits {
    /// Applies what the gateway says of a dispute, if it is of the money of a
    /// top-up; false when it is no top-up's. An open one freezes the wallet; a
    /// lost one takes the credit, as far as it is there; one that is won lets
    /// somebody decide to unfreeze it.
    pub async fn follow_dispute(
        &self,
        scope: &Scope,
        gateway: &str,
        report: &DisputeReport,
    ) -> Result<bool, CreditsError> {
        let Some(top_up) = self.learn(scope, gateway, &report.money).await? else {
            return Ok(false);
        };
        retrying("top_up.dispute", || {
            self.settle_dispute(scope, top_up.id, report)
        })
        .await?;
        Ok(true)
    }

    async fn settle_dispute(
        &self,
        scope: &Scope,
        id: TopUpId,
        report: &DisputeReport,
    ) -> Result<(), CreditsError> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "top_up.dispute").await?;
        let mut top_up = top_ups::lock(&tx, id)
            .await?
            .ok_or(CreditsError::TopUpNotFound)?;
        let refunds = top_up_refunds::of(&tx, id).await?;
        let charge = charge_back(&top_up, report, &refunds, now);
        let standing = standing(report, &refunds);
        let taken = refunds.into_iter().find(|one| takes_for(one, report));
        // What is told again is known. That another dispute ended alike says
        // nothing of this one.
        let known = match (report.outcome, &taken) {
            (DisputeOutcome::Lost, Some(_)) => true,
            (DisputeOutcome::Won, Some(_)) => false,
            _ => top_up.dispute == Some(standing) && charge.is_none(),
        };
        if known {
            return Ok(());
        }
        top_up.dispute = Some(standing);
        let mut batch = Batch::new();
        match report.outcome {
            DisputeOutcome::Open => {
                self.freeze(&tx, top_up.wallet).await?;
                top_up.flag("disputed", now);
            }
            DisputeOutcome::Lost => {
                self.freeze(&tx, top_up.wallet).await?;
                top_up.flag("charged_back", now);
                if let Some(refund) = charge {
                    self.take_what_is_there(&tx, &mut batch, &mut top_up, refund)
                        .await?;
                }
            }
            DisputeOutcome::Won => {
                if let Some(mut refund) = taken {
                    refund.updated_at = now;
                    self.undo_refund(&tx, &mut top_up, &mut refund).await?;
                    batch.add(top_up_refunds::update(&refund));
                }
                top_up.flag("dispute_won", now);
            }
        }
        batch.add(top_ups::update(&top_up));
        batch.run(&tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Whether a refund is what a bank took for a dispute, and keeps.
fn takes_for(refund: &TopUpRefund, report: &DisputeReport) -> bool {
    refund.external.as_ref() == Some(&report.id) && refund.status == RefundStatus::Succeeded
}

/// Where the disputes of a top-up stand once this one stands so: what is won
/// leaves those as they are that were lost beside it.
fn standing(report: &DisputeReport, known: &[TopUpRefund]) -> DisputeOutcome {
    let lost = known.iter().any(|refund| {
        refund.cause == RefundCause::ChargedBack
            && refund.status == RefundStatus::Succeeded
            && refund.external.as_ref() != Some(&report.id)
    });
    match report.outcome {
        DisputeOutcome::Won if lost => DisputeOutcome::Lost,
        outcome => outcome,
    }
}

/// What a bank takes with a dispute that is lost; nothing when it took it
/// before, or all went back already.
fn charge_back(
    top_up: &credits_model::top_up::TopUp,
    report: &DisputeReport,
    known: &[TopUpRefund],
    now: kernel::Timestamp,
) -> Option<TopUpRefund> {
    let left = top_up.left().ok()?;
    let taken_before = known
        .iter()
        .any(|refund| refund.external.as_ref() == Some(&report.id));
    let same = left.currency == report.amount.currency;
    let amount = if same {
        report.amount.minor
    } else {
        left.minor
    };
    let amount = amount.min(left.minor);
    let takes = report.outcome == DisputeOutcome::Lost && !taken_before && amount > 0;
    takes.then(|| TopUpRefund {
        external: Some(report.id.clone()),
        ..new_refund(top_up, RefundCause::ChargedBack, amount, now)
    })
}
