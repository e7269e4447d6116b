//! What operators see and do: jobs, dead letters, received webhooks.

use std::time::Duration;

use database::{Database, Scoped};
use kernel::{
    AccessDenied, DomainError, ErrorKind, Fault, Job, JobId, Page, PageRequest, Permission, Scope,
    Timestamp, WebhookEventId,
};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use strum::{EnumDiscriminants, EnumIter, EnumString, IntoStaticStr};
use uuid::Uuid;

use crate::inbox::{self, WebhookEvent, WebhookState};
use crate::queue::Queue;

/// Why a job or webhook could not be shown or changed.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(QueueErrorCode), derive(EnumIter))]
pub enum QueueError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// No such job, or it is done.
    #[error("there is no such job; a job that is done is not kept")]
    JobNotFound,
    /// Only dead letters can be retried or discarded.
    #[error("only a dead letter can be retried or discarded; this job is {0}")]
    JobNotDead(&'static str),
    /// The same work waits or runs already.
    #[error("the same work is already waiting or running; discard this dead letter")]
    JobDuplicate,
    /// No such webhook.
    #[error("there is no such webhook event")]
    WebhookNotFound,
    /// Nobody processes that source.
    #[error("webhooks of the source {0:?} cannot be replayed")]
    NotReplayable(String),
    /// Something failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl QueueErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::JobNotFound => "job.not_found",
            Self::JobNotDead => "job.not_dead",
            Self::JobDuplicate => "job.duplicate",
            Self::WebhookNotFound => "webhook_event.not_found",
            Self::NotReplayable => "webhook_event.not_replayable",
            Self::Access | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        use ErrorKind as K;
        match self {
            Self::JobNotFound | Self::WebhookNotFound => K::NotFound,
            Self::JobNotDead | Self::JobDuplicate | Self::NotReplayable => K::Conflict,
            Self::Access | Self::Fault => K::Internal,
        }
    }
}

impl DomainError for QueueError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(denied) => denied.kind(),
            Self::Fault(fault) => fault.kind(),
            other => QueueErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Access(denied) => denied.code(),
            Self::Fault(fault) => fault.code(),
            other => QueueErrorCode::from(other).code(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.fault().and_then(DomainError::retry_after)
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits until it is due.
    Queued,
    /// A worker holds its lease.
    Running,
    /// Failed for good: a dead letter.
    Dead,
}

/// A job as operators see it.
#[derive(Debug, Clone)]
pub struct JobView {
    /// Which.
    pub id: JobId,
    /// Its kind.
    pub kind: String,
    /// Its payload.
    pub payload: serde_json::Value,
    /// Where it stands.
    pub state: JobState,
    /// When it may run; for a running one, when its lease ends.
    pub available_at: Timestamp,
    /// How often it was begun.
    pub attempts: i64,
    /// How often it may be.
    pub max_attempts: i64,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// The request that gave rise to it.
    pub request_id: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// How far behind the work is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// Jobs that are due and wait.
    pub due: i64,
    /// Jobs that are due later.
    pub later: i64,
    /// Jobs that run.
    pub running: i64,
    /// Dead letters.
    pub dead: i64,
    /// For how long the oldest due job has been due, in microseconds.
    pub oldest_due_micros: i64,
    /// Webhooks that wait to be processed.
    pub webhooks: i64,
    /// For how long the oldest of them has waited, in microseconds.
    pub oldest_webhook_micros: i64,
    /// Events that wait to be relayed.
    pub events: i64,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only those that stand there.
    pub state: Option<JobState>,
    /// Only those of a kind.
    pub kind: Option<String>,
}

/// Which webhooks to list.
#[derive(Debug, Clone, Default)]
pub struct WebhookFilter {
    /// Only those of a sender.
    pub source: Option<String>,
    /// Only those that stand there.
    pub state: Option<WebhookState>,
}

#[derive(FromQueryResult)]
struct JobRow {
    id: Uuid,
    kind: String,
    payload: serde_json::Value,
    state: String,
    available_at: i64,
    attempts: i64,
    max_attempts: i64,
    last_error: Option<String>,
    request_id: String,
    created_at: i64,
}

const JOB_COLUMNS: &str = "id, kind, payload, state, available_at, attempts, max_attempts, last_error, request_id, created_at";

impl TryFrom<JobRow> for JobView {
    type Error = Fault;

    fn try_from(row: JobRow) -> Result<Self, Fault> {
        Ok(Self {
            id: JobId::from_uuid(row.id),
            kind: row.kind,
            payload: row.payload,
            state: row
                .state
                .parse()
                .map_err(|error| Fault::permanent("state of a job").caused_by(error))?,
            available_at: Timestamp::from_micros(row.available_at),
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            last_error: row.last_error,
            request_id: row.request_id,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

type ReplayJob = Box<dyn Fn(WebhookEventId) -> Replay + Send + Sync>;

/// A job that processes a webhook again.
struct Replay {
    kind: &'static str,
    max_attempts: u32,
    payload: serde_json::Result<serde_json::Value>,
}

/// The use cases of operators.
pub struct QueueAdmin {
    database: Database,
    queue: Queue,
    replays: Vec<(&'static str, ReplayJob)>,
}

impl QueueAdmin {
    /// The use cases over a database.
    pub fn new(database: Database, queue: Queue) -> Self {
        Self {
            database,
            queue,
            replays: Vec::new(),
        }
    }

    /// Says which job processes the webhooks of a source.
    #[must_use]
    pub fn replay_with<J: Job>(
        mut self,
        source: &'static str,
        job: fn(WebhookEventId) -> J,
    ) -> Self {
        self.replays.push((
            source,
            Box::new(move |id| Replay {
                kind: J::KIND,
                max_attempts: J::MAX_ATTEMPTS,
                payload: serde_json::to_value(job(id)),
            }),
        ));
        self
    }

    /// Jobs, newest first.
    pub async fn jobs(
        &self,
        scope: &Scope,
        filter: &JobFilter,
        page: PageRequest<JobId>,
    ) -> Result<Page<JobView, JobId>, QueueError> {
        scope.require(Permission::JobsRead)?;
        let db = self.database.read(scope).await?;
        let state: Option<&'static str> = filter.state.map(Into::into);
        let rows: Vec<JobRow> = db
            .all(
                &format!(
                    "SELECT {JOB_COLUMNS} FROM jobs WHERE tenant_id = $1 \
                     AND ($2 IS NULL OR state = $2) AND ($3 IS NULL OR kind = $3) \
                     AND ($4 IS NULL OR id < $4) ORDER BY id DESC LIMIT $5"
                ),
                [
                    state.map(str::to_owned).into(),
                    filter.kind.clone().into(),
                    page.after.map(JobId::uuid).into(),
                    i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
                ],
            )
            .await?;
        let jobs = rows
            .into_iter()
            .map(JobView::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_rows(jobs, page.limit, |job| job.id))
    }

    /// One job.
    pub async fn job(&self, scope: &Scope, id: JobId) -> Result<JobView, QueueError> {
        scope.require(Permission::JobsRead)?;
        let db = self.database.read(scope).await?;
        load_job(&db, id).await?.ok_or(QueueError::JobNotFound)
    }

    /// Lets a dead letter be tried again, from the first attempt on.
    pub async fn retry(&self, scope: &Scope, id: JobId) -> Result<JobView, QueueError> {
        scope.require(Permission::JobsWrite)?;
        let tx = self.database.begin_write(scope, "job.retry").await?;
        let now = self.queue.clock().now();
        let changed = tx
            .run(
                "UPDATE jobs SET state = 'queued', attempts = 0, available_at = $2 \
                 WHERE tenant_id = $1 AND id = $3 AND state = 'dead'",
                [now.micros().into(), id.uuid().into()],
            )
            .await
            .map_err(|fault| {
                if fault.violates("jobs(single)") || fault.violates("jobs(kind,single)") {
                    QueueError::JobDuplicate
                } else {
                    fault.into()
                }
            })?;
        let job = load_job(&tx, id).await?.ok_or(QueueError::JobNotFound)?;
        if changed == 0 {
            return Err(QueueError::JobNotDead(job.state.into()));
        }
        let signal = self.queue.jobs_signal();
        tx.after_commit(move || signal.notify_one());
        tx.commit().await?;
        Ok(job)
    }

    /// Deletes a dead letter.
    pub async fn discard(&self, scope: &Scope, id: JobId) -> Result<(), QueueError> {
        scope.require(Permission::JobsWrite)?;
        let tx = self.database.begin_write(scope, "job.discard").await?;
        let deleted = tx
            .run(
                "DELETE FROM jobs WHERE tenant_id = $1 AND id = $2 AND state = 'dead'",
                [id.uuid().into()],
            )
            .await?;
        if deleted == 0 {
            let job = load_job(&tx, id).await?.ok_or(QueueError::JobNotFound)?;
            return Err(QueueError::JobNotDead(job.state.into()));
        }
        tx.commit().await?;
        Ok(())
    }

    /// How far behind the tenant's work is.
    pub async fn lag(&self, scope: &Scope) -> Result<Lag, QueueError> {
        scope.require(Permission::JobsRead)?;
        let db = self.database.read(scope).await?;
        let now = self.queue.clock().now();
        let row: Option<LagRow> = db
            .one(&lag_sql("tenant_id = $1", "$2"), [now.micros().into()])
            .await?;
        Ok(row.map(|row| row.at(now)).unwrap_or_default())
    }

    /// How far behind the work of all tenants is; for metrics.
    pub async fn lag_of_all(&self) -> Result<Lag, Fault> {
        let tx = self.database.begin_system("queue.lag").await?;
        let now = self.queue.clock().now();
        let row: Option<LagRow> = tx
            .one(&lag_sql("true", "$1"), [now.micros().into()])
            .await?;
        Ok(row.map(|row| row.at(now)).unwrap_or_default())
    }

    /// Received webhooks, newest first.
    pub async fn webhooks(
        &self,
        scope: &Scope,
        filter: &WebhookFilter,
        page: PageRequest<WebhookEventId>,
    ) -> Result<Page<WebhookEvent, WebhookEventId>, QueueError> {
        scope.require(Permission::JobsRead)?;
        let db = self.database.read(scope).await?;
        let state: Option<&'static str> = filter.state.map(Into::into);
        let rows: Vec<inbox::Row> = db
            .all(
                &format!(
                    "SELECT {} FROM webhook_events WHERE tenant_id = $1 \
                     AND ($2 IS NULL OR source = $2) AND ($3 IS NULL OR state = $3) \
                     AND ($4 IS NULL OR id < $4) ORDER BY id DESC LIMIT $5",
                    inbox::COLUMNS
                ),
                [
                    filter.source.clone().into(),
                    state.map(str::to_owned).into(),
                    page.after.map(WebhookEventId::uuid).into(),
                    i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
                ],
            )
            .await?;
        let events = rows
            .into_iter()
            .map(WebhookEvent::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_rows(events, page.limit, |event| event.id))
    }

    /// One received webhook.
    pub async fn webhook(
        &self,
        scope: &Scope,
        id: WebhookEventId,
    ) -> Result<WebhookEvent, QueueError> {
        scope.require(Permission::JobsRead)?;
        let db = self.database.read(scope).await?;
        inbox::load(&db, id)
            .await?
            .ok_or(QueueError::WebhookNotFound)
    }

    /// Processes a webhook again. Processing is idempotent, so this is safe at
    /// any time.
    pub async fn replay(
        &self,
        scope: &Scope,
        id: WebhookEventId,
    ) -> Result<WebhookEvent, QueueError> {
        scope.require(Permission::JobsWrite)?;
        let tx = self.database.begin_write(scope, "webhook.replay").await?;
        let event = inbox::load(&tx, id)
            .await?
            .ok_or(QueueError::WebhookNotFound)?;
        let (_, job) = self
            .replays
            .iter()
            .find(|(source, _)| *source == event.source)
            .ok_or_else(|| QueueError::NotReplayable(event.source.clone()))?;
        let job = job(id);
        let payload = job
            .payload
            .map_err(|error| Fault::permanent("write a payload").caused_by(error))?;
        self.queue
            .enqueue_raw(&tx, job.kind, job.max_attempts, payload)
            .await?;
        tx.run(
            "UPDATE webhook_events SET state = 'received', note = NULL, processed_at = NULL \
             WHERE tenant_id = $1 AND id = $2",
            [id.uuid().into()],
        )
        .await?;
        let event = inbox::load(&tx, id)
            .await?
            .ok_or(QueueError::WebhookNotFound)?;
        tx.commit().await?;
        Ok(event)
    }
}

async fn load_job(db: &Scoped, id: JobId) -> Result<Option<JobView>, Fault> {
    let row: Option<JobRow> = db
        .one(
            &format!("SELECT {JOB_COLUMNS} FROM jobs WHERE tenant_id = $1 AND id = $2"),
            [id.uuid().into()],
        )
        .await?;
    row.map(JobView::try_from).transpose()
}

#[derive(FromQueryResult)]
struct LagRow {
    due: i64,
    later: i64,
    running: i64,
    dead: i64,
    oldest: Option<i64>,
    webhooks: i64,
    oldest_webhook: Option<i64>,
    events: i64,
}

impl LagRow {
    fn at(self, now: Timestamp) -> Lag {
        let age = |since: Option<i64>| since.map_or(0, |since| (now.micros() - since).max(0));
        Lag {
            due: self.due,
            later: self.later,
            running: self.running,
            dead: self.dead,
            oldest_due_micros: age(self.oldest),
            webhooks: self.webhooks,
            oldest_webhook_micros: age(self.oldest_webhook),
            events: self.events,
        }
    }
}

fn lag_sql(whose: &str, now: &str) -> String {
    let jobs =
        |condition: &str| format!("(SELECT count(*) FROM jobs WHERE {whose} AND {condition})");
    format!(
        "SELECT {} AS due, {} AS later, {} AS running, {} AS dead, \
         (SELECT min(available_at) FROM jobs WHERE {whose} AND state <> 'dead' AND available_at <= {now}) AS oldest, \
         (SELECT count(*) FROM webhook_events WHERE {whose} AND state = 'received') AS webhooks, \
         (SELECT min(received_at) FROM webhook_events WHERE {whose} AND state = 'received') AS oldest_webhook, \
         (SELECT count(*) FROM events WHERE {whose}) AS events",
        jobs(&format!("state <> 'dead' AND available_at <= {now}")),
        jobs(&format!("state = 'queued' AND available_at > {now}")),
        jobs(&format!("state = 'running' AND available_at > {now}")),
        jobs("state = 'dead'"),
    )
}
