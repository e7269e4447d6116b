//! Giving money of top-ups back. Its credit is taken away in the transaction
//! that promises it; the gateway is told by a job.

use credits_model::CreditsError;
use credits_model::events::{TopUpRefundPromised, TopUpRefunded};
use credits_model::top_up::TopUp;
use credits_model::top_up_refund::{RefundCause, TopUpDetail, TopUpRefund};
use credits_repository::{ledger, top_up_refunds, top_ups};
use database::{Batch, Once, Transaction, retrying};
use kernel::{
    AuditEntry, Audited as _, Money, Permission, RefundId, Scope, Timestamp, TopUpId,
    WebhookEventId,
};
use payments::{GatewayError, RefundReport, RefundRequest, RefundState, RefundStatus};
use queue::inbox::{self, WebhookState};

use crate::Credits;
use crate::top_ups::takes;

/// Money of a top-up to give back.
#[derive(Debug, Clone)]
pub struct RefundTopUp {
    /// How much; all that can go back when absent.
    pub amount: Option<Money>,
    /// Why.
    pub reason: String,
    /// Even if the bank may give it back itself.
    pub despite_dispute: bool,
}

impl Credits {
    /// A top-up with what went back of it.
    pub async fn top_up(&self, scope: &Scope, id: TopUpId) -> Result<TopUpDetail, CreditsError> {
        scope.require(Permission::CreditsRead)?;
        let db = self.database.read(scope).await?;
        let top_up = top_ups::find(&db, id)
            .await?
            .ok_or(CreditsError::TopUpNotFound)?;
        let refunds = top_up_refunds::of(&db, id).await?;
        Ok(TopUpDetail { top_up, refunds })
    }

    /// Promises to give money of a top-up back, and takes its credit away.
    /// Never more than came, and never more than is left of its credit.
    pub async fn refund_top_up(
        &self,
        scope: &Scope,
        id: TopUpId,
        command: &RefundTopUp,
    ) -> Result<TopUpDetail, CreditsError> {
        scope.require(Permission::CreditsWrite)?;
        retrying("top_up.refund", || {
            self.refund_top_up_once(scope, id, command)
        })
        .await
    }

    async fn refund_top_up_once(
        &self,
        scope: &Scope,
        id: TopUpId,
        command: &RefundTopUp,
    ) -> Result<TopUpDetail, CreditsError> {
        let now = self.now();
        let tx = match self.begin::<TopUpDetail>(scope, "top_up.refund").await? {
            Once::Replayed(detail) => return Ok(detail),
            Once::Fresh(tx) => tx,
        };
        let mut top_up = top_ups::lock(&tx, id)
            .await?
            .ok_or(CreditsError::TopUpNotFound)?;
        top_up.check_undisputed(command.despite_dispute)?;
        let before = top_up.snapshot();
        let room = self.room(&tx, &top_up).await?;
        let most = top_up.refundable(room)?;
        let gateway = self.gateways.of(&top_up.gateway)?;
        // What is less than the gateway's least unit stays credit.
        let all = Some(gateway.at_most(most)).filter(|all| all.minor > 0);
        let amount = command.amount.or(all).unwrap_or(most);
        if amount.currency != most.currency {
            return Err(CreditsError::TopUpRefundCurrency(most.currency));
        }
        if amount.minor > most.minor || most.minor < 1 {
            return Err(CreditsError::TopUpRefundTooLarge(most));
        }
        takes(gateway.as_ref(), amount)?;
        let mut refund = TopUpRefund {
            status: RefundStatus::Pending,
            reason: Some(command.reason.clone()),
            ..new_refund(&top_up, RefundCause::AskedFor, amount.minor, now)
        };
        let taken = top_up.credit_for(amount.minor);
        if let Some(transfer) = self
            .take_credit(&tx, top_up.wallet, &mut refund, taken)
            .await?
        {
            let (sql, values) = ledger::note(transfer, &command.reason);
            tx.run(sql, values).await?;
        }
        top_up.give_back(amount.minor, refund.taken, now);
        let mut batch = Batch::new();
        batch.add(top_up_refunds::insert(&refund));
        batch.add(top_ups::update(&top_up));
        let event = TopUpRefundPromised {
            top_up: id,
            refund: refund.id,
        };
        self.queue.publish_with(&tx, &mut batch, &event)?;
        batch.run(&tx).await?;
        let refunds = top_up_refunds::of(&tx, id).await?;
        let entry = AuditEntry::new("top_up.refund", id).before(&before);
        self.record(&tx, entry.after(&top_up)).await?;
        Ok(tx.commit_with(TopUpDetail { top_up, refunds }).await?)
    }

    /// Tells the gateway to give money back; called by its job. The refund's
    /// id is the idempotency key there.
    pub async fn execute_top_up_refund(
        &self,
        scope: &Scope,
        id: RefundId,
    ) -> Result<(), CreditsError> {
        let db = self.database.read(scope).await?;
        let Some(refund) = top_up_refunds::find(&db, id).await? else {
            return Ok(());
        };
        let Some(top_up) = top_ups::find(&db, refund.top_up).await? else {
            return Ok(());
        };
        drop(db);
        let (RefundStatus::Pending, Some(paid)) = (refund.status, top_up.paid) else {
            return Ok(());
        };
        let request = RefundRequest {
            refund: id,
            payment: top_up.payment,
            session: top_up.session.clone().unwrap_or_default(),
            intent: top_up.intent.clone(),
            external: refund.external.clone(),
            amount: Money::new(refund.amount, paid.currency),
        };
        let gateway = self.gateways.of(&top_up.gateway)?;
        let report = match gateway.refund(scope, &request).await {
            Err(GatewayError::Refused(why)) => request.refused(why),
            answer => answer?,
        };
        self.settle_top_up_refunds(scope, top_up.id, std::slice::from_ref(&report), None)
            .await
    }

    /// Takes over what the gateway says went back of a top-up, whoever asked
    /// for it.
    pub(crate) async fn settle_top_up_refunds(
        &self,
        scope: &Scope,
        id: TopUpId,
        reports: &[RefundReport],
        webhook: Option<WebhookEventId>,
    ) -> Result<(), CreditsError> {
        retrying("top_up.settle_refunds", || {
            self.settle_refunds_once(scope, id, reports, webhook)
        })
        .await
    }

    async fn settle_refunds_once(
        &self,
        scope: &Scope,
        id: TopUpId,
        reports: &[RefundReport],
        webhook: Option<WebhookEventId>,
    ) -> Result<(), CreditsError> {
        let now = self.now();
        let tx = self
            .database
            .begin_write(scope, "top_up.settle_refunds")
            .await?;
        let mut top_up = top_ups::lock(&tx, id)
            .await?
            .ok_or(CreditsError::TopUpNotFound)?;
        let known = top_up_refunds::of(&tx, id).await?;
        for report in reports {
            let mut batch = Batch::new();
            let is_it = |refund: &&TopUpRefund| report.is_of(refund.id, refund.external.as_deref());
            match known.iter().find(is_it) {
                Some(refund) => {
                    self.settle_refund(&tx, &mut batch, &mut top_up, refund.clone(), report)
                        .await?;
                }
                None => {
                    self.adopt_refund(&tx, &mut batch, &mut top_up, report)
                        .await?;
                }
            }
            batch.run(&tx).await?;
        }
        let mut batch = Batch::new();
        batch.add(top_ups::update(&top_up));
        if let Some(webhook) = webhook {
            batch.add(inbox::conclude(webhook, WebhookState::Processed, None, now));
        }
        batch.run(&tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A refund that is known, and what the gateway says of it.
    async fn settle_refund(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        top_up: &mut TopUp,
        mut refund: TopUpRefund,
        report: &RefundReport,
    ) -> Result<(), CreditsError> {
        let now = self.now();
        if !report.id.is_empty() {
            refund.external = Some(report.id.clone());
        }
        refund.checked_at = now;
        let next = RefundStatus::from(&report.state);
        if refund.status.may_become(next) {
            refund.updated_at = now;
            match &report.state {
                RefundState::Pending => {}
                RefundState::Succeeded => {
                    refund.status = next;
                    self.tell_refunded(tx, batch, &refund)?;
                }
                RefundState::Failed(why) => {
                    refund.failure = Some(why.clone());
                    self.undo_refund(tx, top_up, &mut refund).await?;
                    top_up.flag("refund_failed", now);
                }
            }
        }
        batch.add(top_up_refunds::update(&refund));
        Ok(())
    }

    pub(crate) fn tell_refunded(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        refund: &TopUpRefund,
    ) -> Result<(), CreditsError> {
        let event = TopUpRefunded {
            top_up: refund.top_up,
            refund: refund.id,
        };
        Ok(self.queue.publish_with(tx, batch, &event)?)
    }
}

/// A refund of an amount that was made just now.
pub(crate) fn new_refund(
    top_up: &TopUp,
    cause: RefundCause,
    amount: i64,
    now: Timestamp,
) -> TopUpRefund {
    TopUpRefund {
        id: RefundId::new(now),
        top_up: top_up.id,
        cause,
        status: RefundStatus::Succeeded,
        amount,
        taken: 0,
        reason: None,
        external: None,
        failure: None,
        checked_at: now,
        created_at: now,
        updated_at: now,
    }
}
