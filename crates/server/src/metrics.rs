//! What `/metrics` shows.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution of durations, in seconds.
    Histogram,
}

/// Every metric: its kind, its name, what it says. `docs/operations.md` has
/// the same table, with labels.
pub const METRICS: &[(Kind, &str, &str)] = &[
    (
        Kind::Counter,
        "sutler_http_requests_total",
        "Requests that were answered.",
    ),
    (
        Kind::Histogram,
        "sutler_http_request_seconds",
        "How long requests took.",
    ),
    (
        Kind::Counter,
        "sutler_rate_limited_total",
        "Requests that were refused because there were too many.",
    ),
    (
        Kind::Counter,
        "sutler_rate_limiter_failures_total",
        "Requests for which Redis did not count, so that this node did.",
    ),
    (
        Kind::Histogram,
        "sutler_transaction_seconds",
        "How long write transactions took, from begin to commit.",
    ),
    (
        Kind::Counter,
        "sutler_transaction_retries_total",
        "Transactions that were tried again after a passing failure.",
    ),
    (
        Kind::Counter,
        "sutler_database_round_trips_total",
        "Statements that were sent to the database and awaited.",
    ),
    (
        Kind::Gauge,
        "sutler_pool_open",
        "Open database connections.",
    ),
    (
        Kind::Gauge,
        "sutler_pool_idle",
        "Open database connections that wait for work.",
    ),
    (
        Kind::Gauge,
        "sutler_pool_waiting",
        "Callers that wait for a database connection.",
    ),
    (
        Kind::Gauge,
        "sutler_pool_limit",
        "Database connections at most.",
    ),
    (Kind::Gauge, "sutler_jobs", "Jobs in the database."),
    (
        Kind::Gauge,
        "sutler_job_oldest_due_seconds",
        "For how long the oldest job that is due has waited.",
    ),
    (
        Kind::Counter,
        "sutler_jobs_total",
        "Attempts to run a job that this process made.",
    ),
    (
        Kind::Histogram,
        "sutler_job_seconds",
        "How long attempts took.",
    ),
    (
        Kind::Histogram,
        "sutler_job_wait_seconds",
        "How long jobs had existed when an attempt began.",
    ),
    (
        Kind::Gauge,
        "sutler_events_waiting",
        "Events that wait to be relayed.",
    ),
    (
        Kind::Counter,
        "sutler_events_relayed_total",
        "Events that this process relayed.",
    ),
    (
        Kind::Gauge,
        "sutler_webhooks_waiting",
        "Received webhooks that wait to be processed.",
    ),
    (
        Kind::Gauge,
        "sutler_webhook_oldest_seconds",
        "For how long the oldest of them has waited.",
    ),
    (
        Kind::Gauge,
        "sutler_search_bytes",
        "Memory of this process for products that are searched, in bytes.",
    ),
    (
        Kind::Counter,
        "sutler_carts_abandoned_total",
        "Carts that were left behind.",
    ),
    (
        Kind::Counter,
        "sutler_visitors_dropped_total",
        "Visitors that were not counted because there were too many at once.",
    ),
];

/// Tells the recorder what each metric is.
pub(crate) fn describe() {
    for &(kind, name, what) in METRICS {
        match kind {
            Kind::Counter => describe_counter!(name, what),
            Kind::Gauge => describe_gauge!(name, what),
            Kind::Histogram => describe_histogram!(name, Unit::Seconds, what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_guide_lists_every_metric() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md");
        let text = std::fs::read_to_string(path).unwrap();
        let documented: BTreeSet<(&str, &str)> = text
            .lines()
            .filter_map(|line| {
                let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
                name.starts_with("sutler_").then_some(())?;
                Some((name, rest.split_once(" |")?.0))
            })
            .collect();
        let known: BTreeSet<(&str, &str)> = METRICS
            .iter()
            .map(|&(kind, name, _)| {
                let kind = match kind {
                    Kind::Counter => "counter",
                    Kind::Gauge => "gauge",
                    Kind::Histogram => "histogram",
                };
                (name, kind)
            })
            .collect();
        assert_eq!(documented, known);
        assert_eq!(known.len(), METRICS.len());
    }
}
