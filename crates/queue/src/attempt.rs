//! One attempt to do a job.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use kernel::{
    Actor, ErrorReport, Fault, JobId, Permissions, RequestInfo, Scope, TenantId, Timestamp, random,
};
use tracing::Instrument as _;

use crate::queue::Queue;
use crate::registry::{JobContext, Registry};
use crate::store::{Claimed, Ended, Outcome};

/// The first delay after a failure; it doubles up to [`LONGEST_DELAY`].
const FIRST_DELAY: Duration = Duration::from_secs(2);
const LONGEST_DELAY: Duration = Duration::from_hours(1);
/// What of an error is kept.
const MAX_ERROR: usize = 2_000;

/// Runs one claimed job and says how it ended.
pub(crate) async fn run_one(registry: Arc<Registry>, queue: Queue, job: Claimed) -> Ended {
    let started = std::time::Instant::now();
    let now = queue.clock().now();
    let waited = now.since(Timestamp::from_micros(job.created_at));
    let tenant = TenantId::from_uuid(job.tenant_id);
    let id = JobId::from_uuid(job.id);
    let span = tracing::info_span!(
        "job",
        job_id = %id,
        kind = job.kind,
        attempt = job.attempts,
        tenant = %tenant,
        request_id = job.request_id,
        stripe_session = tracing::field::Empty,
        stripe_event = tracing::field::Empty,
    );
    let result = attempt(&registry, &job, tenant, id)
        .instrument(span.clone())
        .await;
    let kind = kind_label(&registry, &job.kind);
    let outcome = span.in_scope(|| conclude(&job, result, queue.clock().now()));
    let label = match &outcome {
        Outcome::Done => "done",
        Outcome::Again { .. } => "retry",
        Outcome::Dead { .. } => "dead",
    };
    metrics::counter!("sutler_jobs_total", "kind" => kind, "outcome" => label).increment(1);
    metrics::histogram!("sutler_job_seconds", "kind" => kind)
        .record(started.elapsed().as_secs_f64());
    metrics::histogram!("sutler_job_wait_seconds", "kind" => kind).record(waited.as_secs_f64());
    Ended {
        id: job.id,
        lease: job.lease,
        outcome,
    }
}

/// A kind we know, so that data cannot make up label values.
fn kind_label(registry: &Registry, kind: &str) -> &'static str {
    registry
        .kinds()
        .find(|&known| known == kind)
        .unwrap_or("unknown")
}

#[expect(clippy::disallowed_methods, reason = "this is the job envelope")]
async fn attempt(
    registry: &Registry,
    job: &Claimed,
    tenant: TenantId,
    id: JobId,
) -> Result<(), ErrorReport> {
    if job.attempts > job.max_attempts {
        // Its worker died in the middle more often than it may be tried.
        return Err(Fault::permanent("the job ended its worker at every attempt").into());
    }
    let Some(handler) = registry.handler(&job.kind) else {
        return Err(Fault::permanent(format!("no handler for {}", job.kind)).into());
    };
    let context = JobContext {
        scope: Scope::issue(
            tenant,
            Actor::Job(id),
            Permissions::all(),
            RequestInfo {
                request_id: job.request_id.clone(),
                ..RequestInfo::default()
            },
        ),
        id,
        attempt: u32::try_from(job.attempts).unwrap_or(u32::MAX),
        is_last: job.attempts >= job.max_attempts,
    };
    AssertUnwindSafe(async move { handler(context, job.payload.clone()).await })
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Fault::transient("the handler panicked").into()))
}

fn conclude(job: &Claimed, result: Result<(), ErrorReport>, now: Timestamp) -> Outcome {
    let report = match result {
        Ok(()) => {
            tracing::debug!("job done");
            return Outcome::Done;
        }
        Err(report) => report,
    };
    let mut error = format!("{}: {}", report.code, report.detail);
    if let Some(internal) = &report.internal {
        error.push_str(" (");
        error.push_str(internal);
        error.push(')');
    }
    error.truncate(error.floor_char_boundary(MAX_ERROR));
    if report.transient && job.attempts < job.max_attempts {
        let delay = report
            .retry_after
            .unwrap_or_default()
            .max(backoff(job.attempts));
        tracing::warn!(error, ?delay, "job failed; it is tried again");
        return Outcome::Again {
            at: now.plus(delay),
            error,
        };
    }
    tracing::error!(error, "job failed for good; it is a dead letter now");
    Outcome::Dead { error }
}

/// Full jitter: a random time up to the exponential delay, so that jobs that
/// failed together do not come back together.
fn backoff(attempts: i64) -> Duration {
    let exponent = u32::try_from((attempts - 1).clamp(0, 20)).unwrap_or(20);
    let most = FIRST_DELAY
        .saturating_mul(2u32.saturating_pow(exponent))
        .min(LONGEST_DELAY);
    Duration::from_millis(random::below(
        u64::try_from(most.as_millis()).unwrap_or(u64::MAX),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_and_stay_within_bounds() {
        for attempts in [1, 2, 5, 12, 1000, i64::MAX] {
            assert!(backoff(attempts) <= LONGEST_DELAY);
        }
        assert!(backoff(1) <= FIRST_DELAY);
    }
}
