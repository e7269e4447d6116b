//! What of orders is counted.

use kernel::{CartId, Money, OrderId, OrderLineId, ProductId, RefundId, Timestamp};

/// A paid order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFigures {
    /// Which.
    pub order: OrderId,
    /// The cart it came from.
    pub cart: CartId,
    /// What the buyer was to pay, before taxes of the gateway.
    pub total: Money,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was paid.
    pub paid_at: Timestamp,
    /// What was sold.
    pub lines: Vec<LineFigures>,
}

/// A line of a paid order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFigures {
    /// Which.
    pub line: OrderLineId,
    /// Of which product.
    pub product: ProductId,
    /// What it was called.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// What was paid for all of them, after discounts.
    pub total: Money,
}

/// Money that went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundFigures {
    /// Which refund.
    pub refund: RefundId,
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Timestamp,
}
