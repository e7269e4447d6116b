//! What a request says about its sender.

use accounts_service::Credentials;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, HOST, USER_AGENT};
use secrecy::SecretString;

use crate::problem::RequestError;

/// The longest token that is looked at.
const MAX_TOKEN: usize = 4_096;
/// What of a user agent is kept.
const MAX_USER_AGENT: usize = 256;

/// What the header `Authorization` holds.
pub(crate) fn of(request: &ServiceRequest) -> Result<Credentials, RequestError> {
    let Some(value) = request.headers().get(AUTHORIZATION) else {
        return Ok(Credentials::None);
    };
    let invalid = RequestError::InvalidHeader {
        name: "Authorization",
        why: "send `Bearer` and an access token or an API key",
    };
    let Ok(text) = value.to_str() else {
        return Err(invalid);
    };
    match text.split_once(' ') {
        Some((scheme, token))
            if scheme.eq_ignore_ascii_case("bearer")
                && !token.trim().is_empty()
                && token.len() <= MAX_TOKEN =>
        {
            Ok(Credentials::Bearer(SecretString::from(token.trim())))
        }
        _ => Err(invalid),
    }
}

/// The host the request was sent to, without port.
pub(crate) fn host(request: &ServiceRequest) -> Option<String> {
    let value = request
        .headers()
        .get(HOST)
        .and_then(|value| value.to_str().ok())
        .or_else(|| request.uri().host())?;
    let name = match value.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => value,
    };
    Some(name.trim_end_matches('.').to_lowercase())
}

/// What the client calls itself.
pub(crate) fn user_agent(request: &ServiceRequest) -> Option<String> {
    let text = request.headers().get(USER_AGENT)?.to_str().ok()?;
    Some(text[..text.floor_char_boundary(MAX_USER_AGENT)].to_owned())
}

/// The longest language tag that is looked at (RFC 5646, section 4.4.1).
const MAX_LANGUAGE: usize = 35;

/// The language the client wishes for most.
pub(crate) fn language(request: &ServiceRequest) -> Option<String> {
    most_wanted(request.headers().get(ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// The tag with the highest weight of an `Accept-Language` (RFC 9110, section
/// 12.5.4); the first of several.
fn most_wanted(header: &str) -> Option<String> {
    let mut best: Option<(&str, f32)> = None;
    for one in header.split(',').take(20) {
        let (tag, parameters) = one.split_once(';').unwrap_or((one, ""));
        let tag = tag.trim();
        let weight = match parameters.trim().strip_prefix("q=") {
            Some(weight) => weight.parse().unwrap_or(0.0),
            None => 1.0,
        };
        let is_tag = tag.len() <= MAX_LANGUAGE
            && tag.starts_with(|c: char| c.is_ascii_alphabetic())
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if is_tag && weight > best.map_or(0.0, |(_, best)| best) {
            best = Some((tag, weight));
        }
    }
    best.map(|(tag, _)| tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::most_wanted;

    #[test]
    fn the_language_of_the_highest_weight_is_taken() {
        let of = |header| most_wanted(header).unwrap_or_default();
        assert_eq!(of("de-AT,de;q=0.9,en;q=0.8"), "de-AT");
        assert_eq!(of("en;q=0.5, id;q=0.7"), "id");
        assert_eq!(of("*, fr;q=0"), "");
        assert_eq!(of("<script>, de\u{e9}, ;q=1"), "");
        assert_eq!(of(&format!("{}, de;q=0.1", "a".repeat(36))), "de");
    }
}
