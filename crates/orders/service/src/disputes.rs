//! Payments that buyers dispute at their bank, as the gateway tells of them.

use database::{Batch, retrying};
use kernel::{DisputeId, Scope};
use orders_model::dispute::{Dispute, DisputeOutcome, standing};
use orders_model::events::DisputeChanged;
use orders_model::order::Order;
use orders_model::payment::Payment;
use orders_model::ports::{DisputeReport, GatewayError, PaymentGateway};
use orders_model::{AftercareError, OrdersError};
use orders_repository::{disputes, history, orders};
use queue::inbox::{WebhookEvent, WebhookState};

use crate::Orders;

/// Refuses to give money back that the bank may give back itself, or has.
pub(crate) fn check_undisputed(order: &Order, despite: bool) -> Result<(), AftercareError> {
    match order.dispute {
        Some(DisputeOutcome::Open | DisputeOutcome::Lost) if !despite => {
            Err(AftercareError::Disputed)
        }
        _ => Ok(()),
    }
}

impl Orders {
    /// Takes over what the gateway says of a dispute, whatever the webhook
    /// said and whichever came first; a reason when it is not of ours.
    pub(crate) async fn follow_dispute(
        &self,
        scope: &Scope,
        gateway: &dyn PaymentGateway,
        event: &WebhookEvent,
        id: &str,
    ) -> Result<Option<String>, OrdersError> {
        let report = match gateway.dispute(scope, id).await {
            Ok(report) => report,
            Err(GatewayError::Refused(why)) => return Ok(Some(why)),
            Err(GatewayError::Unknown(fault)) => return Err(fault.into()),
        };
        // A dispute does not say whose it is; the payment behind it does.
        let inside = match report.tenant {
            Some(tenant) if tenant != scope.tenant() => self
                .accounts
                .system_scope(tenant, scope.request().request_id.clone()),
            _ => scope.clone(),
        };
        let payment = self.by_money(&inside, &event.source, &report.money).await?;
        if let Some(payment) = payment {
            // The news of the payment may come after that of the dispute.
            self.learn_of_payment(&inside, gateway, &payment).await?;
            retrying("dispute.settle", || {
                self.settle_dispute(&inside, &payment, &report)
            })
            .await?;
        } else {
            let of_top_up = self.follow_dispute_of_top_up(&inside, event, &report);
            if !of_top_up.await? {
                return Ok(Some("no attempt of ours has this payment".to_owned()));
            }
        }
        let state = WebhookState::Processed;
        let write = queue::inbox::conclude(event.id, state, None, self.now());
        self.database
            .write_one(scope, "webhook.conclude", write)
            .await?;
        Ok(None)
    }

    async fn settle_dispute(
        &self,
        scope: &Scope,
        payment: &Payment,
        report: &DisputeReport,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "dispute.settle").await?;
        let mut order = orders::lock(&tx, payment.order)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let mut all = disputes::of(&tx, order.id).await?;
        let known = all
            .iter()
            .position(|known| known.external == report.id && known.payment == payment.id);
        let before = known.map(|at| all.swap_remove(at));
        let dispute = Dispute {
            id: before
                .as_ref()
                .map_or_else(|| DisputeId::new(now), |d| d.id),
            order: order.id,
            payment: payment.id,
            external: report.id.clone(),
            status: report.status.clone(),
            outcome: report.outcome,
            amount: report.amount,
            reason: report.reason.clone(),
            evidence_due_at: report.evidence_due_at,
            funds_withdrawn: report.funds_withdrawn,
            opened_at: report.opened_at,
            updated_at: before.as_ref().map_or(now, |before| before.updated_at),
        };
        if before.as_ref() == Some(&dispute) {
            return Ok(());
        }
        let dispute = Dispute {
            updated_at: now,
            ..dispute
        };
        let mut batch = Batch::new();
        batch.add(disputes::store(&dispute));
        if before.is_none() {
            order.flag("disputed", now);
        }
        if before.is_none_or(|before| before.status != dispute.status) {
            let note = Some(format!(
                "{}: {}, {}",
                dispute.amount, dispute.reason, dispute.status
            ));
            let actor = scope.actor();
            batch.add(history::note(order.id, "dispute", note, actor, now));
        }
        let event = DisputeChanged {
            order: order.id,
            dispute: dispute.id,
        };
        self.queue.publish_with(&tx, &mut batch, &event)?;
        all.push(dispute);
        order.dispute = standing(&all);
        order.changed(now);
        batch.add(orders::update(&order));
        batch.run(&tx).await?;
        tx.commit().await?;
        Ok(())
    }
}
