//! Logs, traces, error reports, metrics.

mod lines;

use std::io::IsTerminal as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use anyhow::{Context as _, Result};
use config::{LogFormat, Settings, Telemetry};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use secrecy::ExposeSecret as _;
use sentry::integrations::tracing::{ErrorLayer, SpanLayer};
use tracing::{Metadata, Span};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry};

/// Bounds of the histograms of durations, in seconds.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0,
];
/// How long the last traces and reports may take to leave.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Keeps the telemetry going; dropped last, it sends what is left.
pub struct TelemetryGuard {
    _logs: WorkerGuard,
    traces: Option<SdkTracerProvider>,
    _reports: Option<sentry::ClientInitGuard>,
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces {
            // There is nobody left to tell.
            let _ = traces.shutdown_with_timeout(FLUSH_TIMEOUT);
        }
    }
}

/// Starts logs, traces and reports. Must not be called from an async task: the
/// exporter of traces has a thread and a client of its own.
pub fn start(settings: &Settings) -> Result<TelemetryGuard> {
    let telemetry = &settings.telemetry;
    let (writer, logs) = lines::to_stderr();
    let filter = filter(&telemetry.log_filter)?;
    let lines = match telemetry.log_format {
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(writer)
            .boxed(),
        LogFormat::Pretty => tracing_subscriber::fmt::layer()
            .compact()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(writer)
            .boxed(),
    };
    let traces = traces(telemetry)?;
    let spans = traces
        .as_ref()
        .map(|provider| tracing_opentelemetry::layer().with_tracer(provider.tracer("sutler")));
    let reports = reports(settings)?;
    // Errors are reported, with what their spans say; a report of each line
    // would use up anybody's quota. No spans are sent: none are sampled.
    let spans_of_errors = reports
        .as_ref()
        .map(|_| SpanLayer::new().with_filter(LevelFilter::INFO));
    let errors = reports.as_ref().map(|_| {
        ErrorLayer::new()
            .enable_span_attributes()
            .with_filter(LevelFilter::ERROR.or(filter_fn(is_span)))
    });
    Registry::default()
        .with(filter)
        .with(filter_fn(may_be_told))
        .with(lines)
        .with(spans)
        .with(spans_of_errors)
        .with(errors)
        .try_init()
        .context("start the logs")?;
    Ok(TelemetryGuard {
        _logs: logs,
        traces,
        _reports: reports,
    })
}

/// What is logged whatever the filter says: not what the client of clusters
/// tells, which quotes answers that it cannot read, secrets included, nor what
/// is told of each certificate that somebody else's server shows. What went
/// wrong is told by those who asked.
fn may_be_told(metadata: &Metadata<'_>) -> bool {
    let package = metadata.target().split("::").next().unwrap_or_default();
    !["kube_client", "kube_core", "rustls_platform_verifier"].contains(&package)
}

/// What is logged. Nearly every filter names targets and levels only; the full
/// syntax costs a lock whenever a span is entered, left or closed.
fn filter(text: &str) -> Result<Box<dyn Layer<Registry> + Send + Sync>> {
    let is_simple = text.split(',').all(|directive| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-:=".contains(c);
        !directive.is_empty() && directive.chars().all(is_plain)
    });
    if is_simple && let Ok(targets) = text.parse::<Targets>() {
        return Ok(Box::new(targets));
    }
    let filter = EnvFilter::try_new(text)
        .context("LOG_FILTER is not in the syntax of tracing's EnvFilter")?;
    Ok(Box::new(filter))
}

/// Not the method itself, which is for one lifetime only.
fn is_span(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
}

fn traces(telemetry: &Telemetry) -> Result<Option<SdkTracerProvider>> {
    let Some(endpoint) = &telemetry.otlp_endpoint else {
        return Ok(None);
    };
    let mut endpoint = endpoint.clone();
    let path = format!("{}/v1/traces", endpoint.path().trim_end_matches('/'));
    endpoint.set_path(&path);
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(endpoint.as_str())
        .with_timeout(Duration::from_secs(10))
        .build()
        .context("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used")?;
    let resource = Resource::builder().with_service_name("sutler").build();
    Ok(Some(
        SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build(),
    ))
}

fn reports(settings: &Settings) -> Result<Option<sentry::ClientInitGuard>> {
    let Some(dsn) = &settings.telemetry.sentry_dsn else {
        return Ok(None);
    };
    let dsn = dsn.expose_secret();
    dsn.parse::<sentry::types::Dsn>()
        .context("SENTRY_DSN is not a DSN")?;
    let environment = if settings.is_production() {
        "production"
    } else {
        "development"
    };
    let options = sentry::ClientOptions::new()
        .dsn(dsn)
        .release(concat!("sutler@", env!("CARGO_PKG_VERSION")))
        .environment(environment)
        .send_default_pii(false)
        .shutdown_timeout(FLUSH_TIMEOUT);
    Ok(Some(sentry::init(options)))
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0
            .keys()
            .map(actix_web::http::header::HeaderName::as_str)
            .collect()
    }
}

type TraceParent = Arc<dyn Fn(&HeaderMap, &str, &Span) + Send + Sync>;

/// Where traces are collected, a request goes on in the trace its caller names
/// (W3C Trace Context), under the name that OpenTelemetry's conventions give it.
pub fn trace_parent(telemetry: &Telemetry) -> Option<TraceParent> {
    telemetry.otlp_endpoint.as_ref()?;
    let propagator = TraceContextPropagator::new();
    Some(Arc::new(move |headers, name, span| {
        span.record("otel.name", name);
        span.record("otel.kind", "server");
        let parent = propagator.extract(&Headers(headers));
        // Fails only for spans that are not collected.
        let _ = span.set_parent(parent);
    }))
}

fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let handle = HANDLE.get_or_init(|| {
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), BUCKETS)
            .and_then(PrometheusBuilder::install_recorder)
            .inspect(|_| crate::metrics::describe())
            .ok()
    });
    handle.as_ref()
}

/// The recorder of metrics; one for a process, however often it is asked for.
pub fn metrics() -> Arc<dyn Fn() -> String + Send + Sync> {
    let recorder = recorder();
    Arc::new(move || {
        recorder
            .map(|recorder| {
                recorder.run_upkeep();
                recorder.render()
            })
            .unwrap_or_default()
    })
}

/// Sorts measured durations into the bounds of histograms. Until then each is
/// kept, so it has to be done now and then where nobody asks for `/metrics`.
pub(crate) fn sum_up_metrics() {
    if let Some(recorder) = recorder() {
        recorder.run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    /// Whether our details, those of others, and warnings of others are seen.
    fn seen(text: &str) -> [bool; 3] {
        let subscriber = Registry::default().with(filter(text).unwrap());
        tracing::subscriber::with_default(subscriber, || {
            [
                tracing::enabled!(target: "sutler::part", Level::DEBUG),
                tracing::enabled!(target: "other", Level::DEBUG),
                tracing::enabled!(target: "other", Level::WARN),
            ]
        })
    }

    #[test]
    fn filters_hold_for_targets() {
        assert_eq!(seen("warn,sutler=debug"), [true, false, true]);
        assert_eq!(seen("sutler=debug"), [true, false, false]);
        assert_eq!(seen("debug,other=error"), [true, false, false]);
        assert!(filter("sutler=loud").is_err());
    }

    #[test]
    fn what_quotes_secrets_is_not_told_whatever_the_filter_says() {
        let subscriber = Registry::default()
            .with(filter("trace,kube_client::client=trace").unwrap())
            .with(filter_fn(may_be_told));
        tracing::subscriber::with_default(subscriber, || {
            assert!(!tracing::enabled!(target: "kube_client::client", Level::WARN));
            assert!(!tracing::enabled!(target: "rustls_platform_verifier::others", Level::ERROR));
            assert!(tracing::enabled!(target: "clusters_service::reconcile", Level::TRACE));
        });
    }
}
