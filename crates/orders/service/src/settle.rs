//! What a gateway says of an attempt takes effect here, and only here.
//!
//! It may be said twice, late and out of order, by a webhook, by the sweep and
//! by a buyer who cancels, all at once: the order is locked, the attempt is
//! compared with what is known, and only legal transitions happen.

use catalog_model::CatalogError;
use database::{Batch, Transaction, retrying};
use kernel::{Money, PaymentId, RefundId, Scope, WebhookEventId};
use orders_model::OrdersError;
use orders_model::events::{OrderPaid, PaymentFailed, RefundPromised};
use orders_model::order::{Order, OrderStatus, PaymentState, demand};
use orders_model::payment::{Payment, PaymentStatus};
use orders_model::ports::{SessionReport, SessionState};
use orders_model::refund::{Refund, RefundStatus};
use orders_repository::{history, lines, orders, payments, refund_shares, refunds};
use queue::inbox::{self, WebhookState};

use crate::Orders;
use crate::payments::note_waiting;
use crate::wallet_payments::is_gone;

/// How it became known what a gateway says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Said {
    /// It told us, by this event.
    Webhook(WebhookEventId),
    /// It was asked.
    Asked,
    /// It was told to close a page before its time. The buyer has not gone:
    /// stock stays reserved for what comes next.
    Closed,
}

/// Whether the goods of a payment may be taken from stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stock {
    /// They may be there.
    Try,
    /// They were tried for, and are gone.
    Gone,
    /// They are there, but credit that was promised with the money is not.
    Unpaid,
}

/// What remains when an attempt came to nothing.
struct Rest {
    /// Another attempt is open.
    others_under_way: bool,
    /// Another attempt is to be expected.
    buyer_stays: bool,
}

impl Orders {
    /// Applies what a gateway says of an attempt. The webhook that said so is
    /// concluded in the same transaction, unless the gateway says of a paid
    /// attempt that its money will not come: that is answered with `true`.
    pub(crate) async fn settle(
        &self,
        scope: &Scope,
        payment: PaymentId,
        report: &SessionReport,
        said: Said,
    ) -> Result<bool, OrdersError> {
        let tried = retrying("payment.settle", || {
            self.settle_once(scope, payment, report, said, Stock::Try)
        })
        .await;
        match tried {
            // Paid after the reservation ran out, and somebody else has the
            // goods by now.
            Err(OrdersError::Catalog(CatalogError::OutOfStock(_))) => {
                retrying("payment.settle", || {
                    self.settle_once(scope, payment, report, said, Stock::Gone)
                })
                .await
            }
            Err(error) if is_gone(&error) => {
                retrying("payment.settle", || {
                    self.settle_once(scope, payment, report, said, Stock::Unpaid)
                })
                .await
            }
            result => result,
        }
    }

    async fn settle_once(
        &self,
        scope: &Scope,
        payment: PaymentId,
        report: &SessionReport,
        said: Said,
        stock: Stock,
    ) -> Result<bool, OrdersError> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "payment.settle").await?;
        let mut order = orders::lock_of_payment(&tx, payment)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        // Read now that nobody else changes them.
        let mut attempts = payments::of(&tx, order.id).await?;
        let at = attempts
            .iter()
            .position(|attempt| attempt.id == payment)
            .ok_or(OrdersError::OrderNotFound)?;
        let mut attempt = attempts.swap_remove(at);
        let mut batch = Batch::new();
        attempt.learn(report);
        let next = report.state.status();
        let legal = attempt.status.may_become(next);
        if legal {
            attempt.status = next;
            attempt.updated_at = now;
            self.take_effect(
                &tx,
                &mut batch,
                &mut order,
                &mut attempt,
                &attempts,
                report,
                said,
                stock,
            )
            .await?;
            batch.add(orders::update(&order));
        }
        attempt.checked_at = now;
        batch.add(payments::update(&attempt));
        let contradicts = attempt.status.contradicts(report.state);
        if let Said::Webhook(webhook) = said
            && !contradicts
        {
            let state = if legal {
                WebhookState::Processed
            } else {
                WebhookState::Ignored
            };
            let note = (!legal)
                .then(|| format!("the attempt is {} already", <&str>::from(attempt.status)));
            batch.add(inbox::conclude(webhook, state, note, now));
        }
        batch.run(&tx).await?;
        tx.commit().await?;
        Ok(contradicts)
    }

    #[expect(clippy::too_many_arguments, reason = "each is a fact of its own")]
    async fn take_effect(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        attempt: &mut Payment,
        others: &[Payment],
        report: &SessionReport,
        said: Said,
        stock: Stock,
    ) -> Result<(), OrdersError> {
        match report.state {
            SessionState::Paid { amount, tax } => {
                self.succeed(tx, batch, order, attempt, amount, tax, stock)
                    .await
            }
            SessionState::Processing => {
                if order.status == OrderStatus::Pending {
                    // The bank takes days; the goods wait for it.
                    order.payment_status = PaymentState::Processing;
                    order.reserved_until = None;
                }
                self.noted(tx, batch, order, "payment_processing", attempt)
            }
            SessionState::Failed | SessionState::Expired | SessionState::Lost => {
                if report.state == SessionState::Lost {
                    order.flag("payment_lost", self.now());
                }
                let others_under_way = others.iter().any(|other| !other.status.is_final());
                let rest = Rest {
                    others_under_way,
                    buyer_stays: attempt.status == PaymentStatus::Failed
                        || matches!(said, Said::Closed),
                };
                self.fail(tx, batch, order, attempt, rest).await
            }
            SessionState::Open => Ok(()),
        }
    }

    /// The money came.
    #[expect(clippy::too_many_arguments, reason = "each is a fact of its own")]
    async fn succeed(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        attempt: &mut Payment,
        amount: Money,
        tax: Money,
        stock: Stock,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        if amount.currency != order.currency {
            // It cannot be added to anything; a person has to look at it.
            attempt.status = PaymentStatus::Failed;
            attempt.failure = Some(format!("paid {amount} instead of {}", attempt.amount));
            order.flag("paid_in_other_currency", now);
            return self.noted(tx, batch, order, "payment_mismatch", attempt);
        }
        attempt.captured = amount;
        attempt.tax = tax;
        attempt.failure = None;
        order.capture(amount, tax, now)?;
        // Taxes come on top of the price or are inside it, as the gateway is
        // set up.
        if amount != attempt.amount && amount.minus(tax)? != attempt.amount {
            order.flag("amount_mismatch", now);
            return self.noted(tx, batch, order, "payment_mismatch", attempt);
        }
        match order.status {
            OrderStatus::Pending if attempt.amount != order.to_pay()? => {
                self.give_back(tx, batch, order, attempt, "paid_before_edit")
            }
            OrderStatus::Pending if stock == Stock::Try => {
                let needs_shipping = order.shipping_method.is_some();
                self.hand_over(tx, order).await?;
                self.spend_held(tx, batch, order).await?;
                self.mark_paid(tx, batch, order, Some(attempt.id), needs_shipping)
            }
            OrderStatus::Pending if stock == Stock::Unpaid => {
                order.flag("wallet_credit_gone", now);
                self.noted(tx, batch, order, "payment_mismatch", attempt)
            }
            OrderStatus::Pending => {
                order.cancel("out of stock when the payment came".to_owned(), now)?;
                self.release_credit(tx, batch, order).await?;
                // Whatever is still reserved of other lines goes back.
                self.catalog.release_in_tx(tx, order.id).await?;
                self.release_promotions(tx, order).await?;
                self.release_held(tx, order).await?;
                self.give_back(tx, batch, order, attempt, "paid_after_expiry")
            }
            OrderStatus::Canceled => {
                self.give_back(tx, batch, order, attempt, "paid_after_cancellation")
            }
            OrderStatus::Paid | OrderStatus::Shipped => {
                self.give_back(tx, batch, order, attempt, "paid_twice")
            }
        }
    }

    /// Takes the goods of an order out of stock: those reserved for it, or,
    /// when the reservation ran out, others if there are any.
    async fn hand_over(&self, tx: &Transaction, order: &Order) -> Result<(), OrdersError> {
        let sold = self.catalog.sell_in_tx(tx, order.id).await?;
        if sold.any {
            if !sold.owed.is_empty() {
                note_waiting(tx, &lines::of(tx, order).await?, &sold.owed).await?;
            }
            return Ok(());
        }
        let known = lines::of(tx, order).await?;
        let wanted = demand(&known)?;
        if wanted.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        self.catalog
            .reserve_in_tx(tx, &mut batch, order.id, &wanted, self.now())
            .await?;
        batch.run(tx).await?;
        let sold = self.catalog.sell_in_tx(tx, order.id).await?;
        note_waiting(tx, &known, &sold.owed).await
    }

    /// The order is paid, and everybody hears of it.
    pub(crate) fn mark_paid(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        payment: Option<PaymentId>,
        needs_shipping: bool,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        order.pay(needs_shipping, now)?;
        let note = payment.map(|payment| payment.to_string());
        batch.add(history::note(
            order.id,
            "paid",
            note,
            tx.scope().actor(),
            now,
        ));
        let event = OrderPaid {
            order: order.id,
            payment,
        };
        self.queue.publish_with(tx, batch, &event)?;
        Ok(())
    }

    /// Money that came for nothing goes back, and somebody should know.
    fn give_back(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        attempt: &mut Payment,
        why: &str,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        order.flag(why, now);
        order.promise_refund(attempt.captured, now)?;
        attempt.refunded = attempt.captured;
        let refund = Refund {
            id: RefundId::new(now),
            order: order.id,
            payment: attempt.id,
            status: RefundStatus::Pending,
            amount: attempt.captured,
            reason: why.to_owned(),
            restock: Vec::new(),
            external: None,
            failure: None,
            checked_at: now,
            created_at: now,
            updated_at: now,
        };
        batch.add(refunds::insert(&refund));
        // Nothing was sold for it.
        let (id, amount) = (refund.id, refund.amount.minor);
        batch.add(refund_shares::insert_of_shop(order.id, id, amount, now));
        let event = RefundPromised {
            order: order.id,
            refund: refund.id,
        };
        self.queue.publish_with(tx, batch, &event)?;
        self.noted(tx, batch, order, why, attempt)
    }

    /// The money will not come. The goods are free again when no other
    /// attempt is under way and the buyer is not to try again at once; those of
    /// an exchange when its time is over.
    async fn fail(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        attempt: &Payment,
        rest: Rest,
    ) -> Result<(), OrdersError> {
        let now = self.now();
        if order.status == OrderStatus::Pending && !rest.others_under_way {
            order.payment_status = PaymentState::Unpaid;
            let waits = rest.buyer_stays || order.exchange_of.is_some();
            let keep = waits && order.reserved_until.is_some_and(|until| until > now);
            if !keep {
                self.catalog.release_in_tx(tx, order.id).await?;
                order.reserved_until = None;
            }
        }
        order.changed(now);
        let event = PaymentFailed {
            order: order.id,
            payment: attempt.id,
        };
        self.queue.publish_with(tx, batch, &event)?;
        let kind = match attempt.status {
            PaymentStatus::Expired => "payment_expired",
            _ => "payment_failed",
        };
        self.noted(tx, batch, order, kind, attempt)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the end of fallible steps")]
    fn noted(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &Order,
        kind: &str,
        attempt: &Payment,
    ) -> Result<(), OrdersError> {
        let failure = attempt.failure.as_ref();
        let note = failure.map(|failure| format!("{}: {failure}", attempt.id));
        let note = note.unwrap_or_else(|| attempt.id.to_string());
        let actor = tx.scope().actor();
        batch.add(history::note(order.id, kind, Some(note), actor, self.now()));
        Ok(())
    }
}
