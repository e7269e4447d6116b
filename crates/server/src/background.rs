//! The work that goes on beside requests.

use std::sync::Arc;
use std::time::Duration;

use catalog_service::Catalog;
use engagement_service::Engagement;
use kernel::DomainError as _;
use queue::{QueueAdmin, Relay, Worker, WorkerOptions};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::Sutler;

/// How often visitors are written down.
const VISITS_INTERVAL: Duration = Duration::from_secs(10);
/// How often gauges are read.
const GAUGE_INTERVAL: Duration = Duration::from_secs(15);
/// How often database connections that nobody uses are looked for.
const IDLE_INTERVAL: Duration = Duration::from_mins(1);
/// Database connections that nobody used for so long are closed.
const IDLE_CONNECTION: Duration = Duration::from_mins(10);

/// Which tasks a process runs.
#[derive(Debug, Clone, Copy)]
pub struct Tasks {
    /// Running jobs.
    pub worker: bool,
    /// Relaying events. On SQLite only the serving process does it, because
    /// its caches must hear of every event.
    pub relay: bool,
    /// Hearing what other nodes announce.
    pub listener: bool,
}

impl Sutler {
    /// How workers work.
    pub fn worker_options(&self) -> WorkerOptions {
        let jobs = &self.settings.jobs;
        WorkerOptions {
            concurrency: jobs.concurrency.get(),
            poll_interval: jobs.poll_interval,
            lease: jobs.lease,
            shutdown_timeout: jobs.shutdown_timeout,
        }
    }

    /// A worker.
    pub fn worker(&self) -> Worker {
        Worker::new(
            self.database.clone(),
            self.registry.clone(),
            self.queue.clone(),
            self.schedules.clone(),
            self.worker_options(),
        )
    }

    /// A relay.
    pub fn relay(&self) -> Relay {
        Relay::new(
            self.database.clone(),
            self.registry.clone(),
            self.queue.clone(),
            self.settings.jobs.poll_interval,
        )
    }

    /// Starts the background tasks; they end when told to.
    pub fn start_background(&self, tasks: Tasks, stop: &CancellationToken) -> JoinSet<()> {
        let mut running = JoinSet::new();
        if tasks.worker {
            running.spawn(self.worker().run(stop.clone()));
        }
        if tasks.relay {
            running.spawn(self.relay().run(stop.clone()));
        }
        if tasks.listener {
            let (database, queue) = (self.database.clone(), self.queue.clone());
            running.spawn(Relay::listen(database, queue, stop.clone()));
        }
        running.spawn(idle_connections(self.database.clone(), stop.clone()));
        running.spawn(visits(self.engagement.clone(), stop.clone()));
        running.spawn(gauges(
            self.database.clone(),
            self.queue_admin.clone(),
            self.catalog.clone(),
            stop.clone(),
        ));
        running
    }
}

/// Writes down who was seen, now and then and at the end.
async fn visits(engagement: Arc<Engagement>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(VISITS_INTERVAL);
    loop {
        let last = tokio::select! {
            _ = ticks.tick() => false,
            () = stop.cancelled() => true,
        };
        if let Err(error) = engagement.write_visits().await {
            let cause = error.fault().map(kernel::Fault::chain).unwrap_or_default();
            tracing::warn!(%error, cause, "visitors could not be written down");
        }
        if last {
            return;
        }
    }
}

/// Keeps the pools of database connections as big as is needed.
async fn idle_connections(database: database::Database, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(IDLE_INTERVAL);
    loop {
        tokio::select! {
            _ = ticks.tick() => database.close_idle(IDLE_CONNECTION),
            () = stop.cancelled() => return,
        }
    }
}

/// Keeps the gauges of `/metrics` up to date.
async fn gauges(
    database: database::Database,
    admin: Arc<QueueAdmin>,
    catalog: Arc<Catalog>,
    stop: CancellationToken,
) {
    let mut ticks = tokio::time::interval(GAUGE_INTERVAL);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        crate::telemetry::sum_up_metrics();
        for (pool, status) in ["read", "write"].into_iter().zip(database.status()) {
            gauge("sutler_pool_open", pool, status.open);
            gauge("sutler_pool_idle", pool, status.idle);
            gauge("sutler_pool_waiting", pool, status.waiting);
            gauge("sutler_pool_limit", pool, status.limit);
        }
        search_gauge(catalog.search_bytes());
        metrics::counter!("sutler_database_round_trips_total").absolute(database.round_trips());
        match admin.lag_of_all().await {
            Ok(lag) => lag_gauges(&lag),
            Err(fault) => tracing::warn!(cause = fault.chain(), "the lag could not be read"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn gauge(name: &'static str, pool: &'static str, value: usize) {
    metrics::gauge!(name, "pool" => pool).set(value as f64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn search_gauge(bytes: u64) {
    metrics::gauge!("sutler_search_bytes").set(bytes as f64);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn lag_gauges(lag: &queue::admin::Lag) {
    for (state, count) in [
        ("due", lag.due),
        ("later", lag.later),
        ("running", lag.running),
        ("dead", lag.dead),
    ] {
        metrics::gauge!("sutler_jobs", "state" => state).set(count as f64);
    }
    metrics::gauge!("sutler_job_oldest_due_seconds").set(lag.oldest_due_micros as f64 / 1e6);
    metrics::gauge!("sutler_webhooks_waiting").set(lag.webhooks as f64);
    metrics::gauge!("sutler_webhook_oldest_seconds").set(lag.oldest_webhook_micros as f64 / 1e6);
    metrics::gauge!("sutler_events_waiting").set(lag.events as f64);
}
