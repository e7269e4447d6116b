//! The background work of orders: each job is one call of a use case.

use std::sync::Arc;
use std::time::Duration;

use orders_model::events::{
    ExchangeCanceled, OrderPaid, PromotionsChanged, RefundPromised, RefundSucceeded,
    ReturnApproved, ReturnRejected, ShipmentShipped, ShippingMethodsChanged,
};
use orders_model::jobs::{
    ExecuteRefund, ForgetInvoices, FreeReservations, ProcessWebhook, SendConfirmation,
    SendExchangeCanceled, SendRefundNotice, SendReturnNotice, SendShippingNotice, Sweep,
};
use orders_service::{Orders, SWEEP_INTERVAL};
use queue::Registry;
use queue::schedule::Schedule;

/// Names the handlers of the jobs of orders, and the events that give rise to
/// them.
pub fn register(registry: &mut Registry, orders: &Arc<Orders>) {
    let service = orders.clone();
    registry.handle(move |context, job: ProcessWebhook| {
        let service = service.clone();
        async move {
            service
                .process_webhook(&context.scope, job.webhook, context.is_last)
                .await
        }
    });
    let service = orders.clone();
    registry.handle(move |context, job: ExecuteRefund| {
        let service = service.clone();
        async move { service.execute_refund(&context.scope, job.refund).await }
    });
    let service = orders.clone();
    registry.handle(move |context, Sweep {}| {
        let service = service.clone();
        async move { service.sweep(&context.scope).await }
    });
    let service = orders.clone();
    registry.handle(move |context, FreeReservations {}| {
        let service = service.clone();
        async move { service.free_reservations(&context.scope).await }
    });
    registry.subscribe(|event: RefundPromised| ExecuteRefund {
        refund: event.refund,
    });
    register_mails(registry, orders);
    registry.tags_of::<ShippingMethodsChanged>();
    registry.tags_of::<PromotionsChanged>();
}

/// The mails, and what they are sent for.
fn register_mails(registry: &mut Registry, orders: &Arc<Orders>) {
    let service = orders.clone();
    registry.handle(move |context, job: SendConfirmation| {
        let service = service.clone();
        async move {
            service
                .send_confirmation(&context.scope, context.id, job.order)
                .await
        }
    });
    let service = orders.clone();
    registry.handle(move |context, job: SendShippingNotice| {
        let service = service.clone();
        async move {
            service
                .send_shipping_notice(&context.scope, context.id, job.order, job.shipment)
                .await
        }
    });
    let service = orders.clone();
    registry.handle(move |context, job: SendReturnNotice| {
        let service = service.clone();
        async move {
            service
                .send_return_notice(&context.scope, context.id, job.id)
                .await
        }
    });
    let service = orders.clone();
    registry.handle(move |context, job: SendExchangeCanceled| {
        let service = service.clone();
        async move {
            service
                .send_exchange_canceled(&context.scope, context.id, job.id)
                .await
        }
    });
    let service = orders.clone();
    registry.handle(move |context, job: SendRefundNotice| {
        let service = service.clone();
        async move {
            service
                .send_refund_notice(&context.scope, context.id, job.order, job.refund)
                .await
        }
    });
    let service = orders.clone();
    registry.handle(move |context, ForgetInvoices {}| {
        let service = service.clone();
        async move { service.forget_invoices(&context.scope).await }
    });
    registry.subscribe(|event: OrderPaid| SendConfirmation { order: event.order });
    registry.subscribe(|event: ShipmentShipped| SendShippingNotice {
        order: event.order,
        shipment: Some(event.shipment),
    });
    registry.subscribe(|event: ReturnApproved| SendReturnNotice { id: event.id });
    registry.subscribe(|event: ReturnRejected| SendReturnNotice { id: event.id });
    registry.subscribe(|event: ExchangeCanceled| SendExchangeCanceled { id: event.id });
    registry.subscribe(|event: RefundSucceeded| SendRefundNotice {
        order: event.order,
        refund: event.refund,
    });
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![
        Schedule::new(SWEEP_INTERVAL, Sweep {}),
        Schedule::new(Duration::from_hours(24), ForgetInvoices {}),
    ]
}
