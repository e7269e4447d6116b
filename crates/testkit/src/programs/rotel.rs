//! Rotel, a receiver of OpenTelemetry's protocol.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Program, free_port, python_program};

/// How long spans may be on their way; they are sent in batches.
const PATIENCE: Duration = Duration::from_secs(30);

/// A receiver of traces.
pub struct Rotel {
    /// The program.
    pub program: Program,
}

/// A span that arrived.
#[derive(Debug, Clone, Default)]
pub struct Span {
    /// The trace it belongs to.
    pub trace: String,
    /// The span above; empty for the first of a trace.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// `SPAN_KIND_SERVER` and others.
    pub kind: String,
    /// `STATUS_CODE_ERROR` and others.
    pub status: String,
    /// Its attributes, as text.
    pub attributes: BTreeMap<String, String>,
}

impl Rotel {
    /// A receiver that forgets what it shows.
    pub async fn start() -> Self {
        let (http, grpc) = (free_port(), free_port());
        let program = Program::start("rotel", python_program("rotel-agent"), http, |folder| {
            let pid = folder.join("rotel.pid").display().to_string();
            [
                "start",
                "--otlp-http-endpoint",
                &format!("127.0.0.1:{http}"),
                "--otlp-grpc-endpoint",
                &format!("127.0.0.1:{grpc}"),
                "--debug-log",
                "traces",
                "--debug-log-verbosity",
                "detailed",
                "--exporter",
                "blackhole",
                "--pid-file",
                &pid,
            ]
            .map(str::to_owned)
            .to_vec()
        });
        Self {
            program: program.await,
        }
    }

    /// What to set `OTEL_EXPORTER_OTLP_ENDPOINT` to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.program.port())
    }

    /// All spans that have arrived.
    pub fn spans(&self) -> Vec<Span> {
        spans(&self.program.log())
    }

    /// Waits for a span.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn wait_for(&self, what: &str, is_it: impl Fn(&Span) -> bool) -> Span {
        let started = Instant::now();
        loop {
            if let Some(span) = self.spans().into_iter().find(&is_it) {
                return span;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "no span of {what} among {:#?}",
                self.spans()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Reads the receiver's own listing.
fn spans(log: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut of_span = false;
    for line in log.lines() {
        if line.starts_with("Span #") {
            spans.push(Span::default());
            of_span = false;
            continue;
        }
        let Some(span) = spans.last_mut() else {
            continue;
        };
        let text = line.trim();
        // Events of the span have attributes too, and come after.
        if line == "Attributes:" {
            of_span = true;
        } else if !line.starts_with(' ') {
            of_span = false;
        } else if let Some((name, value)) =
            text.strip_prefix("-> ").and_then(|t| t.split_once(": "))
        {
            if of_span {
                let inner = value.split_once('(').and_then(|(_, v)| v.strip_suffix(')'));
                let value = inner.unwrap_or(value).to_owned();
                span.attributes.insert(name.to_owned(), value);
            }
        } else if let Some((name, value)) = text.split_once(':') {
            let value = value.trim().to_owned();
            match name.trim() {
                "Trace ID" => span.trace = value,
                "Parent ID" => span.parent = value,
                "Name" => span.name = value,
                "Kind" => span.kind = value,
                "Status code" => span.status = value,
                _ => {}
            }
        }
    }
    spans
}
