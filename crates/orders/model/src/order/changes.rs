//! What can become of an order.

use kernel::{Money, Timestamp};

use super::{FulfilmentState, Order, OrderStatus, PaymentState};
use crate::aftercare_errors::AftercareError;
use crate::errors::OrdersError;
use crate::shipment::Tracking;

impl Order {
    fn become_status(&mut self, next: OrderStatus, now: Timestamp) -> Result<(), OrdersError> {
        if !self.status.may_become(next) {
            return Err(OrdersError::WrongState {
                is: self.status,
                wanted: next,
            });
        }
        self.status = next;
        self.touch(now);
        Ok(())
    }

    pub(super) fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }

    /// The money came and the goods are the buyer's. What needs no shipping is
    /// handed over by this.
    pub fn pay(&mut self, needs_shipping: bool, now: Timestamp) -> Result<(), OrdersError> {
        self.become_status(OrderStatus::Paid, now)?;
        self.payment_status = PaymentState::Paid;
        self.paid_at = Some(now);
        self.reserved_until = None;
        if !needs_shipping {
            self.fulfilment_status = FulfilmentState::Fulfilled;
        }
        Ok(())
    }

    /// Refuses to pack anything of an order that is not paid, or is over.
    pub fn check_shippable(&self) -> Result<(), OrdersError> {
        if self.payment_status == PaymentState::Refunded {
            return Err(OrdersError::Refunded);
        }
        match self.status {
            OrderStatus::Paid => Ok(()),
            is => Err(OrdersError::WrongState {
                is,
                wanted: OrderStatus::Shipped,
            }),
        }
    }

    /// A part of the goods is on its way.
    pub fn handed_over(&mut self, tracking: &Tracking, now: Timestamp) {
        self.carrier.clone_from(&tracking.carrier);
        self.tracking_number.clone_from(&tracking.number);
        self.shipped_at = Some(now);
        self.touch(now);
    }

    /// Takes over where the goods stand. True when the last of them went out
    /// by this.
    pub fn settle_goods(
        &mut self,
        goods: FulfilmentState,
        now: Timestamp,
    ) -> Result<bool, OrdersError> {
        self.fulfilment_status = goods;
        self.touch(now);
        let all_out = matches!(
            goods,
            FulfilmentState::Fulfilled | FulfilmentState::Delivered
        );
        if all_out && self.status == OrderStatus::Paid && self.shipped_at.is_some() {
            self.become_status(OrderStatus::Shipped, now)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// It will not happen.
    pub fn cancel(&mut self, reason: String, now: Timestamp) -> Result<(), OrdersError> {
        self.become_status(OrderStatus::Canceled, now)?;
        self.cancel_reason = Some(reason);
        self.canceled_at = Some(now);
        self.reserved_until = None;
        Ok(())
    }

    /// Money came in, for whatever it is worth.
    pub fn capture(
        &mut self,
        amount: Money,
        tax: Money,
        now: Timestamp,
    ) -> Result<(), OrdersError> {
        self.captured = self.captured.plus(amount)?;
        self.tax = self.tax.plus(tax)?;
        self.touch(now);
        Ok(())
    }

    /// Promises to give an amount of its own money back; never more than came
    /// in.
    pub fn promise_refund(&mut self, amount: Money, now: Timestamp) -> Result<(), OrdersError> {
        if self.captured.minor < 1 {
            return Err(AftercareError::NothingPaid.into());
        }
        let left = self.own_refundable()?;
        if amount.currency != self.currency {
            return Err(OrdersError::RefundCurrency(self.currency));
        }
        if amount.minor > left.minor || left.minor < 1 {
            return Err(OrdersError::RefundTooLarge { left });
        }
        self.refunded = self.refunded.plus(amount)?;
        self.settle_payment_status();
        self.touch(now);
        Ok(())
    }

    /// Takes such a promise back, because the gateway refused.
    pub fn withdraw_refund(&mut self, amount: Money, now: Timestamp) -> Result<(), OrdersError> {
        self.refunded = self.refunded.minus(amount)?;
        self.settle_payment_status();
        self.touch(now);
        Ok(())
    }

    fn settle_payment_status(&mut self) {
        if self.captured.is_zero() {
            return;
        }
        self.payment_status = if self.refunded.is_zero() {
            PaymentState::Paid
        } else if self.refunded == self.captured && self.credit_back == self.exchange_credit {
            PaymentState::Refunded
        } else {
            PaymentState::PartiallyRefunded
        };
    }

    /// Notes why somebody should look at it, keeping what was noted before.
    pub fn flag(&mut self, reason: &str, now: Timestamp) {
        self.attention = Some(match self.attention.take() {
            Some(before) if before.split("; ").any(|noted| noted == reason) => before,
            Some(before) => format!("{before}; {reason}"),
            None => reason.to_owned(),
        });
        self.touch(now);
    }

    /// Notes that something about it changed.
    pub fn changed(&mut self, now: Timestamp) {
        self.touch(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::ReturnUrls;
    use kernel::{CartId, Currency, OrderId};
    use proptest::prelude::*;

    fn order(total: i64) -> Order {
        let now = Timestamp::from_seconds(0);
        let eur = |minor| Money::new(minor, Currency::EUR);
        Order {
            id: OrderId::new(now),
            number: 1001,
            cart: CartId::new(now),
            user: None,
            email: "ada@example.com".into(),
            currency: Currency::EUR,
            status: OrderStatus::Pending,
            payment_status: PaymentState::Unpaid,
            fulfilment_status: FulfilmentState::Unfulfilled,
            subtotal: eur(total),
            discount: eur(0),
            shipping: eur(0),
            shipping_discount: eur(0),
            fee: eur(0),
            total: eur(total),
            tax: eur(0),
            captured: eur(0),
            refunded: eur(0),
            shipping_address: None,
            billing_address: None,
            shipping_method: None,
            shipping_method_name: None,
            promotions: Vec::new(),
            return_urls: ReturnUrls {
                success: String::new(),
                cancel: String::new(),
            },
            reserved_until: None,
            attention: None,
            carrier: None,
            tracking_number: None,
            cancel_reason: None,
            placed_at: now,
            paid_at: None,
            shipped_at: None,
            canceled_at: None,
            version: 1,
            updated_at: now,
            dispute: None,
            exchange_of: None,
            exchange_credit: eur(0),
            exchanged: eur(0),
            credit_back: eur(0),
            wallet_credit: eur(0),
        }
    }

    proptest! {
        /// Whatever is asked for, never more goes back than came in.
        #[test]
        fn refunds_never_exceed_what_came_in(
            total in 1i64..1_000_000,
            amounts in prop::collection::vec((-10i64..2_000_000, any::<bool>()), 1..20),
        ) {
            let now = Timestamp::from_seconds(1);
            let eur = |minor| Money::new(minor, Currency::EUR);
            let mut order = order(total);
            order.capture(eur(total), eur(0), now).unwrap();
            order.pay(true, now).unwrap();
            for (amount, withdrawn) in amounts {
                if order.promise_refund(eur(amount), now).is_ok() && withdrawn {
                    order.withdraw_refund(eur(amount), now).unwrap();
                }
                prop_assert!(order.refunded.minor >= 0);
                prop_assert!(order.refunded.minor <= order.captured.minor);
                let expected = match order.refunded.minor {
                    0 => PaymentState::Paid,
                    all if all == total => PaymentState::Refunded,
                    _ => PaymentState::PartiallyRefunded,
                };
                prop_assert_eq!(order.payment_status, expected);
            }
        }
    }

    #[test]
    fn flags_add_up_without_repeating() {
        let now = Timestamp::from_seconds(1);
        let mut order = order(1);
        order.flag("a", now);
        order.flag("b", now);
        order.flag("a", now);
        assert_eq!(order.attention.as_deref(), Some("a; b"));
    }
}
