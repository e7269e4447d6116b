//! The background work of accounts: each job is one call of a use case.

use std::sync::Arc;
use std::time::Duration;

use accounts_model::events::{AccessChanged, TenantChanged, UserRegistered};
use accounts_model::jobs::{SendPasswordReset, SendTestMail, SendVerification, Sweep};
use accounts_service::Accounts;
use queue::Registry;
use queue::schedule::Schedule;

/// Names the handlers of the jobs of accounts.
pub fn register(registry: &mut Registry, accounts: &Arc<Accounts>) {
    let service = accounts.clone();
    registry.handle(move |context, job: SendVerification| {
        let service = service.clone();
        async move {
            service
                .send_verification(&context.scope, context.id, job.user)
                .await
        }
    });
    let service = accounts.clone();
    registry.handle(move |context, job: SendPasswordReset| {
        let service = service.clone();
        async move {
            service
                .send_password_reset(&context.scope, context.id, job.user)
                .await
        }
    });
    let service = accounts.clone();
    registry.handle(move |context, job: SendTestMail| {
        let service = service.clone();
        async move {
            service
                .send_test_mail(&context.scope, context.id, job)
                .await
        }
    });
    let service = accounts.clone();
    registry.handle(move |context, Sweep {}| {
        let service = service.clone();
        async move { service.sweep(&context.scope).await }
    });
    registry.tags_of::<AccessChanged>();
    registry.tags_of::<TenantChanged>();
    registry.tags_of::<UserRegistered>();
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![Schedule::new(Duration::from_hours(1), Sweep {})]
}
