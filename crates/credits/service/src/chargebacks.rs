//! Top-ups that payers dispute at their bank. Nobody spends on while a dispute
//! is open, and what the bank takes is taken of the wallet.

use credits_model::CreditsError;
use credits_model::top_up::TopUp;
use credits_model::top_up_refund::{RefundCause, TopUpRefund};
use credits_repository::{top_up_refunds, top_ups};
use database::{Batch, Transaction, retrying};
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
        let before = top_up.disputes.insert(report.id.clone(), report.outcome);
        if before == Some(report.outcome) {
            // It is known.
            return Ok(());
        }
        let refunds = top_up_refunds::of(&tx, id).await?;
        let taken = refunds.iter().find(|one| {
            one.external.as_ref() == Some(&report.id) && one.status == RefundStatus::Succeeded
        });
        let mut batch = Batch::new();
        match report.outcome {
            DisputeOutcome::Open => {
                self.freeze(&tx, top_up.wallet).await?;
                top_up.flag("disputed", now);
            }
            DisputeOutcome::Lost => {
                self.freeze(&tx, top_up.wallet).await?;
                top_up.flag("charged_back", now);
                // One that goes on after it was lost took it before.
                if taken.is_none() {
                    self.take_for(&tx, &mut batch, &mut top_up, report).await?;
                }
            }
            DisputeOutcome::Won => {
                if let Some(mut refund) = taken.cloned() {
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

    /// Takes the credit of what a bank took. A bank may take more than is left
    /// where some went back already.
    async fn take_for(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        top_up: &mut TopUp,
        report: &DisputeReport,
    ) -> Result<(), CreditsError> {
        let (left, now) = (top_up.left()?, self.now());
        let wanted = if left.currency == report.amount.currency {
            report.amount.minor
        } else {
            left.minor
        };
        let amount = wanted.min(left.minor);
        if amount > 0 {
            let refund = TopUpRefund {
                external: Some(report.id.clone()),
                ..new_refund(top_up, RefundCause::ChargedBack, amount, now)
            };
            self.take_what_is_there(tx, batch, top_up, refund).await?;
        }
        if wanted > amount {
            top_up.flag("refunded_more_than_paid", now);
        }
        Ok(())
    }
}
