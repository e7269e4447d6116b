//! The background work of credits: each job is one call of a use case.

mod quotas;

use std::sync::Arc;
use std::time::Duration;

use credits_model::events::{AutoTopUpDue, AutoTopUpStopped, LowBalance, TopUpRefundPromised};
use credits_model::jobs::{
    ExecuteTopUpRefund, ExpireCredits, ForgetMethod, ProveWallets, SendAutoTopUpStopped,
    SendLowBalance, SweepTopUps, TopUpWhenLow,
};
use credits_service::Credits;
use queue::Registry;
use queue::schedule::Schedule;

pub use quotas::{register as register_quotas, schedules as quota_schedules};

/// Names the handlers of the jobs of credits.
pub fn register(registry: &mut Registry, credits: &Arc<Credits>) {
    let service = credits.clone();
    registry.handle(move |context, ExpireCredits {}| {
        let service = service.clone();
        async move { service.expire(&context.scope).await }
    });
    let service = credits.clone();
    registry.handle(move |context, SweepTopUps {}| {
        let service = service.clone();
        async move { service.sweep_top_ups(&context.scope).await }
    });
    let service = credits.clone();
    registry.handle(move |context, job: ExecuteTopUpRefund| {
        let service = service.clone();
        async move {
            service
                .execute_top_up_refund(&context.scope, job.refund)
                .await
        }
    });
    registry.subscribe(|event: TopUpRefundPromised| ExecuteTopUpRefund {
        refund: event.refund,
    });
    let service = credits.clone();
    registry.handle(move |context, ProveWallets {}| {
        let service = service.clone();
        async move { service.prove_wallets(&context.scope).await.map(|_| ()) }
    });
    register_auto_top_ups(registry, credits);
}

/// Wallets that are low.
fn register_auto_top_ups(registry: &mut Registry, credits: &Arc<Credits>) {
    let service = credits.clone();
    registry.handle(move |context, job: TopUpWhenLow| {
        let service = service.clone();
        async move {
            service
                .top_up_when_low(&context.scope, job.wallet, job.needed)
                .await
        }
    });
    registry.subscribe(|event: AutoTopUpDue| TopUpWhenLow {
        wallet: event.wallet,
        needed: event.needed,
    });
    let service = credits.clone();
    registry.handle(move |context, job: ForgetMethod| {
        let service = service.clone();
        async move {
            service
                .forget_method(&context.scope, &job.gateway, &job.method)
                .await
        }
    });
    let service = credits.clone();
    registry.handle(move |context, job: SendLowBalance| {
        let service = service.clone();
        async move {
            service
                .send_low_balance(&context.scope, context.id, &job)
                .await
        }
    });
    registry.subscribe(|event: LowBalance| SendLowBalance {
        wallet: event.wallet,
        balance: event.balance,
        threshold: event.threshold,
    });
    let service = credits.clone();
    registry.handle(move |context, job: SendAutoTopUpStopped| {
        let service = service.clone();
        async move {
            service
                .send_auto_top_up_stopped(&context.scope, context.id, job.wallet)
                .await
        }
    });
    registry.subscribe(|event: AutoTopUpStopped| SendAutoTopUpStopped {
        wallet: event.wallet,
    });
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![
        Schedule::new(Duration::from_mins(1), SweepTopUps {}),
        Schedule::new(Duration::from_mins(5), ExpireCredits {}),
        Schedule::new(Duration::from_hours(24), ProveWallets {}),
    ]
}
