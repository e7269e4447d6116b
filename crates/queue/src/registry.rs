//! Which handler runs a job, and which jobs an event gives rise to.

use std::collections::HashMap;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use kernel::{
    DomainError, ErrorReport, Event, EventId, Fault, Job, JobId, Scope, TenantId, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a handler is told about the job it runs.
#[derive(Debug, Clone)]
pub struct JobContext {
    /// The authority of the job's tenant.
    pub scope: Scope,
    /// Which job.
    pub id: JobId,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Whether it is not tried again after this.
    pub is_last: bool,
}

/// An event on its way to a subscriber.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// Whose.
    pub tenant: TenantId,
    /// Which event; the same at every delivery.
    pub id: EventId,
    /// Its kind.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// What it says.
    pub payload: Value,
}

type Handler =
    Arc<dyn Fn(JobContext, Value) -> BoxFuture<'static, Result<(), ErrorReport>> + Send + Sync>;
type ToJob = Box<dyn Fn(&Delivery) -> Result<NewJob, Fault> + Send + Sync>;
type ToTags = Box<dyn Fn(&Value) -> Vec<String> + Send + Sync>;

/// A job an event gives rise to.
pub(crate) struct NewJob {
    pub(crate) kind: &'static str,
    pub(crate) payload: Value,
    pub(crate) max_attempts: u32,
}

/// Handlers, subscriptions and tags; filled once at start-up.
#[derive(Default)]
pub struct Registry {
    handlers: HashMap<&'static str, Handler>,
    subscriptions: HashMap<&'static str, Vec<ToJob>>,
    to_all: Vec<ToJob>,
    tags: HashMap<&'static str, ToTags>,
}

impl Registry {
    /// Names the handler of a job.
    pub fn handle<J, E, F, Fut>(&mut self, handler: F)
    where
        J: Job,
        E: DomainError,
        F: Fn(JobContext, J) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
    {
        let run: Handler =
            Arc::new(
                move |context, payload| match serde_json::from_value::<J>(payload) {
                    Ok(job) => handler(context, job)
                        .map(|result| result.map_err(ErrorReport::from))
                        .boxed(),
                    Err(error) => {
                        let fault = Fault::permanent("read the payload").caused_by(error);
                        futures::future::ready(Err(ErrorReport::from(fault))).boxed()
                    }
                },
            );
        let replaced = self.handlers.insert(J::KIND, run);
        assert!(replaced.is_none(), "two handlers for {}", J::KIND);
    }

    /// Makes a job of every event of a kind.
    pub fn subscribe<E: Event, J: Job>(&mut self, to_job: fn(E) -> J) {
        self.tags_of::<E>();
        self.subscriptions
            .entry(E::KIND)
            .or_default()
            .push(Box::new(move |delivery| {
                let event = serde_json::from_value(delivery.payload.clone())
                    .map_err(|error| Fault::permanent("read an event").caused_by(error))?;
                new_job(&to_job(event))
            }));
    }

    /// Makes a job of every event of any kind.
    pub fn subscribe_to_all<J: Job>(&mut self, to_job: fn(&Delivery) -> J) {
        self.to_all
            .push(Box::new(move |delivery| new_job(&to_job(delivery))));
    }

    /// Lets the events of a kind make cached answers stale on every node.
    pub fn tags_of<E: Event>(&mut self) {
        self.tags.entry(E::KIND).or_insert_with(|| {
            Box::new(|payload| {
                serde_json::from_value::<E>(payload.clone())
                    .map(|event| event.stale_tags())
                    .unwrap_or_default()
            })
        });
    }

    /// The kinds of jobs there are handlers for.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.keys().copied()
    }

    pub(crate) fn handler(&self, kind: &str) -> Option<Handler> {
        self.handlers.get(kind).cloned()
    }

    pub(crate) fn jobs_for(&self, delivery: &Delivery) -> Result<Vec<NewJob>, Fault> {
        self.subscriptions
            .get(delivery.kind.as_str())
            .into_iter()
            .flatten()
            .chain(&self.to_all)
            .map(|to_job| to_job(delivery))
            .collect()
    }

    pub(crate) fn tags_for(&self, delivery: &Delivery) -> Vec<String> {
        self.tags
            .get(delivery.kind.as_str())
            .map(|to_tags| to_tags(&delivery.payload))
            .unwrap_or_default()
    }
}

fn new_job<J: Job>(job: &J) -> Result<NewJob, Fault> {
    Ok(NewJob {
        kind: J::KIND,
        payload: serde_json::to_value(job)
            .map_err(|error| Fault::permanent("write a payload").caused_by(error))?,
        max_attempts: J::MAX_ATTEMPTS,
    })
}
