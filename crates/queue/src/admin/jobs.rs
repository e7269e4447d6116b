//! Jobs and dead letters.

use database::Scoped;
use kernel::{
    AuditEntry, Audited, Fault, JobId, Page, PageRequest, Permission, Scope, Snapshot, Timestamp,
};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;

use super::{QueueAdmin, QueueError};

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

/// What it works on, and what went wrong, may name somebody and stay out.
impl Audited for JobView {
    fn snapshot(&self) -> Snapshot {
        let state: &'static str = self.state.into();
        Snapshot::new()
            .with_public_text("kind", Some(&self.kind))
            .with("state", state)
            .with("attempts", self.attempts)
    }
}

/// Which jobs to list.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only those that stand there.
    pub state: Option<JobState>,
    /// Only those of a kind.
    pub kind: Option<String>,
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

impl QueueAdmin {
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
        let before = load_job(&tx, id).await?.ok_or(QueueError::JobNotFound)?;
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
        let entry = AuditEntry::new("job.retry", id);
        let entry = entry.before(&before).after(&job);
        self.log.record_in_tx(&tx, entry).await?;
        let signal = self.queue.jobs_signal();
        tx.after_commit(move || signal.notify_one());
        tx.commit().await?;
        Ok(job)
    }

    /// Deletes a dead letter.
    pub async fn discard(&self, scope: &Scope, id: JobId) -> Result<(), QueueError> {
        scope.require(Permission::JobsWrite)?;
        let tx = self.database.begin_write(scope, "job.discard").await?;
        let before = load_job(&tx, id).await?.ok_or(QueueError::JobNotFound)?;
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
        let entry = AuditEntry::new("job.discard", id).before(&before);
        self.log.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(())
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
