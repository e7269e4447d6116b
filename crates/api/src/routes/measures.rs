//! What `/metrics` counts of a route.

use std::sync::OnceLock;
use std::time::Duration;

use actix_web::http::StatusCode;
use metrics::{Counter, Histogram};

/// The classes of answers.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The metrics of one route. The recorder looks for them by name and labels,
/// so they are asked for once and kept.
#[derive(Default)]
pub(crate) struct Measures {
    answers: [OnceLock<Counter>; CLASSES.len()],
    seconds: OnceLock<Histogram>,
}

impl Measures {
    pub(crate) const fn new() -> Self {
        Self {
            answers: [const { OnceLock::new() }; CLASSES.len()],
            seconds: OnceLock::new(),
        }
    }

    /// Counts an answer of the route with this name.
    pub(crate) fn take(&self, route: &'static str, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        let answers = self.answers[class].get_or_init(|| {
            metrics::counter!("sutler_http_requests_total", "route" => route, "status" => CLASSES[class])
        });
        answers.increment(1);
        let seconds = self
            .seconds
            .get_or_init(|| metrics::histogram!("sutler_http_request_seconds", "route" => route));
        seconds.record(took.as_secs_f64());
    }
}
