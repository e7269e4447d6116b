//! What operators see and do: jobs, dead letters, received webhooks.

mod jobs;
mod lag;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use database::{Database, Transaction};
use kernel::{AccessDenied, AuditEntry, DomainError, ErrorKind, Fault, Job, WebhookEventId};
use strum::{EnumDiscriminants, EnumIter};

use crate::queue::Queue;

pub use jobs::{JobFilter, JobState, JobView};
pub use lag::Lag;
pub use webhooks::WebhookFilter;

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

type ReplayJob = Box<dyn Fn(WebhookEventId) -> Replay + Send + Sync>;

/// A job that processes a webhook again.
struct Replay {
    kind: &'static str,
    max_attempts: u32,
    payload: serde_json::Result<serde_json::Value>,
}

/// Where the actions of operators are recorded. The log belongs to accounts,
/// which build upon this crate.
#[async_trait::async_trait]
pub trait ActionLog: Send + Sync {
    /// Records an action in the transaction that does it, as its last write.
    async fn record_in_tx(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault>;
}

/// The use cases of operators.
pub struct QueueAdmin {
    database: Database,
    queue: Queue,
    log: Arc<dyn ActionLog>,
    replays: Vec<(&'static str, ReplayJob)>,
}

impl QueueAdmin {
    /// The use cases over a database.
    pub fn new(database: Database, queue: Queue, log: Arc<dyn ActionLog>) -> Self {
        Self {
            database,
            queue,
            log,
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
}
