//! Carts: what somebody means to buy. Nothing in a cart is promised; what it
//! comes to now is a [priced cart](crate::priced_cart).

use kernel::{CartId, CartLineId, Currency, OrderId, Timestamp, UserId, VariantId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::address::Address;
use crate::errors::OrdersError;

/// Lines a cart may have.
pub const MAX_LINES: usize = 100;
/// Pieces a line may have.
pub const MAX_QUANTITY: i64 = 9_999;

/// Where a cart stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum CartStatus {
    /// It can be changed.
    Open,
    /// It became an order.
    Ordered,
    /// It went into another cart when its owner signed in.
    Merged,
}

/// A cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// Which.
    pub id: CartId,
    /// Whose; none for guests.
    pub user: Option<UserId>,
    /// The currency of its prices.
    pub currency: Currency,
    /// Where it stands.
    pub status: CartStatus,
    /// Where the confirmation goes.
    pub email: Option<String>,
    /// Where the goods go.
    pub shipping_address: Option<Address>,
    /// Who is billed, if not the same.
    pub billing_address: Option<Address>,
    /// The code of the chosen shipping method.
    pub shipping_method: Option<String>,
    /// The codes the buyer gave.
    pub coupons: Vec<CartCoupon>,
    /// What promotions took off its lines when it was last changed, in minor
    /// units.
    pub seen_discount: i64,
    /// The order it became.
    pub order: Option<OrderId>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What is in it, in the order in which it was put there.
    pub lines: Vec<CartLine>,
}

/// One line of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartLine {
    /// Which.
    pub id: CartLineId,
    /// What.
    pub variant: VariantId,
    /// How many.
    pub quantity: i64,
    /// What one cost when the cart was last changed, in minor units.
    pub seen_price: i64,
}

/// A code in a cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartCoupon {
    /// The code.
    pub code: String,
    /// Whether it applied when the cart was last changed.
    pub applied: bool,
}

/// A change of a cart's details; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct CartChange {
    /// Where the confirmation goes; `Some(None)` removes it.
    pub email: Option<Option<String>>,
    /// Where the goods go; `Some(None)` removes it.
    pub shipping_address: Option<Option<Address>>,
    /// Who is billed; `Some(None)` removes it.
    pub billing_address: Option<Option<Address>>,
    /// The code of the shipping method; `Some(None)` removes it.
    pub shipping_method: Option<Option<String>>,
}

impl Cart {
    /// The cart after a change.
    #[must_use]
    pub fn changed(mut self, change: CartChange) -> Self {
        if let Some(email) = change.email {
            // As accounts have theirs, so that orders are found by it.
            self.email = email.map(|email| kernel::email::normal(&email).unwrap_or(email));
        }
        self.shipping_address = change.shipping_address.unwrap_or(self.shipping_address);
        self.billing_address = change.billing_address.unwrap_or(self.billing_address);
        self.shipping_method = change.shipping_method.unwrap_or(self.shipping_method);
        self
    }

    /// Refuses a cart that cannot be changed any more.
    pub fn require_open(&self) -> Result<(), OrdersError> {
        match self.status {
            CartStatus::Open => Ok(()),
            CartStatus::Ordered => Err(OrdersError::CartOrdered),
            CartStatus::Merged => Err(OrdersError::CartMerged),
        }
    }
}

/// Refuses quantities that make no sense.
pub fn check_quantity(quantity: i64) -> Result<(), OrdersError> {
    if (1..=MAX_QUANTITY).contains(&quantity) {
        Ok(())
    } else {
        Err(OrdersError::QuantityOutOfRange)
    }
}
