//! Background work.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::reader::Reader;

/// Background work.
#[derive(Debug, Clone)]
pub struct Jobs {
    /// Whether `serve` also works.
    pub in_server: bool,
    /// Jobs that run at the same time.
    pub concurrency: NonZeroUsize,
    /// How often to look for work that nobody announced.
    pub poll_interval: Duration,
    /// How long a job is leased before another worker may take it.
    pub lease: Duration,
    /// How long open jobs may go on after a signal to stop.
    pub shutdown_timeout: Duration,
    /// Where `sutler worker` tells how it is.
    pub worker_bind: Option<SocketAddr>,
}

pub(crate) fn read(r: &mut Reader) -> Jobs {
    Jobs {
        in_server: r.value(
            "jobs.in_server",
            "true",
            "Whether `serve` also runs background jobs; turn it off where `sutler worker` runs apart.",
        ),
        concurrency: r.value("jobs.concurrency", "8", "Jobs that run at the same time."),
        poll_interval: r.value(
            "jobs.poll_interval",
            "500ms",
            "How often a worker looks for work that nobody announced to it; 10ms to 1m, and at most a third of JOBS_LEASE.",
        ),
        lease: r.value(
            "jobs.lease",
            "60s",
            "How long a job is leased, 2s to 1h; a worker that is alive renews the lease, one that died lets it run out.",
        ),
        shutdown_timeout: r.value(
            "jobs.shutdown_timeout",
            "20s",
            "How long running jobs may go on after a signal to stop.",
        ),
        worker_bind: r.optional(
            "worker.bind",
            "127.0.0.1:8081",
            "Where `sutler worker` answers `/health`, `/ready` and `/metrics`; without it a worker has no port.",
        ),
    }
}
