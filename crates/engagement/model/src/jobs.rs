//! Background work of engagement.

use kernel::{CartId, Job, OrderId, RefundId};
use serde::{Deserialize, Serialize};

/// Marks carts that were left behind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FindAbandonedCarts {}

impl Job for FindAbandonedCarts {
    const KIND: &'static str = "engagement.find_abandoned_carts";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Reminds somebody of the cart they left behind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RemindOfCart {
    /// Which cart.
    pub cart: CartId,
}

impl Job for RemindOfCart {
    const KIND: &'static str = "engagement.remind_of_cart";
}

/// Tells another system of a cart that was left behind.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PostAbandonedCart {
    /// Which cart.
    pub cart: CartId,
}

impl Job for PostAbandonedCart {
    const KIND: &'static str = "engagement.post_abandoned_cart";
}

/// Counts a paid order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CountOrder {
    /// Which.
    pub order: OrderId,
}

impl Job for CountOrder {
    const KIND: &'static str = "engagement.count_order";
}

/// Counts money that went back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CountRefund {
    /// Which refund.
    pub refund: RefundId,
}

impl Job for CountRefund {
    const KIND: &'static str = "engagement.count_refund";
}

/// Counts the visitors of each day, and forgets them when it is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CountVisitors {}

impl Job for CountVisitors {
    const KIND: &'static str = "engagement.count_visitors";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Notes what the stock is worth.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CountStock {}

impl Job for CountStock {
    const KIND: &'static str = "engagement.count_stock";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Counts all orders and refunds anew.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RebuildInsight {}

impl Job for RebuildInsight {
    const KIND: &'static str = "engagement.rebuild_insight";
}
