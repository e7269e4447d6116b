//! What a request says about its sender.

use accounts_service::Credentials;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{AUTHORIZATION, HOST, USER_AGENT};
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
