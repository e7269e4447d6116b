//! The header `Idempotency-Key`.

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::Method;
use actix_web::web::Bytes;
use kernel::secret::{base64url, sha256};
use kernel::{Actor, Idempotency, Scope};

use crate::extract::{BodyLimits, read_all};
use crate::problem::RequestError;
use crate::routes::Route;

/// What the keys of those begin with who are only known by their address.
const ADDRESS: &str = "address:";
/// The shortest key of those, which nobody else chooses by chance.
const MIN_SHARED: usize = 16;

/// Routes whose bodies are too large for memory. What they have to do with the
/// wish is up to their use cases.
const STREAMED: &[&str] = &["/api/admin/imports"];

/// Whether a POST with such a header has one effect however often it comes.
/// The body is read for it, because the same key with another body is another
/// request.
pub(crate) async fn wish(
    request: &mut ServiceRequest,
    route: &'static Route,
    scope: &Scope,
    limits: BodyLimits,
) -> Result<Option<Idempotency>, RequestError> {
    if request.method() != Method::POST {
        return Ok(None);
    }
    let Some(value) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or(RequestError::InvalidHeader {
            name: "Idempotency-Key",
            why: "send 1 to 255 visible ASCII characters, such as a UUID",
        })?
        .to_owned();
    let principal = principal(request, scope);
    if principal.starts_with(ADDRESS) && key.len() < MIN_SHARED {
        return Err(RequestError::InvalidHeader {
            name: "Idempotency-Key",
            why: "without an account or a cart's token, send at least 16 characters, such as a UUID: others at your address could choose the same",
        });
    }
    let body = if STREAMED.contains(&route.name()) {
        Bytes::new()
    } else {
        let body = read_all(request.take_payload(), limits).await?;
        request.set_payload(Payload::from(body.clone()));
        body
    };
    let fingerprint = sha256(
        &[
            request.path().as_bytes(),
            b"?",
            request.query_string().as_bytes(),
            b"\0",
            &body,
        ]
        .concat(),
    );
    let route = format!("POST {}", route.name());
    Ok(Some(Idempotency::new(key, route, fingerprint, principal)))
}

/// Whose key it is: the account's, or that of whoever holds a guest's token,
/// or that of an address.
fn principal(request: &ServiceRequest, scope: &Scope) -> String {
    if scope.actor() != Actor::Anonymous {
        return scope.actor().label();
    }
    let held = ["x-cart-token", "x-order-token"]
        .iter()
        .find_map(|name| request.headers().get(*name));
    match held {
        Some(token) => format!("guest:{}", base64url(&sha256(token.as_bytes())[..16])),
        None => match scope.request().address {
            Some(address) => format!("{ADDRESS}{address}"),
            None => format!("{ADDRESS}unknown"),
        },
    }
}
