//! Background work: jobs, events, schedules and received webhooks, all kept in
//! the database and written in the transaction that needs them.
//!
//! - A use case calls [`Queue::enqueue`] and [`Queue::publish`] with its own
//!   transaction. Nothing is lost in a crash and nothing happens for work that
//!   was rolled back.
//! - The [`Worker`] claims jobs under a lease, counts the attempt before it
//!   runs the handler, renews the lease while it runs, and only the holder of
//!   the lease can finish the job. Failures back off with full jitter; what
//!   cannot succeed, or failed too often, becomes a dead letter.
//! - The [`Relay`] turns events into jobs for their subscribers and tells every
//!   node which cached answers are stale.
//! - [`schedule`]s are rows claimed by conditional update, so any number of
//!   workers is safe.
//! - The [`inbox`] stores a webhook before anything is done with it.
//! - [`admin`] is what operators see and do.

pub mod admin;
mod attempt;
pub mod inbox;
mod queue;
mod registry;
mod relay;
pub mod schedule;
mod stale;
mod store;
pub mod sweep;
mod worker;

pub use admin::{QueueAdmin, QueueError, QueueErrorCode};
pub use queue::Queue;
pub use registry::{Delivery, JobContext, Registry};
pub use relay::Relay;
pub use stale::{Stale, StaleTags};
pub use worker::{Worker, WorkerOptions};
