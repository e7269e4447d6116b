//! Facts about orders.

use kernel::{CartId, DisputeId, Event, OrderId, PaymentId, RefundId, ReturnId, ShipmentId};
use serde::{Deserialize, Serialize};

/// An order was placed and waits to be paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderPlaced {
    /// Which.
    pub order: OrderId,
}

impl Event for OrderPlaced {
    const KIND: &'static str = "order.placed";
}

/// An order was changed before it was paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderEdited {
    /// Which.
    pub order: OrderId,
}

impl Event for OrderEdited {
    const KIND: &'static str = "order.edited";
}

/// An order was paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderPaid {
    /// Which.
    pub order: OrderId,
    /// By which payment; none for an order of nothing.
    pub payment: Option<PaymentId>,
}

impl Event for OrderPaid {
    const KIND: &'static str = "order.paid";
}

/// An order was shipped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderShipped {
    /// Which.
    pub order: OrderId,
}

impl Event for OrderShipped {
    const KIND: &'static str = "order.shipped";
}

/// An order was canceled.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrderCanceled {
    /// Which.
    pub order: OrderId,
}

impl Event for OrderCanceled {
    const KIND: &'static str = "order.canceled";
}

/// An attempt to pay failed or expired.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PaymentFailed {
    /// Of which order.
    pub order: OrderId,
    /// Which attempt.
    pub payment: PaymentId,
}

impl Event for PaymentFailed {
    const KIND: &'static str = "payment.failed";
}

/// Money was promised back; the gateway is still to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefundPromised {
    /// Of which order.
    pub order: OrderId,
    /// Which refund.
    pub refund: RefundId,
}

impl Event for RefundPromised {
    const KIND: &'static str = "refund.promised";
}

/// Money went back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefundSucceeded {
    /// Of which order.
    pub order: OrderId,
    /// Which refund.
    pub refund: RefundId,
}

impl Event for RefundSucceeded {
    const KIND: &'static str = "refund.succeeded";
}

/// The shipping methods of the tenant changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShippingMethodsChanged {}

impl ShippingMethodsChanged {
    /// The tag of what is remembered about shipping methods.
    pub const TAG: &'static str = "shipping_methods";
}

impl Event for ShippingMethodsChanged {
    const KIND: &'static str = "shipping_methods.changed";

    fn stale_tags(&self) -> Vec<String> {
        vec![Self::TAG.to_owned()]
    }
}

/// The promotions of the tenant changed, or one is used up or not any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PromotionsChanged {}

impl PromotionsChanged {
    /// The tag of what is remembered about promotions.
    pub const TAG: &'static str = "promotions";
}

impl Event for PromotionsChanged {
    const KIND: &'static str = "promotions.changed";

    fn stale_tags(&self) -> Vec<String> {
        vec![Self::TAG.to_owned()]
    }
}

/// Somebody left a cart behind with things in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CartAbandoned {
    /// Which.
    pub cart: CartId,
}

impl Event for CartAbandoned {
    const KIND: &'static str = "cart.abandoned";
}

/// A part of an order was handed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShipmentShipped {
    /// Of which order.
    pub order: OrderId,
    /// Which shipment.
    pub shipment: ShipmentId,
}

impl Event for ShipmentShipped {
    const KIND: &'static str = "shipment.shipped";
}

/// A part of an order arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ShipmentDelivered {
    /// Of which order.
    pub order: OrderId,
    /// Which shipment.
    pub shipment: ShipmentId,
}

impl Event for ShipmentDelivered {
    const KIND: &'static str = "shipment.delivered";
}

/// Somebody asks to return goods.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReturnRequested {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub id: ReturnId,
}

impl Event for ReturnRequested {
    const KIND: &'static str = "return.requested";
}

/// Goods may come back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReturnApproved {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub id: ReturnId,
}

impl Event for ReturnApproved {
    const KIND: &'static str = "return.approved";
}

/// Goods that may come back are not exchanged after all.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExchangeCanceled {
    /// What the buyer was to get instead.
    pub order: OrderId,
    /// Which return.
    pub id: ReturnId,
}

impl Event for ExchangeCanceled {
    const KIND: &'static str = "return.exchange_canceled";
}

/// Goods may not come back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReturnRejected {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub id: ReturnId,
}

impl Event for ReturnRejected {
    const KIND: &'static str = "return.rejected";
}

/// Goods came back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReturnReceived {
    /// Of which order.
    pub order: OrderId,
    /// Which return.
    pub id: ReturnId,
}

impl Event for ReturnReceived {
    const KIND: &'static str = "return.received";
}

/// A buyer disputes a payment, or the dispute went on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DisputeChanged {
    /// Of which order.
    pub order: OrderId,
    /// Which dispute.
    pub dispute: DisputeId,
}

impl Event for DisputeChanged {
    const KIND: &'static str = "dispute.changed";
}
