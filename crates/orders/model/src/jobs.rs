//! Background work of orders.

use kernel::{Job, OrderId, RefundId, ReturnId, ShipmentId, WebhookEventId};
use serde::{Deserialize, Serialize};

/// Does what a received webhook says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessWebhook {
    /// Which webhook of the inbox.
    pub webhook: WebhookEventId,
}

impl Job for ProcessWebhook {
    const KIND: &'static str = "orders.process_webhook";
}

/// Mails the buyer that their order was paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendConfirmation {
    /// Which order.
    pub order: OrderId,
}

impl Job for SendConfirmation {
    const KIND: &'static str = "orders.send_confirmation";
}

/// Mails the buyer that their order is on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendShippingNotice {
    /// Which order.
    pub order: OrderId,
    /// Which part of it; none in jobs from before there were parts.
    #[serde(default)]
    pub shipment: Option<ShipmentId>,
}

impl Job for SendShippingNotice {
    const KIND: &'static str = "orders.send_shipping_notice";
}

/// Mails the buyer that money went back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendRefundNotice {
    /// Of which order.
    pub order: OrderId,
    /// Which refund.
    pub refund: RefundId,
}

impl Job for SendRefundNotice {
    const KIND: &'static str = "orders.send_refund_notice";
}

/// Mails the buyer what was decided on a return.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendReturnNotice {
    /// Which return.
    pub id: ReturnId,
}

impl Job for SendReturnNotice {
    const KIND: &'static str = "orders.send_return_notice";
}

/// Mails the buyer that goods are not exchanged after all.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendExchangeCanceled {
    /// Which return.
    pub id: ReturnId,
}

impl Job for SendExchangeCanceled {
    const KIND: &'static str = "orders.send_exchange_canceled";
}

/// Tells the gateway to give money back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExecuteRefund {
    /// Which refund.
    pub refund: RefundId,
}

impl Job for ExecuteRefund {
    const KIND: &'static str = "orders.execute_refund";
}

/// Forgets who was billed where that need not be known any longer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ForgetInvoices {}

impl Job for ForgetInvoices {
    const KIND: &'static str = "orders.forget_invoices";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Frees stock whose time is over; for when that comes between two sweeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FreeReservations {}

impl Job for FreeReservations {
    const KIND: &'static str = "orders.free_reservations";
    const MAX_ATTEMPTS: u32 = 1;
}

/// Settles what was left open: asks the gateways about attempts and refunds
/// nobody heard of, frees stock whose time is over, cancels unpaid orders,
/// forgets old carts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sweep {}

impl Job for Sweep {
    const KIND: &'static str = "orders.sweep";
    const MAX_ATTEMPTS: u32 = 3;
}
