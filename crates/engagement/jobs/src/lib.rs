//! The background work of engagement: each job is one call of a use case.

use std::sync::Arc;
use std::time::Duration;

use engagement_model::jobs::{
    CountOrder, CountRefund, CountStock, CountVisitors, FindAbandonedCarts, PostAbandonedCart,
    RebuildInsight, RemindOfCart,
};
use engagement_service::Engagement;
use orders_model::events::{CartAbandoned, OrderPaid, RefundSucceeded};
use queue::Registry;
use queue::schedule::Schedule;

/// Names the handlers of the jobs of engagement, and the events that give rise
/// to them.
pub fn register(registry: &mut Registry, engagement: &Arc<Engagement>) {
    carts(registry, engagement);
    let service = engagement.clone();
    registry.handle(move |context, job: CountOrder| {
        let service = service.clone();
        async move { service.count_order(&context.scope, job.order).await }
    });
    let service = engagement.clone();
    registry.handle(move |context, job: CountRefund| {
        let service = service.clone();
        async move { service.count_refund(&context.scope, job.refund).await }
    });
    let service = engagement.clone();
    registry.handle(move |context, CountVisitors {}| {
        let service = service.clone();
        async move { service.count_visitors(&context.scope).await }
    });
    let service = engagement.clone();
    registry.handle(move |context, CountStock {}| {
        let service = service.clone();
        async move { service.count_stock(&context.scope).await }
    });
    let service = engagement.clone();
    registry.handle(move |context, RebuildInsight {}| {
        let service = service.clone();
        async move { service.rebuild(&context.scope).await }
    });
    registry.subscribe(|event: OrderPaid| CountOrder { order: event.order });
    registry.subscribe(|event: RefundSucceeded| CountRefund {
        refund: event.refund,
    });
}

fn carts(registry: &mut Registry, engagement: &Arc<Engagement>) {
    let service = engagement.clone();
    registry.handle(move |context, FindAbandonedCarts {}| {
        let service = service.clone();
        async move { service.find_abandoned_carts(&context.scope).await }
    });
    let service = engagement.clone();
    registry.handle(move |context, job: RemindOfCart| {
        let service = service.clone();
        async move {
            service
                .remind_of_cart(&context.scope, context.id, job.cart)
                .await
        }
    });
    let service = engagement.clone();
    registry.handle(move |context, job: PostAbandonedCart| {
        let service = service.clone();
        async move { service.post_abandoned_cart(&context.scope, job.cart).await }
    });
    registry.subscribe(|event: CartAbandoned| RemindOfCart { cart: event.cart });
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![
        Schedule::new(Duration::from_mins(5), FindAbandonedCarts {}),
        Schedule::new(Duration::from_mins(5), CountVisitors {}),
        Schedule::new(Duration::from_hours(1), CountStock {}),
    ]
}
