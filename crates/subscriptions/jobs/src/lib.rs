//! The background work of subscriptions: each job is one call of a use case.

use std::sync::Arc;
use std::time::Duration;

use queue::Registry;
use queue::schedule::Schedule;
use subscriptions_model::jobs::{ReconcileQuotas, RenewSubscriptions, SendNotice};
use subscriptions_service::Subscriptions;

/// Names the handlers of the jobs of subscriptions.
pub fn register(registry: &mut Registry, subscriptions: &Arc<Subscriptions>) {
    let service = subscriptions.clone();
    registry.handle(move |context, RenewSubscriptions {}| {
        let service = service.clone();
        async move { service.renew_due(&context.scope).await }
    });
    let service = subscriptions.clone();
    registry.handle(move |context, ReconcileQuotas {}| {
        let service = service.clone();
        async move { service.reconcile_quotas(&context.scope).await.map(|_| ()) }
    });
    let service = subscriptions.clone();
    registry.handle(move |context, job: SendNotice| {
        let service = service.clone();
        async move {
            service
                .send_notice(&context.scope, context.id, job.subscription, job.notice)
                .await
        }
    });
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![
        Schedule::new(Duration::from_mins(1), RenewSubscriptions {}),
        Schedule::new(Duration::from_hours(1), ReconcileQuotas {}),
    ]
}
