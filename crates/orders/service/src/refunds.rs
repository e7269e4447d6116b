//! Giving money back.

use database::{Batch, Once, Transaction, retrying};
use kernel::{Audited as _, Money, OrderId, Permission, RefundId, Scope, WebhookEventId};
use orders_model::OrdersError;
use orders_model::events::RefundSucceeded;
use orders_model::order::{Order, OrderDetail, REFUND_PROMISED};
use orders_model::payment::Payment;
use orders_model::ports::{GatewayError, PaymentGateway, RefundReport, RefundRequest, RefundState};
use orders_model::refund::{Refund, RefundStatus, Restock};
use orders_model::shares::{Cause, Part};
use orders_repository::{history, orders, payments, refund_shares, refunds};
use queue::inbox::{self, WebhookState};

use crate::Orders;
use crate::disputes::check_undisputed;
use crate::orders::detail;

/// What is to go back.
#[derive(Debug, Clone)]
pub struct RefundCommand {
    /// How much; all that is left when none.
    pub amount: Option<Money>,
    /// Why; for the shop.
    pub reason: String,
    /// Whether the buyer reads it, too: it becomes a note for them.
    pub tell_customer: bool,
    /// What goes back into stock.
    pub restock: Vec<Restock>,
    /// Even if the bank may give it back itself.
    pub despite_dispute: bool,
}

impl Orders {
    /// Promises to give money of an order back, and puts goods back into
    /// stock. The gateway is told by a job.
    pub async fn refund(
        &self,
        scope: &Scope,
        id: OrderId,
        command: RefundCommand,
    ) -> Result<OrderDetail, OrdersError> {
        scope.require(Permission::OrdersRefund)?;
        retrying("order.refund", || self.refund_once(scope, id, &command)).await
    }

    async fn refund_once(
        &self,
        scope: &Scope,
        id: OrderId,
        command: &RefundCommand,
    ) -> Result<OrderDetail, OrdersError> {
        let tx = match self
            .database
            .begin_once::<OrderDetail>(scope, "order.refund", self.now())
            .await?
        {
            Once::Replayed(detail) => return Ok(detail),
            Once::Fresh(tx) => tx,
        };
        let mut order = orders::lock(&tx, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        check_undisputed(&order, command.despite_dispute)?;
        let before = order.snapshot();
        let mut batch = Batch::new();
        if command.tell_customer {
            self.tell_customer(&tx, id, &command.reason).await?;
        }
        self.promise(&tx, &mut batch, &mut order, command, &[])
            .await?;
        batch.add(orders::update(&order));
        batch.run(&tx).await?;
        self.audit_order(&tx, "order.refund", &before, &order)
            .await?;
        let answer = detail(&tx, order).await?;
        Ok(tx.commit_with(answer).await?)
    }

    /// Tells the gateway to give money back; called by its job. The refund's
    /// id is the idempotency key there.
    pub async fn execute_refund(&self, scope: &Scope, id: RefundId) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let Some(refund) = refunds::find(&db, id).await? else {
            return Ok(());
        };
        let Some(payment) = payments::find(&db, refund.payment).await? else {
            return Ok(());
        };
        drop(db);
        if refund.status != RefundStatus::Pending {
            return Ok(());
        }
        let report = if payment.is_from_wallet() {
            self.refund_to_wallet(scope, &refund).await?
        } else {
            self.refund_at_gateway(scope, &refund, &payment).await?
        };
        retrying("refund.settle", || {
            self.settle_refunds(
                scope,
                payment.order,
                std::slice::from_ref(&report),
                &payment,
                None,
            )
        })
        .await
    }

    async fn refund_at_gateway(
        &self,
        scope: &Scope,
        refund: &Refund,
        payment: &Payment,
    ) -> Result<RefundReport, OrdersError> {
        let request = RefundRequest {
            refund: refund.id,
            payment: payment.id,
            session: payment.session.clone().unwrap_or_default(),
            intent: payment.intent.clone(),
            external: refund.external.clone(),
            amount: refund.amount,
        };
        let gateway = self.gateways.of(&payment.gateway)?;
        match gateway.refund(scope, &request).await {
            Err(GatewayError::Refused(why)) => Ok(request.refused(why)),
            answer => Ok(answer?),
        }
    }

    /// Takes over what the gateway says went back of some money, whoever
    /// asked for it.
    pub(crate) async fn sync_refunds(
        &self,
        scope: &Scope,
        payment: &Payment,
        intent: &str,
        webhook: Option<WebhookEventId>,
    ) -> Result<(), OrdersError> {
        let gateway = self.gateways.of(&payment.gateway)?;
        let reports = gateway.refunds(scope, intent).await?;
        retrying("refund.settle", || {
            self.settle_refunds(scope, payment.order, &reports, payment, webhook)
        })
        .await
    }

    /// Takes over what the gateway took back of an attempt that was paid, and
    /// of which it says by now that its money will not come.
    pub(crate) async fn follow_taken_back(
        &self,
        scope: &Scope,
        gateway: &dyn PaymentGateway,
        payment: &Payment,
        session: &str,
        webhook: WebhookEventId,
    ) -> Result<(), OrdersError> {
        let report = gateway.taken_back(scope, session).await?;
        let (reports, webhook) = (report.as_slice(), Some(webhook));
        retrying("refund.settle", || {
            self.settle_refunds(scope, payment.order, reports, payment, webhook)
        })
        .await
    }

    async fn settle_refunds(
        &self,
        scope: &Scope,
        order: OrderId,
        reports: &[RefundReport],
        payment: &Payment,
        webhook: Option<WebhookEventId>,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "refund.settle").await?;
        let mut order = orders::lock(&tx, order)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let known = refunds::of(&tx, order.id).await?;
        let mut payment = payments::find(&tx, payment.id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let mut batch = Batch::new();
        let mut parts = None;
        for report in reports {
            let is_it = |refund: &&Refund| report.is_of(refund.id, refund.external.as_deref());
            let ours = known.iter().find(is_it);
            if let Some(refund) = ours {
                self.settle_refund(&tx, &mut batch, &mut order, &mut payment, refund, report)?;
                continue;
            }
            let parts = match &mut parts {
                Some(parts) => parts,
                None => parts.insert(self.parts(&tx, &order).await?),
            };
            let money = (&mut order, &mut payment);
            self.adopt_refund(&tx, &mut batch, money, parts, report)?;
        }
        payment.updated_at = now;
        batch.add(payments::update(&payment));
        batch.add(orders::update(&order));
        if let Some(webhook) = webhook {
            batch.add(inbox::conclude(webhook, WebhookState::Processed, None, now));
        }
        batch.run(&tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A refund of ours, and what the gateway says of it.
    fn settle_refund(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        payment: &mut Payment,
        refund: &Refund,
        report: &RefundReport,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        let mut refund = refund.clone();
        if !report.id.is_empty() {
            refund.external = Some(report.id.clone());
        }
        refund.checked_at = now;
        let actor = tx.scope().actor();
        let next = RefundStatus::from(&report.state);
        match &report.state {
            _ if !refund.status.may_become(next) => {}
            RefundState::Pending => {}
            RefundState::Succeeded => {
                refund.status = RefundStatus::Succeeded;
                refund.updated_at = now;
                let note = Some(refund.amount.to_string());
                batch.add(history::note(order.id, "refunded", note, actor, now));
                let event = RefundSucceeded {
                    order: order.id,
                    refund: refund.id,
                };
                self.queue.publish_with(tx, batch, &event)?;
            }
            RefundState::Failed(why) => {
                refund.status = RefundStatus::Failed;
                refund.failure = Some(why.clone());
                refund.updated_at = now;
                order.withdraw_refund(refund.amount, now)?;
                let cause = Cause::Refund(refund.id);
                batch.add(refund_shares::take_back(order.id, cause, now));
                payment.refunded = payment.refunded.minus(refund.amount)?;
                order.flag("refund_failed", now);
                let note = Some(why.clone());
                batch.add(history::note(order.id, "refund_failed", note, actor, now));
            }
        }
        batch.add(refunds::update(&refund));
        Ok(())
    }

    /// A refund that somebody made at the gateway, or what a bank took.
    fn adopt_refund(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        (order, payment): (&mut Order, &mut Payment),
        parts: &mut [Part],
        report: &RefundReport,
    ) -> Result<(), OrdersError> {
        let status = RefundStatus::from(&report.state);
        if status == RefundStatus::Failed {
            return Ok(());
        }
        let now = self.now();
        let mut amount = report.amount;
        if report.is_total {
            // Of a total, what is known already is no news.
            amount = amount.minus(payment.refunded).unwrap_or(amount);
            if amount.minor < 1 {
                return Ok(());
            }
        }
        if order.promise_refund(amount, now).is_err() {
            order.flag("refunded_more_than_captured", now);
            return Ok(());
        }
        let mut reason = "made at the gateway";
        if report.charged_back {
            order.flag("charged_back", now);
            reason = "charged back";
        }
        payment.refunded = payment.refunded.plus(amount)?;
        let refund = Refund {
            id: RefundId::new(now),
            order: order.id,
            payment: payment.id,
            status,
            amount,
            reason: reason.to_owned(),
            restock: Vec::new(),
            external: Some(report.id.clone()),
            failure: None,
            checked_at: now,
            created_at: now,
            updated_at: now,
        };
        batch.add(refunds::insert(&refund));
        let part = (Cause::Refund(refund.id), refund.amount);
        self.share(batch, order, parts, part, &[]);
        let note = Some(format!("{amount} at the gateway"));
        let actor = tx.scope().actor();
        if status == RefundStatus::Pending {
            batch.add(history::note(order.id, REFUND_PROMISED, note, actor, now));
            return Ok(());
        }
        batch.add(history::note(order.id, "refunded", note, actor, now));
        let event = RefundSucceeded {
            order: order.id,
            refund: refund.id,
        };
        self.queue.publish_with(tx, batch, &event)?;
        Ok(())
    }
}
