//! The background work of quotas.

use std::sync::Arc;
use std::time::Duration;

use credits_model::quota::events::QuotaHealthChanged;
use credits_model::quota::jobs::{SendRoomNotice, TellWaiting, WatchQuotas};
use credits_service::Quotas;
use queue::Registry;
use queue::schedule::Schedule;

/// Names the handlers of the jobs of quotas.
pub fn register(registry: &mut Registry, quotas: &Arc<Quotas>) {
    let service = quotas.clone();
    registry.handle(move |context, WatchQuotas {}| {
        let service = service.clone();
        async move { service.watch_quotas(&context.scope).await }
    });
    let service = quotas.clone();
    registry.handle(move |context, job: TellWaiting| {
        let service = service.clone();
        async move { service.tell_waiting(&context.scope, job.quota).await }
    });
    let service = quotas.clone();
    registry.handle(move |context, job: SendRoomNotice| {
        let service = service.clone();
        async move { service.send_room_notice(&context.scope, job.waiter).await }
    });
    registry.tags_of::<QuotaHealthChanged>();
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![Schedule::new(Duration::from_hours(1), WatchQuotas {})]
}
