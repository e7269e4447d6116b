//! Background jobs and dead letters.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use kernel::{JobId, Timestamp};
use queue::QueueError;
use queue::admin::{JobFilter, JobState, JobView, Lag};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::extract::{Caller, List, Listed, Query, id, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Where a job stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = JobState)]
pub(crate) enum JobStateDto {
    /// Waits until it is due.
    Queued,
    /// A worker runs it.
    Running,
    /// Failed for good: a dead letter.
    Dead,
}

impl From<JobState> for JobStateDto {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Queued,
            JobState::Running => Self::Running,
            JobState::Dead => Self::Dead,
        }
    }
}

impl From<JobStateDto> for JobState {
    fn from(dto: JobStateDto) -> Self {
        match dto {
            JobStateDto::Queued => Self::Queued,
            JobStateDto::Running => Self::Running,
            JobStateDto::Dead => Self::Dead,
        }
    }
}

/// A background job. Jobs that are done are not kept.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct JobDto {
    /// Which.
    #[schema(value_type = String, example = "job_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: JobId,
    /// What it does.
    #[schema(example = "orders.send_confirmation")]
    kind: String,
    /// With what.
    #[schema(value_type = Object)]
    payload: serde_json::Value,
    /// Where it stands.
    state: JobStateDto,
    /// When it may run; for a running one, when its lease ends.
    #[schema(value_type = String, format = DateTime)]
    available_at: Timestamp,
    /// How often it was begun.
    attempts: i64,
    /// How often it may be.
    max_attempts: i64,
    /// What went wrong last.
    last_error: Option<String>,
    /// The request that gave rise to it.
    request_id: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<JobView> for JobDto {
    fn from(job: JobView) -> Self {
        Self {
            id: job.id,
            kind: job.kind,
            payload: job.payload,
            state: job.state.into(),
            available_at: job.available_at,
            attempts: job.attempts,
            max_attempts: job.max_attempts,
            last_error: job.last_error,
            request_id: job.request_id,
            created_at: job.created_at,
        }
    }
}

/// How far behind the background work is.
#[derive(Serialize, ToSchema)]
#[schema(as = JobLag)]
pub(crate) struct LagDto {
    /// Jobs that are due and wait.
    due: i64,
    /// Jobs that are due later.
    later: i64,
    /// Jobs that run.
    running: i64,
    /// Dead letters.
    dead: i64,
    /// For how many seconds the oldest due job has been due.
    oldest_due_seconds: i64,
    /// Webhooks that wait to be processed.
    webhooks: i64,
    /// For how many seconds the oldest of them has waited.
    oldest_webhook_seconds: i64,
    /// Events that wait to be relayed.
    events: i64,
}

impl From<Lag> for LagDto {
    fn from(lag: Lag) -> Self {
        Self {
            due: lag.due,
            later: lag.later,
            running: lag.running,
            dead: lag.dead,
            oldest_due_seconds: lag.oldest_due_micros / 1_000_000,
            webhooks: lag.webhooks,
            oldest_webhook_seconds: lag.oldest_webhook_micros / 1_000_000,
            events: lag.events,
        }
    }
}

/// Which jobs, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobsQuery {
    /// Where they stand.
    #[param(inline)]
    state: Option<JobStateDto>,
    /// What they do.
    #[validate(length(max = 100))]
    kind: Option<String>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List jobs
#[utoipa::path(tag = "admin: jobs", params(JobsQuery), responses(
    (status = 200, description = "Jobs, newest first.", body = List<JobDto>),
))]
#[get("/api/admin/jobs")]
pub(crate) async fn list_jobs(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<JobsQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = JobFilter {
        state: query.state.map(Into::into),
        kind: query.kind,
    };
    let page = state.queue.jobs(&caller.0, &filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, JobDto::from)?.response())
}

/// See how far behind the jobs are
#[utoipa::path(tag = "admin: jobs", responses(
    (status = 200, description = "Counts and ages.", body = LagDto),
))]
#[get("/api/admin/jobs/lag")]
pub(crate) async fn get_job_lag(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let lag = state.queue.lag(&caller.0).await?;
    Ok(HttpResponse::Ok().json(LagDto::from(lag)))
}

/// See a job
#[utoipa::path(tag = "admin: jobs", params(("job_id" = String, Path, description = "The job.")), responses(
    (status = 200, description = "The job.", body = JobDto),
))]
#[get("/api/admin/jobs/{job_id}")]
pub(crate) async fn get_job(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QueueError::JobNotFound)?;
    let job = state.queue.job(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(JobDto::from(job)))
}

/// Try a dead letter again
#[utoipa::path(tag = "admin: jobs", params(("job_id" = String, Path, description = "The job.")), responses(
    (status = 200, description = "The job, queued.", body = JobDto),
))]
#[post("/api/admin/jobs/{job_id}/retry")]
pub(crate) async fn retry_job(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QueueError::JobNotFound)?;
    let job = state.queue.retry(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(JobDto::from(job)))
}

/// Discard a dead letter
#[utoipa::path(tag = "admin: jobs", params(("job_id" = String, Path, description = "The job.")), responses(
    (status = 204, description = "It is gone."),
))]
#[post("/api/admin/jobs/{job_id}/discard")]
pub(crate) async fn discard_job(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QueueError::JobNotFound)?;
    state.queue.discard(&caller.0, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
