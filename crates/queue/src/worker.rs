//! Runs jobs.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use database::Database;
use kernel::Fault;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::attempt::run_one;
use crate::queue::Queue;
use crate::registry::Registry;
use crate::relay::Relay;
use crate::schedule::{self, Schedule};
use crate::store::{self, Claimed, Ended};

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
