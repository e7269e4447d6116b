//! Canceling orders.

use database::{Batch, Once, Transaction, retrying};
use kernel::{Audited as _, OrderId, Permission, Scope};
use orders_model::events::OrderCanceled;
use orders_model::order::{CANCELED, Order, OrderDetail, OrderStatus, PaymentState};
use orders_model::payment::Payment;
use orders_model::refund::Restock;
use orders_model::{AftercareError, OrdersError};
use orders_repository::{history, lines, orders, payments};

use crate::Orders;
use crate::access::OrderKey;
use crate::disputes::check_undisputed;
use crate::orders::detail;
use crate::refunds::RefundCommand;

/// Why an order is canceled.
#[derive(Debug, Clone, Copy)]
pub struct CancelReason<'a> {
    /// The reason. What the shop writes is for the shop.
    pub text: &'a str,
    /// Whether the buyer reads it all the same: it becomes a note for them.
    pub tell_customer: bool,
}

impl<'a> CancelReason<'a> {
    /// What the buyer gives as a reason, or the program.
    pub(crate) fn known(text: &'a str) -> Self {
        Self {
            text,
            tell_customer: false,
        }
    }
}

/// What came of trying to cancel.
enum Tried {
    /// It is canceled.
    Done(Box<OrderDetail>),
    /// An attempt to pay is open and has to be closed first.
    CloseFirst(Box<Payment>),
}

/// What becomes of money that came for an order that is pending all the same,
/// because it was not the right amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Captured {
    /// The order is not canceled then.
    Stays,
    /// It goes back.
    GoesBack,
}

impl Orders {
    /// Cancels a pending order of the caller. Its payment pages are closed
    /// first; if one was paid in the meantime, the order is not canceled.
    pub async fn cancel(
        &self,
        scope: &Scope,
        key: &OrderKey,
        reason: &str,
    ) -> Result<OrderDetail, OrdersError> {
        let db = self.database.read(scope).await?;
        let order = orders::find(&db, key.id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        drop(db);
        self.check_order_change(scope, &order, key.token.as_deref())?;
        self.cancel_pending(scope, key.id, CancelReason::known(reason), Captured::Stays)
            .await
    }

    /// Cancels an order of the tenant. A paid one is refunded, and what was
    /// not put back goes back into stock.
    pub async fn admin_cancel(
        &self,
        scope: &Scope,
        id: OrderId,
        reason: CancelReason<'_>,
    ) -> Result<OrderDetail, OrdersError> {
        scope.require(Permission::OrdersWrite)?;
        let db = self.database.read(scope).await?;
        let order = orders::find(&db, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        drop(db);
        if order.status == OrderStatus::Pending {
            let captured = if scope.may(Permission::OrdersRefund) {
                Captured::GoesBack
            } else {
                Captured::Stays
            };
            return self.cancel_pending(scope, id, reason, captured).await;
        }
        scope.require(Permission::OrdersRefund)?;
        retrying("order.cancel_paid", || self.cancel_paid(scope, id, reason)).await
    }

    pub(crate) async fn cancel_pending(
        &self,
        scope: &Scope,
        id: OrderId,
        reason: CancelReason<'_>,
        captured: Captured,
    ) -> Result<OrderDetail, OrdersError> {
        for _ in 0..5 {
            let tried = retrying("order.cancel", || {
                self.try_cancel(scope, id, reason, captured)
            })
            .await?;
            match tried {
                Tried::Done(detail) => return Ok(*detail),
                Tried::CloseFirst(payment) => self.close_attempt(scope, &payment).await?,
            }
        }
        Err(OrdersError::PaymentProcessing)
    }

    async fn try_cancel(
        &self,
        scope: &Scope,
        id: OrderId,
        reason: CancelReason<'_>,
        captured: Captured,
    ) -> Result<Tried, OrdersError> {
        let tx = match self
            .database
            .begin_once::<OrderDetail>(scope, "order.cancel", self.now())
            .await?
        {
            Once::Replayed(detail) => return Ok(Tried::Done(Box::new(detail))),
            Once::Fresh(tx) => tx,
        };
        let mut order = orders::lock(&tx, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let before = order.snapshot();
        match order.status {
            OrderStatus::Pending => {}
            OrderStatus::Paid | OrderStatus::Shipped => return Err(OrdersError::AlreadyPaid),
            OrderStatus::Canceled => {
                return Ok(Tried::Done(Box::new(detail(&tx, order).await?)));
            }
        }
        let came = !order.refundable()?.is_zero();
        if came && captured == Captured::Stays {
            return Err(OrdersError::AlreadyPaid);
        }
        if order.payment_status == PaymentState::Processing {
            return Err(OrdersError::PaymentProcessing);
        }
        let open = payments::of(&tx, id)
            .await?
            .into_iter()
            .find(|attempt| !attempt.status.is_final());
        if let Some(open) = open {
            return Ok(Tried::CloseFirst(Box::new(open)));
        }
        let mut batch = Batch::new();
        self.write_canceled(&tx, &mut batch, &mut order, reason)
            .await?;
        self.catalog.release_in_tx(&tx, id).await?;
        self.release_promotions(&tx, &order).await?;
        self.release_held(&tx, &order).await?;
        batch.run(&tx).await?;
        if came {
            let mut batch = Batch::new();
            let command = RefundCommand {
                amount: None,
                reason: reason.text.to_owned(),
                tell_customer: false,
                restock: Vec::new(),
                despite_dispute: true,
            };
            self.promise(&tx, &mut batch, &mut order, &command, &[])
                .await?;
            batch.add(orders::update(&order));
            batch.run(&tx).await?;
        }
        self.audit_staff(&tx, "order.cancel", &before, &order)
            .await?;
        let answer = detail(&tx, order).await?;
        Ok(Tried::Done(Box::new(tx.commit_with(answer).await?)))
    }

    async fn cancel_paid(
        &self,
        scope: &Scope,
        id: OrderId,
        reason: CancelReason<'_>,
    ) -> Result<OrderDetail, OrdersError> {
        let tx = match self
            .database
            .begin_once::<OrderDetail>(scope, "order.cancel_paid", self.now())
            .await?
        {
            Once::Replayed(detail) => return Ok(detail),
            Once::Fresh(tx) => tx,
        };
        let mut order = orders::lock(&tx, id)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let before = order.snapshot();
        let mut batch = Batch::new();
        // Refuses what is not paid any more: shipped, or canceled by somebody.
        self.write_canceled(&tx, &mut batch, &mut order, reason)
            .await?;
        check_undisputed(&order, false)?;
        let mut lines = lines::of(&tx, &order).await?;
        if lines.iter().any(|line| line.pieces.shipped > 0) {
            return Err(AftercareError::PartlyShipped.into());
        }
        batch.run(&tx).await?;
        let mut batch = Batch::new();
        let restock: Vec<Restock> = lines
            .iter()
            .filter(|line| line.quantity > line.restocked)
            .map(|line| Restock {
                line: line.id,
                quantity: line.quantity - line.restocked,
            })
            .collect();
        if order.refundable()?.is_zero() {
            // The money went back before, or there was none.
            self.restock(&tx, &order, &mut lines, &restock).await?;
        } else {
            let command = RefundCommand {
                amount: None,
                reason: reason.text.to_owned(),
                tell_customer: false,
                restock,
                despite_dispute: true,
            };
            self.promise(&tx, &mut batch, &mut order, &command, &[])
                .await?;
        }
        batch.add(orders::update(&order));
        batch.run(&tx).await?;
        self.release_promotions(&tx, &order).await?;
        self.audit_staff(&tx, "order.cancel", &before, &order)
            .await?;
        let answer = detail(&tx, order).await?;
        Ok(tx.commit_with(answer).await?)
    }

    async fn write_canceled(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        reason: CancelReason<'_>,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        order.cancel(reason.text.to_owned(), now)?;
        if reason.tell_customer {
            self.tell_customer(tx, order.id, reason.text).await?;
        }
        self.release_credit(tx, batch, order).await?;
        batch.add(orders::update(order));
        let actor = tx.scope().actor();
        let note = Some(reason.text.to_owned());
        batch.add(history::note(order.id, CANCELED, note, actor, now));
        let event = OrderCanceled { order: order.id };
        self.queue.publish_with(tx, batch, &event)?;
        Ok(())
    }
}
