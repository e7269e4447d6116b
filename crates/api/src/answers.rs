//! Public answers from memory.
//!
//! The middleware gives out what is kept, before a controller is looked for;
//! controllers work out what is not, and keep it.

use std::sync::Arc;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use kernel::{Fault, TenantId};
use serde::Serialize;

use crate::cache::{Answer, Key};
use crate::extract::Caller;
use crate::problem::ApiError;
use crate::state::ApiState;

/// The paths whose answers are kept.
const KEPT: &str = "/api/catalog/";

/// The answer that is kept for a request, if there is one.
pub(crate) fn kept(
    state: &ApiState,
    tenant: TenantId,
    request: &ServiceRequest,
) -> Option<HttpResponse> {
    if request.method() != Method::GET || !request.path().starts_with(KEPT) {
        return None;
    }
    let answer = state
        .answers
        .get(&key(tenant, request.path(), request.query_string()))?;
    Some(respond(request.headers(), &answer))
}

/// The path and the query in an order of its own, so that the same question
/// in other words finds the same answer.
fn key(tenant: TenantId, path: &str, query: &str) -> Key {
    let mut name = String::with_capacity(path.len() + query.len() + 1);
    name.push_str(path);
    if !query.is_empty() {
        let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        pairs.sort_unstable();
        name.push('?');
        name.push_str(&pairs.join("&"));
    }
    (tenant, name)
}

/// A kept answer as a response. Shared caches may keep it only for callers
/// without a token: with one, the tenant may be another than the host's.
fn respond(headers: &HeaderMap, answer: &Answer) -> HttpResponse {
    let etag = answer.etag.to_str().unwrap_or_default();
    let mut response = if matches_etag(headers, etag) {
        HttpResponse::NotModified().finish()
    } else {
        HttpResponse::Ok()
            .content_type("application/json")
            .body(answer.body.clone())
    };
    let control = if headers.contains_key(header::AUTHORIZATION) {
        "private, max-age=0, must-revalidate"
    } else {
        "public, max-age=0, s-maxage=30, stale-while-revalidate=60"
    };
    let to_set = response.headers_mut();
    to_set.insert(header::ETAG, answer.etag.clone());
    to_set.insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
    let vary = HeaderValue::from_static("Authorization, Host");
    to_set.insert(header::VARY, vary);
    if let Some(link) = &answer.link {
        to_set.insert(header::LINK, link.clone());
    }
    response
}

/// Whether a request names this `ETag` in `If-None-Match`.
pub(crate) fn matches_etag(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|given| {
            given
                .split(',')
                .map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == etag || tag == "*")
        })
}

/// An answer that was just worked out.
pub(crate) struct Fresh {
    body: Vec<u8>,
    link: Option<String>,
    tags: Vec<String>,
}

impl Fresh {
    /// It shows what these tags name.
    pub(crate) fn new<T: Serialize>(shown: &T, tags: Vec<String>) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(shown)
            .map_err(|error| Fault::permanent("write an answer").caused_by(error))?;
        Ok(Self {
            body,
            link: None,
            tags,
        })
    }

    /// With where the next page is.
    pub(crate) fn linked(self, link: Option<String>) -> Self {
        Self { link, ..self }
    }
}

/// The answer that `work` makes, which is kept until what it shows changes.
pub(crate) async fn keep(
    state: &ApiState,
    caller: &Caller,
    request: &HttpRequest,
    work: impl AsyncFnOnce() -> Result<Fresh, ApiError>,
) -> Result<HttpResponse, ApiError> {
    let begun = state.answers.begin();
    let fresh = work().await?;
    let answer = Arc::new(Answer::new(fresh.body, fresh.link));
    let response = respond(request.headers(), &answer);
    let key = key(caller.0.tenant(), request.path(), request.query_string());
    state.answers.put(key, answer, begun, fresh.tags);
    Ok(response)
}
