//! What becomes of a return that somebody decides on, and of its goods.

use catalog_model::stock::Demand;
use database::{Batch, Transaction};
use kernel::Money;
use orders_model::events::{ReturnApproved, ReturnReceived, ReturnRejected};
use orders_model::order::{LineMove, Order, OrderLine, lesser};
use orders_model::returns::{Return, ReturnKind, ReturnStatus};
use orders_model::shipment::LineQuantity;
use orders_model::{AftercareError, OrdersError};
use orders_repository::{orders, returns};

use crate::Orders;
use crate::disputes::check_undisputed;
use crate::fulfilment::move_pieces;
use crate::refunds::RefundCommand;
use crate::returns::ReturnStep;
use crate::shares::goods_of_return;

/// A return and what it changes.
pub(crate) struct Parts<'a> {
    pub(crate) order: &'a mut Order,
    pub(crate) lines: &'a mut [OrderLine],
    pub(crate) found: &'a mut Return,
}

impl Orders {
    /// Lets a return go on, under the order's lock; what stands in the history
    /// of that.
    pub(crate) async fn take_step(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        parts: &mut Parts<'_>,
        step: ReturnStep,
    ) -> Result<&'static str, OrdersError> {
        let now = self.now();
        let kind = match step {
            ReturnStep::Approve => {
                parts.found.become_status(ReturnStatus::Approved, now)?;
                let event = ReturnApproved {
                    order: parts.order.id,
                    id: parts.found.id,
                };
                self.queue.publish_with(tx, batch, &event)?;
                "return_approved"
            }
            ReturnStep::Reject(why) => {
                parts.found.become_status(ReturnStatus::Rejected, now)?;
                parts.found.decision = Some(why);
                hold(tx, parts.lines, parts.found, -1).await?;
                let event = ReturnRejected {
                    order: parts.order.id,
                    id: parts.found.id,
                };
                self.queue.publish_with(tx, batch, &event)?;
                "return_rejected"
            }
            ReturnStep::Cancel(why) => {
                if parts.found.kind == ReturnKind::Exchange {
                    return Err(AftercareError::ExchangeUnderWay.into());
                }
                parts.found.become_status(ReturnStatus::Canceled, now)?;
                parts.found.decision = why;
                hold(tx, parts.lines, parts.found, -1).await?;
                "return_canceled"
            }
            ReturnStep::Receive(came) => {
                parts.found.receive(came.as_deref(), now)?;
                self.take_back(tx, batch, parts).await?;
                "return_received"
            }
            ReturnStep::Refund {
                amount,
                despite_dispute,
            } => {
                parts.found.become_status(ReturnStatus::Refunded, now)?;
                check_undisputed(parts.order, despite_dispute)?;
                let known = returns::of_order(tx, parts.order).await?;
                let worth = parts.found.settle(parts.lines, &known)?;
                let amount = match amount {
                    Some(amount) => amount,
                    None => default_amount(worth, parts.order)?,
                };
                self.pay_back(tx, batch, parts.order, parts.found, amount)
                    .await?;
                "return_refunded"
            }
        };
        Ok(kind)
    }

    /// The goods of a return are here: they go back into stock or are thrown
    /// away, and what an exchange leaves over goes back.
    async fn take_back(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        parts: &mut Parts<'_>,
    ) -> Result<(), OrdersError> {
        let Parts {
            order,
            lines: of_order,
            found,
        } = parts;
        let mut counted = Vec::new();
        for line in &found.lines {
            let by = LineMove {
                restocked: line.restocked,
                scrapped: line.scrapped,
                returned: line.restocked + line.scrapped,
                returning: -line.quantity,
                ..LineMove::default()
            };
            let entry = LineQuantity {
                line: line.line,
                quantity: line.quantity,
            };
            move_pieces(tx, of_order, entry, by).await?;
            let sold = of_order.iter().find(|sold| sold.id == line.line);
            counted.extend(sold.into_iter().flat_map(|sold| sold.goods(line.restocked)));
        }
        if !counted.is_empty() {
            let back = Demand::of(counted)?;
            let nothing = Demand::default();
            self.catalog
                .restock_in_tx(tx, order.id, &back, &nothing)
                .await?;
        }
        let event = ReturnReceived {
            order: order.id,
            id: found.id,
        };
        self.queue.publish_with(tx, batch, &event)?;
        if found.kind == ReturnKind::Refund {
            return Ok(());
        }
        // While the order is locked its exchange is not canceled, and so keeps
        // the credit it has.
        let exchange = match found.exchange_order {
            Some(id) => orders::find(tx, id).await?,
            None => None,
        };
        let nothing = Money::zero(order.currency);
        let credit = exchange.map_or(nothing, |exchange| exchange.exchange_credit);
        let known = returns::of_order(tx, order).await?;
        let due = found.settle_exchange(of_order, &known, credit)?;
        let due = lesser(due, order.refundable()?);
        found.refund_due = due;
        if due.minor > 0 {
            self.pay_back(tx, batch, order, found, due).await?;
        }
        Ok(())
    }

    async fn pay_back(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
        found: &mut Return,
        amount: Money,
    ) -> Result<(), OrdersError> {
        let command = RefundCommand {
            amount: Some(amount),
            reason: format!("return {}", found.id),
            tell_customer: false,
            restock: Vec::new(),
            despite_dispute: true,
        };
        let goods = goods_of_return(found);
        self.promise(tx, batch, order, &command, &goods).await?;
        found.refunded = found.refunded.plus(amount)?;
        Ok(())
    }
}

/// What goes back for a return when nobody says how much: what was paid for
/// the goods, as far as there is money left.
fn default_amount(worth: Money, order: &Order) -> Result<Money, OrdersError> {
    let left = order.refundable()?;
    if worth.minor < 1 || left.minor < 1 {
        return Err(OrdersError::RefundTooLarge { left });
    }
    Ok(Money::new(worth.minor.min(left.minor), left.currency))
}

/// Holds the pieces of a return, so that no other one takes them, or frees
/// them again.
pub(crate) async fn hold(
    tx: &Transaction,
    of_order: &mut [OrderLine],
    held: &Return,
    sign: i64,
) -> Result<(), OrdersError> {
    for line in &held.lines {
        let entry = LineQuantity {
            line: line.line,
            quantity: line.quantity,
        };
        let by = LineMove {
            returning: sign * line.quantity,
            ..LineMove::default()
        };
        move_pieces(tx, of_order, entry, by).await?;
    }
    Ok(())
}
