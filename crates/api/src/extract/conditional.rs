//! `If-Match`: changes only to what the caller has read.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};

use crate::problem::{ApiError, RequestError};

/// The `ETag` of a version.
pub(crate) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The version that `If-Match` names, if any.
pub(crate) struct IfMatch(pub(crate) Option<i64>);

/// The version that `If-Match` names.
pub(crate) struct RequiredIfMatch(pub(crate) i64);

fn read(request: &HttpRequest) -> Result<Option<i64>, RequestError> {
    let Some(value) = request.headers().get(IF_MATCH) else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"'))
        .and_then(|text| text.parse().ok())
        .map(Some)
        .ok_or(RequestError::InvalidHeader {
            name: "If-Match",
            why: "send the ETag of what you read, such as \"3\" with its quotes",
        })
}

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request).map(Self).map_err(ApiError::from))
    }
}

impl FromRequest for RequiredIfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            read(request)
                .and_then(|version| version.ok_or(RequestError::IfMatchMissing))
                .map(Self)
                .map_err(ApiError::from),
        )
    }
}
