//! Where orders, their money and their goods stand.

use crate::aftercare_errors::stuck;
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

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

impl OrderStatus {
    /// What is said when an order that stands there is to become something
    /// that it cannot.
    pub(crate) fn refuses(self, wanted: Self) -> String {
        if (self, wanted) == (Self::Shipped, Self::Shipped) {
            return "all of this order was sent already; nothing is left to ship".to_owned();
        }
        stuck("order", self.into(), wanted.into())
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
    /// A part was handed over.
    Partial,
    /// Handed over.
    Fulfilled,
    /// With the buyer.
    Delivered,
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::IntoEnumIterator as _;

    #[test]
    fn nothing_leaves_its_last_state() {
        for next in OrderStatus::iter() {
            assert!(!OrderStatus::Canceled.may_become(next));
            assert!(!OrderStatus::Shipped.may_become(next));
            assert!(!next.may_become(next));
        }
        assert!(!OrderStatus::Pending.may_become(OrderStatus::Shipped));
    }
}
