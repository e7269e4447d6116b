//! What use cases hold: putting jobs and events into their transactions.

use std::sync::Arc;

use database::{Batch, Database, Transaction};
use kernel::{Clock, Event, EventId, Fault, Job, JobId, TenantId, Timestamp};
use sea_orm::Value;
use tokio::sync::Notify;

use crate::stale::StaleTags;
use crate::store;

/// The door to background work. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    clock: Arc<dyn Clock>,
    jobs: Arc<Notify>,
    events: Arc<Notify>,
    stale: StaleTags,
}

impl Queue {
    /// A queue of this process.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            jobs: Arc::default(),
            events: Arc::default(),
            stale: StaleTags::default(),
        }
    }

    /// The clock all times come from.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Makes the jobs of a process that died due at once, instead of when their
    /// leases run out; how many there were. Only for who knows that no other
    /// process works at the database.
    pub async fn free_leases(&self, database: &Database) -> Result<u64, Fault> {
        let tx = database.begin_system("queue.free_leases").await?;
        let freed = store::free_all(&tx, self.clock.now()).await?;
        tx.commit().await?;
        Ok(freed)
    }

    /// Where caches learn what is stale.
    pub fn stale_tags(&self) -> &StaleTags {
        &self.stale
    }

    /// Signalled when a job may be due.
    pub(crate) fn jobs_signal(&self) -> Arc<Notify> {
        self.jobs.clone()
    }

    /// Signalled when an event waits.
    pub(crate) fn events_signal(&self) -> Arc<Notify> {
        self.events.clone()
    }

    /// Adds a job that may run as soon as the transaction commits.
    pub async fn enqueue<J: Job>(&self, tx: &Transaction, job: &J) -> Result<JobId, Fault> {
        self.enqueue_at(tx, job, self.clock.now()).await
    }

    /// Adds a job that may run from `at` on, once the transaction commits.
    pub async fn enqueue_at<J: Job>(
        &self,
        tx: &Transaction,
        job: &J,
        at: Timestamp,
    ) -> Result<JobId, Fault> {
        let payload = to_json(job)?;
        self.insert(tx, J::KIND, J::MAX_ATTEMPTS, payload, at).await
    }

    pub(crate) async fn enqueue_raw(
        &self,
        tx: &Transaction,
        kind: &'static str,
        max_attempts: u32,
        payload: serde_json::Value,
    ) -> Result<JobId, Fault> {
        self.insert(tx, kind, max_attempts, payload, self.clock.now())
            .await
    }

    async fn insert(
        &self,
        tx: &Transaction,
        kind: &'static str,
        max_attempts: u32,
        payload: serde_json::Value,
        at: Timestamp,
    ) -> Result<JobId, Fault> {
        let now = self.clock.now();
        let id = JobId::new(now);
        tx.run(
            "INSERT INTO jobs (tenant_id, id, kind, payload, state, available_at, attempts, max_attempts, lease, request_id, created_at) \
             VALUES ($1, $2, $3, $4, 'queued', $5, 0, $6, 0, $7, $8)",
            [
                id.uuid().into(),
                kind.into(),
                payload.into(),
                at.micros().into(),
                i64::from(max_attempts).into(),
                tx.scope().request().request_id.clone().into(),
                now.micros().into(),
            ],
        )
        .await?;
        if at <= now {
            let signal = self.jobs.clone();
            tx.after_commit(move || signal.notify_one());
        }
        Ok(id)
    }

    /// Publishes a fact that becomes true when the transaction commits.
    pub async fn publish<E: Event>(&self, tx: &Transaction, event: &E) -> Result<(), Fault> {
        let (sql, values) = self.event_row(tx, event)?;
        tx.run(sql, values).await?;
        let (queue, tenant, tags) = (self.clone(), tx.scope().tenant(), event.stale_tags());
        tx.after_commit(move || queue.published(tenant, &tags));
        Ok(())
    }

    /// Like [`Queue::publish`], with the write going into a batch.
    pub fn publish_with<E: Event>(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        event: &E,
    ) -> Result<(), Fault> {
        batch.add(self.event_row(tx, event)?);
        let (queue, tenant, tags) = (self.clone(), tx.scope().tenant(), event.stale_tags());
        tx.after_commit(move || queue.published(tenant, &tags));
        Ok(())
    }

    fn event_row<E: Event>(
        &self,
        tx: &Transaction,
        event: &E,
    ) -> Result<(&'static str, Vec<Value>), Fault> {
        let now = self.clock.now();
        Ok((
            "INSERT INTO events (tenant_id, id, kind, payload, request_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            vec![
                EventId::new(now).uuid().into(),
                E::KIND.into(),
                to_json(event)?.into(),
                tx.scope().request().request_id.clone().into(),
                now.micros().into(),
            ],
        ))
    }

    /// Publishes a fact about another tenant than the scope's.
    pub async fn publish_about<E: Event>(
        &self,
        tx: &Transaction,
        tenant: TenantId,
        event: &E,
    ) -> Result<(), Fault> {
        let (sql, values) = self.event_row(tx, event)?;
        let values = std::iter::once(tenant.uuid().into()).chain(values);
        tx.run_as_system(sql, values).await?;
        let (queue, tags) = (self.clone(), event.stale_tags());
        tx.after_commit(move || queue.published(tenant, &tags));
        Ok(())
    }

    /// This node's caches need not wait for the relay.
    fn published(&self, tenant: TenantId, tags: &[String]) {
        if !tags.is_empty() {
            self.stale.announce(tenant, tags);
        }
        self.events.notify_one();
    }
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<serde_json::Value, Fault> {
    serde_json::to_value(value)
        .map_err(|error| Fault::permanent("write a payload").caused_by(error))
}
