//! Cross-origin requests: from configured origins only.

use actix_cors::Cors;
use actix_web::http::header::HeaderName;
use url::Url;

/// What the browser may let pages of other origins do. Without configured
/// origins there are no CORS headers at all, which means nothing.
pub fn cors(origins: &[Url]) -> Cors {
    let header = HeaderName::from_static;
    let mut cors = Cors::default()
        .allowed_methods(["GET", "POST", "PATCH", "PUT", "DELETE"])
        .allowed_headers([
            header("authorization"),
            header("content-type"),
            header("idempotency-key"),
            header("if-match"),
            header("if-none-match"),
            header("x-cart-token"),
            header("x-order-token"),
            header("x-request-id"),
        ])
        .expose_headers([
            header("etag"),
            header("link"),
            header("location"),
            header("retry-after"),
            header("idempotent-replayed"),
            header("ratelimit"),
            header("ratelimit-policy"),
            header("x-request-id"),
        ])
        .supports_credentials()
        .max_age(3600);
    for origin in origins {
        cors = cors.allowed_origin(&origin.origin().ascii_serialization());
    }
    cors
}
