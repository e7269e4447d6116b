//! How a response leaves: errors as problems, headers, the log line, metrics.

use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::error::{InternalError, UrlencodedError};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{Error, HttpResponse};
use kernel::{ErrorKind, ErrorReport, Fault};

use super::{Counted, Outcome, request_id};
use crate::problem::{ApiError, RequestError, render};
use crate::routes::Route;
use crate::state::ApiState;

/// The response as it leaves.
pub(crate) fn finish(
    state: &ApiState,
    id: &str,
    counted: Counted,
    outcome: Outcome,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match outcome {
        Outcome::Answered(response) => {
            let mut response = match response.response().error().map(report_of) {
                Some(report) => {
                    let problem = problem(state, id, &report);
                    response.into_response(problem)
                }
                None => response,
            };
            headers(state, id, counted, response.headers_mut());
            Ok(response)
        }
        Outcome::Refused(request, error) => {
            let mut problem = problem(state, id, &report_of(&error.into()));
            headers(state, id, counted, problem.headers_mut());
            Ok(request.into_response(problem))
        }
        Outcome::Lost(error) => {
            let mut problem = problem(state, id, &report_of(&error));
            headers(state, id, counted, problem.headers_mut());
            Err(InternalError::from_response(error, problem).into())
        }
    }
}

fn problem(state: &ApiState, id: &str, report: &Report) -> HttpResponse {
    if report.0.kind == ErrorKind::Internal {
        let cause = report.0.internal.as_deref().unwrap_or_default();
        tracing::error!(code = report.0.code, cause, "internal error");
    } else if let Some(cause) = &report.0.internal {
        tracing::warn!(code = report.0.code, cause, "request failed");
    } else {
        tracing::debug!(
            code = report.0.code,
            detail = report.0.detail,
            "request refused"
        );
    }
    let mut response = render(&report.0, id, state.clock.now());
    if let Some(allow) = report
        .1
        .as_ref()
        .and_then(|a| HeaderValue::from_str(a).ok())
    {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// A report, and what the header `Allow` is to say.
struct Report(ErrorReport, Option<String>);

/// What an error of ours or of the framework means.
fn report_of(error: &Error) -> Report {
    if let Some(ours) = error.as_error::<ApiError>() {
        let report = &ours.0;
        let copy = ErrorReport {
            kind: report.kind,
            code: report.code,
            detail: report.detail.clone(),
            fields: report.fields.clone(),
            retry_after: report.retry_after,
            internal: report.internal.clone(),
            transient: report.transient,
        };
        return Report(copy, ours.allow().map(str::to_owned));
    }
    if let Some(form) = error.as_error::<UrlencodedError>() {
        return Report(RequestError::from_form(form).into(), None);
    }
    let status = error.as_response_error().status_code();
    let report = match status {
        StatusCode::NOT_FOUND => RequestError::NoRoute.into(),
        StatusCode::PAYLOAD_TOO_LARGE => RequestError::BodyTooLarge(0).into(),
        _ if status.is_client_error() => RequestError::BodyBroken.into(),
        _ => Fault::permanent(error.to_string()).into(),
    };
    Report(report, None)
}

fn headers(state: &ApiState, id: &str, counted: Counted, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static(request_id::HEADER), value);
    }
    let mut unless_set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    unless_set(CACHE_CONTROL, "private, no-store");
    unless_set(
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    unless_set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    unless_set(REFERRER_POLICY, "no-referrer");
    if state.hsts {
        unless_set(
            STRICT_TRANSPORT_SECURITY,
            "max-age=31536000; includeSubDomains",
        );
    }
    if let Some((limit, decision)) = counted {
        let policy = format!(
            "\"{}\";q={};w={}",
            limit.name,
            limit.count,
            limit.period.as_secs()
        );
        let left = format!(
            "\"{}\";r={};t={}",
            limit.name,
            decision.remaining,
            decision.reset_after.as_secs()
        );
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

/// What machines ask every few seconds; their lines would bury all others.
const PROBES: &[&str] = &["/health", "/ready", "/metrics"];
/// Routes of the public catalog and its pictures.
const CATALOG: [&str; 2] = ["/api/catalog/", "/media/"];

/// A duration in milliseconds, with three decimals at most.
fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

/// The log line and the metrics of a request.
pub(crate) fn record(status: StatusCode, route: Option<&'static Route>, took: Duration) {
    let (name, millis) = (Route::name_of(route), millis(took));
    if status.is_server_error() {
        // Why was said, and reported, before.
        tracing::warn!(status = status.as_u16(), millis, "answered");
    } else if PROBES.contains(&name)
        // One line a minute says who it is; whoever it is must not fill the log.
        || status == StatusCode::TOO_MANY_REQUESTS
        || (CATALOG.iter().any(|part| name.starts_with(part)) && !status.is_client_error())
    {
        // By far the most requests; writing a line costs more than the answer
        // of a cached catalog page, and the metrics count them.
        tracing::debug!(status = status.as_u16(), millis, "answered");
    } else {
        tracing::info!(status = status.as_u16(), millis, "answered");
    }
    Route::measure(route, status, took);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_have_three_decimals_at_most() {
        for (nanos, text) in [
            (1_234_567, "1.235"),
            (12_000_000, "12"),
            (1_100_000, "1.1"),
            (999, "0.001"),
        ] {
            assert_eq!(millis(Duration::from_nanos(nanos)).to_string(), text);
        }
    }
}
