//! Logs, traces, errors.

use strum::{EnumString, VariantNames};
use url::Url;

use crate::reader::Reader;
use crate::values::{Choice, Secret};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Choice for LogFormat {}

/// Logs, traces, errors.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines there are.
    pub log_filter: String,
    /// Where traces go.
    pub otlp_endpoint: Option<Url>,
    /// Where errors go.
    pub sentry_dsn: Option<Secret>,
}

pub(crate) fn read(r: &mut Reader) -> Telemetry {
    Telemetry {
        log_format: r.value("log.format", "pretty", "How log lines look."),
        log_filter: r.value(
            "log.filter",
            "info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,actix_http=off,actix_server=warn",
            "Which log lines there are, in the syntax of tracing's EnvFilter.",
        ),
        otlp_endpoint: r.optional(
            "otel.exporter_otlp_endpoint",
            "http://127.0.0.1:4318",
            "An OTLP/HTTP receiver for traces.",
        ),
        sentry_dsn: r.optional(
            "sentry.dsn",
            "https://key@sentry.example/1",
            "Where errors are reported.",
        ),
    }
}
