//! Orders and their states.

use std::collections::BTreeMap;

use catalog_model::CatalogError;
use catalog_model::stock::Demand;
use kernel::{
    CartId, Currency, Money, OrderId, OrderLineId, ProductId, SellerId, StockItemId, Timestamp,
    UserId, VariantId,
};
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::address::Address;
use crate::errors::OrdersError;
use crate::payment::Payment;
use crate::refund::Refund;

/// Where an order stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr, EnumIter,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed, and waits to be paid.
    Pending,
    /// Paid, and waits to be shipped.
    Paid,
    /// On its way.
    Shipped,
    /// It will not happen.
    Canceled,
}

impl OrderStatus {
    /// Whether an order may go from one state to another.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Paid | Self::Canceled)
                | (Self::Paid, Self::Shipped | Self::Canceled)
        )
    }
}

/// Where the money of an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// None came.
    Unpaid,
    /// It is on its way, as with a bank debit.
    Processing,
    /// It came.
    Paid,
    /// A part went back.
    PartiallyRefunded,
    /// All went back.
    Refunded,
}

/// Where the goods of an order stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentState {
    /// Still here.
    Unfulfilled,
    /// Handed over.
    Fulfilled,
}

/// Where the buyer goes after the payment page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnUrls {
    /// When they paid.
    pub success: String,
    /// When they turned back.
    pub cancel: String,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Which.
    pub id: OrderId,
    /// Its number in the tenant, for people.
    pub number: i64,
    /// The cart it came from.
    pub cart: CartId,
    /// Whose; none for guests.
    pub user: Option<UserId>,
    /// Where mails about it go.
    pub email: String,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where its money stands.
    pub payment_status: PaymentState,
    /// Where its goods stand.
    pub fulfilment_status: FulfilmentState,
    /// All lines together.
    pub subtotal: Money,
    /// Shipping.
    pub shipping: Money,
    /// The platform's fee.
    pub fee: Money,
    /// What the buyer was to pay, before the gateway's taxes.
    pub total: Money,
    /// The taxes the gateway computed, on top of the total or inside it.
    pub tax: Money,
    /// What came in, taxes included.
    pub captured: Money,
    /// What went back, or is promised to go back.
    pub refunded: Money,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// Who is billed.
    pub billing_address: Option<Address>,
    /// The code of the shipping method.
    pub shipping_method: Option<String>,
    /// What the shipping method was called.
    pub shipping_method_name: Option<String>,
    /// Where the buyer goes after the payment page.
    pub return_urls: ReturnUrls,
    /// Until when stock is reserved; none when none is.
    pub reserved_until: Option<Timestamp>,
    /// Why somebody should look at it; none when all is well.
    pub attention: Option<String>,
    /// Who carries it.
    pub carrier: Option<String>,
    /// Where it can be followed.
    pub tracking_number: Option<String>,
    /// Why it was canceled.
    pub cancel_reason: Option<String>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
    /// When it was shipped.
    pub shipped_at: Option<Timestamp>,
    /// When it was canceled.
    pub canceled_at: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One line of an order: what was bought, as it was when it was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Which.
    pub id: OrderLineId,
    /// Its place.
    pub position: i64,
    /// Of which product.
    pub product: ProductId,
    /// Which variant.
    pub variant: VariantId,
    /// Where its stock is counted; none when there is none to count.
    pub stock_item: Option<StockItemId>,
    /// Who sold it.
    pub seller: Option<SellerId>,
    /// The stock keeping unit.
    pub sku: String,
    /// What it was called.
    pub name: String,
    /// Size and other options.
    pub options: BTreeMap<String, String>,
    /// What one cost.
    pub unit_price: Money,
    /// How many.
    pub quantity: i64,
    /// How many went back into stock.
    pub restocked: i64,
}

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// What, such as `paid`.
    pub kind: String,
    /// Anything more.
    pub note: Option<String>,
    /// Who did it.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// An order with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDetail {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// The attempts to pay it, oldest first.
    pub payments: Vec<Payment>,
    /// What went back, oldest first.
    pub refunds: Vec<Refund>,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// How many of each pile the lines want.
pub fn demand(lines: &[OrderLine]) -> Result<Demand, CatalogError> {
    Demand::of(
        lines
            .iter()
            .filter_map(|line| line.stock_item.map(|item| (item, line.quantity))),
    )
}

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

    fn touch(&mut self, now: Timestamp) {
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

    /// The goods are on their way.
    pub fn ship(
        &mut self,
        carrier: Option<String>,
        tracking_number: Option<String>,
        now: Timestamp,
    ) -> Result<(), OrdersError> {
        if self.fulfilment_status == FulfilmentState::Fulfilled && self.status == OrderStatus::Paid
        {
            return Err(OrdersError::NothingToShip);
        }
        self.become_status(OrderStatus::Shipped, now)?;
        self.fulfilment_status = FulfilmentState::Fulfilled;
        self.carrier = carrier;
        self.tracking_number = tracking_number;
        self.shipped_at = Some(now);
        Ok(())
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

    /// What can still be given back.
    pub fn refundable(&self) -> Result<Money, OrdersError> {
        Ok(self.captured.minus(self.refunded)?)
    }

    /// Promises to give an amount back; never more than came in.
    pub fn promise_refund(&mut self, amount: Money, now: Timestamp) -> Result<(), OrdersError> {
        let left = self.refundable()?;
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
        } else if self.refunded == self.captured {
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
    use proptest::prelude::*;
    use strum::IntoEnumIterator as _;

    pub(crate) fn order(total: i64) -> Order {
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
            shipping: eur(0),
            fee: eur(0),
            total: eur(total),
            tax: eur(0),
            captured: eur(0),
            refunded: eur(0),
            shipping_address: None,
            billing_address: None,
            shipping_method: None,
            shipping_method_name: None,
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
        }
    }

    #[test]
    fn nothing_leaves_its_last_state() {
        for next in OrderStatus::iter() {
            assert!(!OrderStatus::Canceled.may_become(next));
            assert!(!OrderStatus::Shipped.may_become(next));
            assert!(!next.may_become(next));
        }
        assert!(!OrderStatus::Pending.may_become(OrderStatus::Shipped));
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
