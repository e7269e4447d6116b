//! The headers of answers.

use actix_web::http::Method;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::openapi::{Header, HeaderBuilder, OpenApi as Document, Ref, RefOr, Response};

use super::{UNLIMITED, has_parameter, operations};

/// The id of the request.
const REQUEST_ID: &str = "x-request-id";
/// Where the next page is.
const LINK: &str = "Link";
/// The version, or what a cache compares.
const ETAG: &str = "ETag";

/// All headers, with what each says and looks like.
const HEADERS: &[(&str, &str, &str)] = &[
    (
        REQUEST_ID,
        "The id of the request: the one that was sent, or a new one. Logs and errors name it.",
        "req_9wLr0dTqg4Bv1cXyYk2m",
    ),
    (
        "RateLimit-Policy",
        "The limit that was counted: its name, requests and seconds.",
        "\"write\";q=30;w=60",
    ),
    (
        "RateLimit",
        "What is left of the limit, and after how many seconds all of it is there again.",
        "\"write\";r=29;t=2",
    ),
    ("Retry-After", "After how many seconds to try again.", "2"),
    (
        "WWW-Authenticate",
        "How to sign in.",
        "Bearer realm=\"sutler\"",
    ),
    (
        "Idempotent-Replayed",
        "`true` when the `Idempotency-Key` was known: the answer is about what the first request did.",
        "true",
    ),
    (
        "Set-Cookie",
        "The refresh token, when it was asked for as a cookie, or its removal.",
        "sutler_refresh=rt_c29tZXRoaW5nIHJhbmRvbQ; Path=/api/auth; HttpOnly; Secure; SameSite=Strict",
    ),
    (
        LINK,
        "Where the next page is, when there is one (RFC 8288).",
        "<?cursor=eyJ2IjoxfQ>; rel=\"next\"",
    ),
];

/// Examples of headers that controllers describe themselves.
const OWN: &[(&str, &str)] = &[
    (ETAG, "\"3\""),
    ("Location", "/api/carts/cart_01j9z6m3k4f5g6h7j8k9m0n1p2"),
    (LINK, "<?cursor=eyJ2IjoxfQ>; rel=\"next\""),
];

/// Where refresh tokens are given.
const COOKIES: [&str; 5] = [
    "/api/auth/register",
    "/api/auth/login",
    "/api/auth/login/2fa",
    "/api/auth/refresh",
    "/api/auth/logout",
];

/// Describes the headers of what controllers answer.
pub(super) fn add(document: &mut Document) {
    let components = document.components.get_or_insert_default();
    for (name, text, example) in HEADERS {
        components
            .headers
            .insert((*name).to_owned(), RefOr::T(header(text, example)));
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            of_answers(path, &method, operation);
        }
    }
}

fn of_answers(path: &str, method: &Method, operation: &mut Operation) {
    let pages = has_parameter(operation, "cursor");
    let repeatable = has_parameter(operation, "Idempotency-Key");
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        always(path, response);
        let fine = status.starts_with('2');
        if fine && pages && *method == Method::GET {
            link_to(response, LINK);
        }
        if fine && repeatable {
            link_to(response, "Idempotent-Replayed");
        }
        if fine && *method == Method::POST && COOKIES.contains(&path) {
            link_to(response, "Set-Cookie");
        }
        if status == "304" {
            let etag = header("What was read is still this.", "\"3\"");
            response
                .headers
                .entry(ETAG.to_owned())
                .or_insert(RefOr::T(etag));
        }
        for (name, example) in OWN {
            if let Some(RefOr::T(header)) = response.headers.get_mut(*name) {
                header.schema = Some(text(example).into());
            }
        }
    }
}

/// Adds what every answer at the path has.
pub(super) fn always(path: &str, response: &mut Response) {
    link_to(response, REQUEST_ID);
    if !UNLIMITED.contains(&path) {
        link_to(response, "RateLimit-Policy");
        link_to(response, "RateLimit");
    }
}

/// Adds what answers with the status of an error have.
pub(super) fn of_refusal(status: u16, response: &mut Response) {
    match status {
        401 => link_to(response, "WWW-Authenticate"),
        429 | 503 => link_to(response, "Retry-After"),
        _ => {}
    }
}

fn link_to(response: &mut Response, name: &str) {
    let place = format!("#/components/headers/{name}");
    response
        .headers
        .entry(name.to_owned())
        .or_insert_with(|| RefOr::Ref(Ref::new(place)));
}

fn header(description: &str, example: &str) -> Header {
    HeaderBuilder::new()
        .description(Some(description))
        .schema(Some(text(example)))
        .build()
}

fn text(example: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .examples([example])
        .build()
}
