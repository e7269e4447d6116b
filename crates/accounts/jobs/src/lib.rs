//! The background work of accounts: each job is one call of a use case.

use std::sync::Arc;
use std::time::Duration;

use accounts_model::events::{AccessChanged, TenantChanged, UserRegistered};
use accounts_model::jobs::{
    FinishErasure, SendLoginAlert, SendNotice, SendPasswordReset, SendTestMail, SendVerification,
    Sweep,
};
use accounts_service::{Accounts, People};
use queue::Registry;
use queue::schedule::Schedule;

/// Names the handlers of the jobs of accounts.
pub fn register(registry: &mut Registry, accounts: &Arc<Accounts>, people: &Arc<People>) {
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
    registry.handle(move |context, job: SendLoginAlert| {
        let service = service.clone();
        async move {
            service
                .send_login_alert(&context.scope, context.id, job.user, job.session)
                .await
        }
    });
    let service = accounts.clone();
    registry.handle(move |context, job: SendNotice| {
        let service = service.clone();
        async move {
            service
                .send_notice(&context.scope, context.id, job.user, job.notice)
                .await
        }
    });
    let service = people.clone();
    registry.handle(move |context, job: FinishErasure| {
        let service = service.clone();
        async move { service.finish_erasure(&context.scope, job.user).await }
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
