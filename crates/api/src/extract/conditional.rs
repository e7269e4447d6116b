//! `If-Match`: changes only to what the caller has read.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use kernel::Expected;

use crate::problem::{ApiError, RequestError};

/// The `ETag` of a version.
pub(crate) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// The versions that `If-Match` names, if it is there.
pub(crate) struct IfMatch(pub(crate) Option<Expected>);

/// The versions that `If-Match` names.
pub(crate) struct RequiredIfMatch(pub(crate) Expected);

fn read(request: &HttpRequest) -> Result<Option<Expected>, RequestError> {
    let refused = RequestError::InvalidHeader {
        name: "If-Match",
        why: "send the ETag of what you read, such as \"3\" with its quotes, several with commas between, or *",
    };
    // Several lines are one list (RFC 9110, section 5.3).
    let lines: Option<Vec<&str>> = request
        .headers()
        .get_all(IF_MATCH)
        .map(|line| line.to_str().ok())
        .collect();
    match lines.as_deref() {
        Some([]) => Ok(None),
        Some(lines) => expected(&lines.join(",")).map(Some).ok_or(refused),
        None => Err(refused),
    }
}

/// Reads `*` or a list of entity tags (RFC 9110, section 8.8.3). `If-Match`
/// compares strongly, so a weak tag is none that is found; nor is one that is
/// not ours.
fn expected(text: &str) -> Option<Expected> {
    let mut rest = text.trim();
    if rest == "*" {
        return Some(Expected::Any);
    }
    let mut versions = Vec::new();
    let mut tags = 0;
    while !rest.is_empty() {
        // Lists may have empty places (section 5.6.1.2).
        if let Some(after) = rest.strip_prefix(',') {
            rest = after.trim_start();
            continue;
        }
        let weak = rest.starts_with("W/");
        let opened = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
        let (tag, after) = opened.split_once('"')?;
        if !tag.bytes().all(|b| b.is_ascii_graphic()) {
            return None;
        }
        tags += 1;
        if !weak && let Ok(version) = tag.parse::<i64>() {
            // Only the form in which it was sent.
            versions.extend((version.to_string() == tag).then_some(version));
        }
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
    (tags > 0).then_some(Expected::OneOf(versions))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_rfc_9110_has_them() {
        let one_of = |versions: &[i64]| Some(Expected::OneOf(versions.to_vec()));
        for (text, versions) in [
            ("*", Some(Expected::Any)),
            (" * ", Some(Expected::Any)),
            ("\"3\"", one_of(&[3])),
            ("\"3\", \"4\",\"5\"", one_of(&[3, 4, 5])),
            (", \"3\" ,, \"4\",", one_of(&[3, 4])),
            ("W/\"3\"", one_of(&[])),
            ("W/\"3\", \"4\"", one_of(&[4])),
            ("\"a,b\"", one_of(&[])),
            ("\"\"", one_of(&[])),
            ("\"03\"", one_of(&[])),
            ("\"+3\"", one_of(&[])),
            ("", None),
            (",", None),
            ("3", None),
            ("\"3", None),
            ("\"3\" \"4\"", None),
            ("w/\"3\"", None),
            ("*, \"3\"", None),
            ("\"3\", *", None),
            ("\"a b\"", None),
        ] {
            assert_eq!(expected(text), versions, "{text:?}");
        }
    }
}
