//! An HTTP server that keeps what it is sent and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use crate::stand_in::Serving;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its method and path.
    pub target: String,
    /// Its headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

impl Received {
    /// The value of a header; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

#[derive(Default)]
struct Kept {
    received: Vec<Received>,
    answers: VecDeque<(u16, String)>,
}

/// The server.
pub struct Sink {
    kept: Data<Mutex<Kept>>,
    server: Serving,
}

impl Sink {
    /// A server that answers 200 and `{}` until it is told otherwise.
    pub fn start() -> Self {
        let kept = Data::new(Mutex::new(Kept::default()));
        let server = Serving::start(kept.clone(), keep);
        Self { kept, server }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Lets it answer the next requests so, one after another.
    pub fn answer_next(&self, answers: &[(u16, &str)]) {
        let answers = answers
            .iter()
            .map(|(status, body)| (*status, (*body).to_owned()));
        lock(&self.kept).answers.extend(answers);
    }

    /// What has come, oldest first.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.kept).received.clone()
    }

    /// Waits for a request.
    ///
    /// # Panics
    /// When it does not come within half a minute.
    pub async fn wait_for(&self, what: &str, is_it: impl Fn(&Received) -> bool) -> Received {
        let started = Instant::now();
        loop {
            if let Some(found) = self.received().into_iter().find(&is_it) {
                return found;
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "no {what} among {:?}",
                self.received()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn keep(kept: Data<Mutex<Kept>>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let headers = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let received = Received {
        target: format!("{} {}", request.method(), request.path()),
        headers: headers.collect(),
        body,
    };
    let mut kept = lock(&kept);
    kept.received.push(received);
    let (status, body) = kept
        .answers
        .pop_front()
        .unwrap_or_else(|| (200, "{}".to_owned()));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    HttpResponse::build(status)
        .content_type("application/json")
        .body(body)
}
