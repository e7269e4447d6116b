//! The money of an order and of its exchanges.
//!
//! What pays an exchange stays where it came in: the credit of the second
//! order is money of the first one, which it cannot give back any more. When
//! goods of the second order come back, the credit goes back the same way: it
//! is given back to the first order, which pays it back, or pays yet another
//! exchange.

use kernel::{Money, MoneyError, Timestamp};

use super::{Order, PaymentState};
use crate::errors::OrdersError;

impl Order {
    /// What can still be given back of the money that came for this order.
    pub fn own_refundable(&self) -> Result<Money, MoneyError> {
        self.captured.minus(self.refunded)?.minus(self.exchanged)
    }

    /// What can still be given back of the credit that pays this order, as
    /// money of the order it came from. Before anything was sent there is
    /// nothing: an exchange is canceled then, which gives all of it back.
    pub fn credit_left(&self) -> Result<Money, MoneyError> {
        if self.shipped_at.is_none() {
            return Ok(Money::zero(self.currency));
        }
        self.exchange_credit.minus(self.credit_back)
    }

    /// What can still be given back in all.
    pub fn refundable(&self) -> Result<Money, OrdersError> {
        Ok(self.own_refundable()?.plus(self.credit_left()?)?)
    }

    /// Uses money of this order for another one, for which goods come back:
    /// its own first, then that of the credit that pays it.
    pub fn exchange(&mut self, credit: Money, now: Timestamp) -> Result<(), OrdersError> {
        let left = self.refundable()?;
        if credit.minor < 0 || credit.minor > left.minor {
            return Err(OrdersError::RefundTooLarge { left });
        }
        let own = lesser(credit, self.own_refundable()?);
        self.exchanged = self.exchanged.plus(own)?;
        self.credit_back = self.credit_back.plus(credit.minus(own)?)?;
        self.touch(now);
        Ok(())
    }

    /// Takes such money back, because the other order is canceled, or what was
    /// bought with it came back.
    pub fn withdraw_exchange(&mut self, credit: Money, now: Timestamp) -> Result<(), OrdersError> {
        let own = lesser(credit, self.exchanged);
        self.exchanged = self.exchanged.minus(own)?;
        self.credit_back = self.credit_back.minus(credit.minus(own)?)?;
        self.touch(now);
        Ok(())
    }

    /// Gives credit that pays this order back to the order it came from, for
    /// the buyer.
    pub fn hand_back(&mut self, amount: Money, now: Timestamp) -> Result<(), OrdersError> {
        let left = self.credit_left()?;
        if amount.minor < 1 || amount.minor > left.minor {
            return Err(OrdersError::RefundTooLarge {
                left: self.refundable()?,
            });
        }
        self.credit_back = self.credit_back.plus(amount)?;
        self.payment_status = if self.refundable()?.is_zero() {
            PaymentState::Refunded
        } else {
            PaymentState::PartiallyRefunded
        };
        self.touch(now);
        Ok(())
    }
}

/// The smaller of two amounts, and nothing when one is negative.
pub fn lesser(one: Money, other: Money) -> Money {
    Money::new(one.minor.min(other.minor).max(0), one.currency)
}
