//! Runs jobs.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use database::Database;
use futures::FutureExt as _;
use kernel::{
    Actor, ErrorReport, Fault, JobId, Permissions, RequestInfo, Scope, TenantId, Timestamp, random,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::queue::Queue;
use crate::registry::{JobContext, Registry};
use crate::relay::Relay;
use crate::schedule::{self, Schedule};
use crate::store::{self, Claimed, Ended, Outcome};

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Jobs that run at the same time.
    pub concurrency: usize,
    /// How often to look for work that nobody announced.
    pub poll_interval: Duration,
    /// How long a job is leased.
    pub lease: Duration,
    /// How long running jobs may go on after a signal to stop.
    pub shutdown_timeout: Duration,
}

/// The first delay after a failure; it doubles up to [`LONGEST_DELAY`].
const FIRST_DELAY: Duration = Duration::from_secs(2);
const LONGEST_DELAY: Duration = Duration::from_hours(1);
/// What of an error is kept.
const MAX_ERROR: usize = 2_000;
/// What comes within this time after a look at the queue waits for the next
/// one, so that a busy worker takes and concludes several jobs with one commit.
/// An idle one looks at once.
const PACE: Duration = Duration::from_millis(10);
/// How often schedules are looked at.
const SCHEDULE_INTERVAL: Duration = Duration::from_secs(1);

/// Runs jobs until told to stop.
pub struct Worker {
    database: Database,
    registry: Arc<Registry>,
    queue: Queue,
    schedules: Arc<Vec<Schedule>>,
    options: WorkerOptions,
}

type Running = HashMap<Uuid, i64>;

impl Worker {
    /// A worker of this process.
    pub fn new(
        database: Database,
        registry: Arc<Registry>,
        queue: Queue,
        schedules: Arc<Vec<Schedule>>,
        options: WorkerOptions,
    ) -> Self {
        Self {
            database,
            registry,
            queue,
            schedules,
            options,
        }
    }

    /// Runs jobs until told to stop; then gives the running ones some time
    /// and hands back the leases of the rest.
    pub async fn run(self, stop: CancellationToken) {
        let signal = self.queue.jobs_signal();
        let mut tasks: JoinSet<Ended> = JoinSet::new();
        let mut running = Running::new();
        let mut ended: Vec<Ended> = Vec::new();
        let mut renewed = tokio::time::Instant::now();
        let mut schedules_seen: Option<tokio::time::Instant> = None;
        let mut look = true;
        let mut looked: Option<tokio::time::Instant> = None;
        while !stop.is_cancelled() {
            if let Some(looked) = looked {
                tokio::time::sleep_until(looked + PACE).await;
            }
            collect(&mut tasks, &mut running, &mut ended);
            if schedules_seen.is_none_or(|seen| seen.elapsed() >= SCHEDULE_INTERVAL) {
                schedules_seen = Some(tokio::time::Instant::now());
                look |= self.tick_or_warn().await;
            }
            let free = self.options.concurrency.saturating_sub(tasks.len());
            if (look && free > 0) || !ended.is_empty() {
                looked = Some(tokio::time::Instant::now());
                match self.turn(&ended, if look { free } else { 0 }).await {
                    Ok(claimed) => {
                        ended.clear();
                        // Fewer than were asked for are all there are.
                        look = look && claimed.len() == free;
                        self.start(claimed, &mut tasks, &mut running);
                    }
                    Err(fault) => {
                        tracing::warn!(cause = fault.chain(), "jobs could not be claimed");
                        pause(self.options.poll_interval, &stop).await;
                    }
                }
                if look && tasks.len() < self.options.concurrency {
                    continue;
                }
            }
            if renewed.elapsed() >= self.options.lease / 3 {
                renewed = tokio::time::Instant::now();
                self.renew_or_warn(&running).await;
            }
            tokio::select! {
                Some(result) = tasks.join_next(), if !tasks.is_empty() => {
                    note(result, &mut running, &mut ended);
                    // There may be more only if there was no room for them.
                    look |= tasks.len() + 1 >= self.options.concurrency;
                }
                () = signal.notified() => look = true,
                () = tokio::time::sleep(self.options.poll_interval) => look = true,
                () = stop.cancelled() => {}
            }
        }
        self.finish(tasks, running, ended).await;
    }

    /// One transaction that records what ended and takes what is due.
    async fn turn(&self, ended: &[Ended], free: usize) -> Result<Vec<Claimed>, Fault> {
        let tx = self.database.begin_system("worker.turn").await?;
        if !ended.is_empty() {
            let held = store::end(&tx, ended).await?;
            if held < ended.len() as u64 {
                tracing::warn!(lost = ended.len() as u64 - held, "leases were lost");
            }
        }
        let claimed = if free > 0 {
            let now = self.queue.clock().now();
            store::claim(&tx, now, self.options.lease, free).await?
        } else {
            Vec::new()
        };
        if ended.is_empty() && claimed.is_empty() {
            return Ok(claimed);
        }
        tx.commit().await?;
        Ok(claimed)
    }

    fn start(&self, claimed: Vec<Claimed>, tasks: &mut JoinSet<Ended>, running: &mut Running) {
        for job in claimed {
            running.insert(job.id, job.lease);
            tasks.spawn(run_one(self.registry.clone(), self.queue.clone(), job));
        }
    }

    async fn tick_or_warn(&self) -> bool {
        match self.tick().await {
            Ok(added) => added > 0,
            Err(fault) => {
                tracing::warn!(cause = fault.chain(), "schedules could not be read");
                false
            }
        }
    }

    async fn tick(&self) -> Result<u64, Fault> {
        let tx = self.database.begin_system("worker.schedules").await?;
        let added = schedule::tick(&tx, &self.schedules, self.queue.clock().now()).await?;
        if added > 0 {
            tx.commit().await?;
        }
        Ok(added)
    }

    async fn renew_or_warn(&self, running: &Running) {
        if running.is_empty() {
            return;
        }
        let held: Vec<_> = running.iter().map(|(&id, &lease)| (id, lease)).collect();
        let until = self.queue.clock().now().plus(self.options.lease);
        let result = async {
            let tx = self.database.begin_system("worker.renew").await?;
            let renewed = store::renew(&tx, &held, until).await?;
            tx.commit().await?;
            Ok::<_, Fault>(renewed)
        };
        match result.await {
            Ok(renewed) if renewed < held.len() as u64 => {
                tracing::warn!(lost = held.len() as u64 - renewed, "leases were lost");
            }
            Ok(_) => {}
            Err(fault) => tracing::warn!(cause = fault.chain(), "leases could not be renewed"),
        }
    }

    async fn finish(&self, mut tasks: JoinSet<Ended>, mut running: Running, mut ended: Vec<Ended>) {
        let deadline = tokio::time::sleep(self.options.shutdown_timeout);
        tokio::pin!(deadline);
        loop {
            tokio::select! {
                result = tasks.join_next() => match result {
                    Some(result) => note(result, &mut running, &mut ended),
                    None => break,
                },
                () = &mut deadline => break,
            }
        }
        if let Err(fault) = self.turn(&ended, 0).await {
            tracing::warn!(cause = fault.chain(), "finished jobs could not be recorded");
        }
        tasks.shutdown().await;
        let held: Vec<_> = running.into_iter().collect();
        if !held.is_empty() {
            tracing::warn!(
                jobs = held.len(),
                "jobs were interrupted; they will run again"
            );
            let now = self.queue.clock().now();
            let result = async {
                let tx = self.database.begin_system("worker.give_back").await?;
                store::give_back(&tx, &held, now).await?;
                tx.commit().await
            };
            if let Err(fault) = result.await {
                tracing::warn!(cause = fault.chain(), "leases could not be given back");
            }
        }
    }

    /// Runs everything that is due now, events and schedules included, until
    /// nothing is left; how many jobs ran. For tests and one-off commands.
    pub async fn drain(&self, relay: &Relay) -> Result<usize, Fault> {
        let mut ran = 0;
        loop {
            self.tick().await?;
            while relay.turn().await? > 0 {}
            let claimed = self.turn(&[], self.options.concurrency).await?;
            if claimed.is_empty() {
                return Ok(ran);
            }
            ran += claimed.len();
            let mut tasks = JoinSet::new();
            let mut running = Running::new();
            self.start(claimed, &mut tasks, &mut running);
            let mut ended = Vec::new();
            while let Some(result) = tasks.join_next().await {
                note(result, &mut running, &mut ended);
            }
            self.turn(&ended, 0).await?;
        }
    }
}

async fn pause(duration: Duration, stop: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = stop.cancelled() => {}
    }
}

fn collect(tasks: &mut JoinSet<Ended>, running: &mut Running, ended: &mut Vec<Ended>) {
    while let Some(result) = tasks.try_join_next() {
        note(result, running, ended);
    }
}

fn note(
    result: Result<Ended, tokio::task::JoinError>,
    running: &mut Running,
    ended: &mut Vec<Ended>,
) {
    // A job task catches panics itself, so it can only have been aborted.
    if let Ok(end) = result {
        running.remove(&end.id);
        ended.push(end);
    }
}

/// Runs one claimed job and says how it ended.
async fn run_one(registry: Arc<Registry>, queue: Queue, job: Claimed) -> Ended {
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
