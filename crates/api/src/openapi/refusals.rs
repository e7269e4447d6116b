//! The errors that operations answer with.
//!
//! What the middleware, the extractors and the routes share follows from what
//! an operation is; what a use case refuses stands in [`OWN`]. Each error is a
//! response of its own in the document, named by its code.

use actix_web::http::{Method, StatusCode};
use serde_json::{Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder};

use super::codes::{MISSING, OWN};
use super::details;
use super::{UNLIMITED, has_parameter, headers, operations};

const PROBLEM: &str = "application/problem+json";

/// Adds to every operation the errors it can answer with.
pub(super) fn add(document: &mut Document) {
    let mut used = Vec::new();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            for (status, code) in of(path, &method, operation) {
                let entry = operation.responses.responses.entry(status.to_string());
                let of_its_own = RefOr::Ref(Ref::from_response_name(code));
                match entry.or_insert_with(|| of_its_own) {
                    RefOr::Ref(_) => used.push((status, code)),
                    RefOr::T(described) => complete(status, code, described),
                }
            }
        }
    }
    let components = document.components.get_or_insert_default();
    for (status, code) in used {
        components
            .responses
            .entry(code.to_owned())
            .or_insert_with(|| RefOr::T(response(status, code)));
    }
}

/// The statuses of an operation's errors, each with a code.
fn of(path: &str, method: &Method, operation: &Operation) -> Vec<(u16, &'static str)> {
    let place = format!("{method} {path}$");
    let own = |status: u16| {
        let mut rows = OWN.iter();
        rows.find(|(part, of, _)| *of == status && place.contains(part))
            .map(|(_, _, code)| *code)
    };
    let limited = !UNLIMITED.contains(&path);
    let when = |applies: bool, code: &'static str| applies.then_some(code);
    let body = operation.request_body.is_some();
    let versioned = has_parameter(operation, "If-Match");
    let repeatable = has_parameter(operation, "Idempotency-Key");
    let guarded = path != "/health" && path != "/ready";
    let open = operation
        .security
        .iter()
        .flatten()
        .any(|way| *way == utoipa::openapi::security::SecurityRequirement::default());
    let unsigned = if open {
        "auth.invalid_token"
    } else {
        "auth.required"
    };
    [
        (400, when(limited, "request.invalid_query")),
        (401, when(guarded, unsigned)),
        (402, None),
        (403, when(limited, "tenant.suspended")),
        (404, missing(path)),
        (408, when(body || repeatable, "request.body_timeout")),
        (409, when(repeatable, "idempotency.in_progress")),
        (410, None),
        (412, when(versioned, "version_mismatch")),
        (413, when(body || repeatable, "request.body_too_large")),
        (414, when(limited, "request.url_too_long")),
        (415, when(body, "request.unsupported_media_type")),
        (
            422,
            when(body, "request.invalid_body").or(when(repeatable, "idempotency.key_reused")),
        ),
        (428, when(versioned, "request.if_match_missing")),
        (429, when(limited, "rate_limited")),
        (500, Some("internal")),
        (502, None),
        (503, when(limited, "unavailable")),
    ]
    .into_iter()
    .filter_map(|(status, general)| Some((status, own(status).or(general)?)))
    .collect()
}

/// The code for when what the last parameter of a path names is not there.
fn missing(path: &str) -> Option<&'static str> {
    let (_, last) = path.rsplit_once('{')?;
    let (name, _) = last.split_once('}')?;
    let found = MISSING.iter().find(|(parameter, _)| *parameter == name);
    found.map(|(_, code)| *code)
}

/// The response with an error.
fn response(status: u16, code: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .build();
    let mut response = ResponseBuilder::new()
        .description(meaning(status))
        .content(PROBLEM, content)
        .build();
    headers::always("", &mut response);
    complete(status, code, &mut response);
    response
}

/// Gives a response with an error its example and headers.
fn complete(status: u16, code: &str, response: &mut Response) {
    headers::of_refusal(status, response);
    if let Some(RefOr::T(content)) = response.content.get_mut(PROBLEM) {
        content.example = Some(example(status, code));
    }
}

fn example(status: u16, code: &str) -> Value {
    let (detail, field) = details::refusal(code).unwrap_or_default();
    let title = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error");
    let mut problem = json!({
        "type": format!("urn:sutler:error:{code}"),
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "req_9wLr0dTqg4Bv1cXyYk2m",
        "timestamp": "2026-11-20T12:00:00.000000Z",
    });
    if let Some((pointer, rule)) = field {
        problem["errors"] = json!([{ "pointer": pointer, "code": rule, "detail": detail }]);
    }
    problem
}

/// What a status says.
fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read.",
        401 => "The token is missing or not valid.",
        402 => "There is not enough credit.",
        403 => "You may not do that.",
        404 => "There is no such thing.",
        408 => "The body did not come in time.",
        409 => "Its state forbids it, or somebody else was faster.",
        410 => "It is over.",
        412 => "It was changed since you read it.",
        413 => "The body is too large.",
        414 => "The URL is too long.",
        415 => "The body is of another kind.",
        422 => "The values make no sense; `errors` names the fields.",
        428 => "`If-Match` is missing.",
        429 => "Too many requests; see `Retry-After`.",
        502 => "The payment gateway refused.",
        503 => "Try again shortly; see `Retry-After`.",
        _ => "Our fault.",
    }
}
