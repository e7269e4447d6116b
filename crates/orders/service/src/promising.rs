//! Promising that money goes back: of which order and of which payment.

use database::{Batch, Transaction};
use kernel::{Money, RefundId};
use orders_model::events::RefundPromised;
use orders_model::order::{Order, REFUND_PROMISED};
use orders_model::payment::Payment;
use orders_model::refund::{Refund, RefundStatus, Restock};
use orders_model::shares::{Cause, Goods, Part};
use orders_model::{AftercareError, OrdersError};
use orders_repository::{history, lines, orders, payments, refunds, shipments};

use crate::Orders;
use crate::disputes::check_undisputed;
use crate::refunds::RefundCommand;
use crate::shares::goods_of_restock;

/// Money of one order that goes back, and why.
struct Promise<'a> {
    amount: Money,
    reason: &'a str,
    restock: &'a [Restock],
}

/// The parts of an order whose money goes back, and the goods it is for.
struct Spread<'a> {
    parts: &'a mut [Part],
    goods: &'a [Goods],
}

impl Orders {
    /// Promises a refund in a transaction that holds the order's lock; the
    /// caller writes the order. `goods` are those it is for, beside those that
    /// go back into stock with it. What the order's own money does not cover
    /// goes back as money of the order whose goods it was exchanged for.
    pub(crate) async fn promise(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        command: &RefundCommand,
        goods: &[Goods],
    ) -> Result<(), OrdersError> {
        let left = order.refundable()?;
        let amount = command.amount.unwrap_or(left);
        check(order, amount, left)?;
        let own = Money::new(
            amount.minor.min(order.own_refundable()?.minor).max(0),
            amount.currency,
        );
        let credit = amount.minus(own)?;
        if !own.is_zero() {
            order.promise_refund(own, self.now())?;
        }
        if !credit.is_zero() {
            order.hand_back(credit, self.now())?;
        }
        let mut lines = lines::of(tx, order).await?;
        let mut parts = self.parts_with(tx, order, &lines).await?;
        let mut goods = goods.to_vec();
        if !command.restock.is_empty() {
            goods.extend(goods_of_restock(&lines, &command.restock)?);
            self.restock(tx, order, &mut lines, &command.restock)
                .await?;
            let sent = shipments::of(tx, order.id).await?;
            self.settle_goods(tx, batch, order, &lines, &sent)?;
        }
        let mut spread = Spread {
            parts: &mut parts,
            goods: &goods,
        };
        let promise = Promise {
            amount: own,
            reason: &command.reason,
            restock: &command.restock,
        };
        self.promise_own(tx, batch, order, &promise, Some(&mut spread))
            .await?;
        if !credit.is_zero() {
            let refund = self
                .promise_credit(tx, batch, order, credit, command)
                .await?;
            let part = (Cause::Refund(refund), credit);
            self.share(batch, order, spread.parts, part, spread.goods);
        }
        let note = Some(format!("{amount}: {}", command.reason));
        let actor = tx.scope().actor();
        let entry = history::note(order.id, REFUND_PROMISED, note, actor, self.now());
        batch.add(entry);
        Ok(())
    }

    /// Promises money that was promised of the order already, payment by
    /// payment. Without a spread the parts of the order gave it back before:
    /// it paid for something else. The last refund.
    async fn promise_own(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &Order,
        promise: &Promise<'_>,
        mut spread: Option<&mut Spread<'_>>,
    ) -> Result<Option<RefundId>, OrdersError> {
        let now = self.now();
        let mut last = None;
        let mut left = promise.amount;
        // Goods come back once, however many payments the money was in.
        let mut restock = promise.restock.to_vec();
        let mut all = payments::of(tx, order.id).await?;
        // What a gateway took goes back first, what the wallet paid last.
        all.sort_by_key(Payment::is_from_wallet);
        for mut payment in all {
            let share = take_share(&mut payment, &mut left)?;
            if share.is_zero() {
                continue;
            }
            let refund = Refund {
                id: RefundId::new(now),
                order: order.id,
                payment: payment.id,
                status: RefundStatus::Pending,
                amount: share,
                reason: promise.reason.to_owned(),
                restock: std::mem::take(&mut restock),
                external: None,
                failure: None,
                checked_at: now,
                created_at: now,
                updated_at: now,
            };
            payment.updated_at = now;
            batch.add(payments::update(&payment));
            batch.add(refunds::insert(&refund));
            if let Some(Spread { parts, goods }) = &mut spread {
                let part = (Cause::Refund(refund.id), share);
                self.share(batch, order, parts, part, goods);
            }
            let event = RefundPromised {
                order: order.id,
                refund: refund.id,
            };
            self.queue.publish_with(tx, batch, &event)?;
            last = Some(refund.id);
        }
        Ok(last)
    }

    /// Promises credit that an exchange gave back, as money of the order it
    /// came from, or of the one before that. Locks go from the exchange to the
    /// order before it. The last refund.
    async fn promise_credit(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        exchange: &Order,
        credit: Money,
        command: &RefundCommand,
    ) -> Result<RefundId, OrdersError> {
        let now = self.now();
        let reason = format!("{} (order {})", command.reason, exchange.number);
        let mut before = exchange.exchange_of;
        let mut left = credit;
        let mut last = None;
        while let Some(id) = before.filter(|_| !left.is_zero()) {
            let mut order = orders::lock(tx, id)
                .await?
                .ok_or(OrdersError::OrderNotFound)?;
            check_undisputed(&order, command.despite_dispute)?;
            order.withdraw_exchange(left, now)?;
            let own = Money::new(
                left.minor.min(order.own_refundable()?.minor).max(0),
                left.currency,
            );
            if !own.is_zero() {
                order.promise_refund(own, now)?;
                let promise = Promise {
                    amount: own,
                    reason: &reason,
                    restock: &[],
                };
                let refund = self.promise_own(tx, batch, &order, &promise, None).await?;
                last = refund.or(last);
                let note = Some(format!("{own}: {reason}"));
                let actor = tx.scope().actor();
                batch.add(history::note(order.id, REFUND_PROMISED, note, actor, now));
            }
            left = left.minus(own)?;
            if !left.is_zero() {
                order.hand_back(left, now)?;
            }
            batch.add(orders::update(&order));
            before = order.exchange_of;
        }
        match last {
            Some(refund) if left.is_zero() => Ok(refund),
            _ => Err(OrdersError::RefundTooLarge {
                left: credit.minus(left)?,
            }),
        }
    }
}

/// Refuses what is more than there is.
fn check(order: &Order, amount: Money, left: Money) -> Result<(), OrdersError> {
    if order.captured.minor < 1 && order.exchange_credit.minor < 1 {
        return Err(AftercareError::NothingPaid.into());
    }
    if amount.currency != order.currency {
        return Err(OrdersError::RefundCurrency(order.currency));
    }
    if amount.minor < 1 || amount.minor > left.minor {
        return Err(OrdersError::RefundTooLarge { left });
    }
    Ok(())
}

/// Takes as much of `left` from a payment as it has, and notes that on both.
fn take_share(payment: &mut Payment, left: &mut Money) -> Result<Money, OrdersError> {
    let available = payment.captured.minus(payment.refunded)?;
    let share = Money::new(available.minor.min(left.minor).max(0), left.currency);
    payment.refunded = payment.refunded.plus(share)?;
    *left = left.minus(share)?;
    Ok(share)
}
