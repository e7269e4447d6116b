//! The OpenAPI document.
//!
//! Controllers describe what they answer when all is well. What every
//! operation can answer besides follows from what it is, and is added here:
//! [`refusals`] adds the errors, [`headers`] the headers, and [`examples`] puts
//! examples of requests and answers together from those of their properties.

mod codes;
mod details;
mod examples;
mod headers;
mod refusals;
mod samples;
#[cfg(test)]
mod tests;
mod texts;

use actix_web::App;
use actix_web::http::Method;
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{OpenApi as Document, RefOr, Server};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt as _;

use crate::modules::MODULES;
use crate::problem::{Problem, ProblemField};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sutler",
        description = "The commerce and billing backend in one binary.\n\n\
            Sign in with `POST /api/auth/login` and send the access token as `Authorization: Bearer …`, or make an API key. \
            Amounts are in minor units; times are RFC 3339 in UTC; errors are problems (RFC 9457) whose `code` is stable. \
            Lists are read page by page with `cursor`. A POST with `Idempotency-Key` has one effect however often it is sent.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(Problem, ProblemField)),
    modifiers(&Bearer),
)]
struct Description;

struct Bearer;

const BEARER: &str = "bearer";

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An access token, or an API key (`sk_…`)."))
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    }
}

/// The document, with all operations, all their answers, and examples.
pub fn document() -> Document {
    let mut document = described();
    headers::add(&mut document);
    refusals::add(&mut document);
    samples::add(&mut document);
    drop_unused(&mut document);
    examples::add(&mut document);
    document
}

/// The operations and who may call them, without what bodies look like: what
/// the table of routes is made from.
pub(crate) fn operations_only() -> Paths {
    let mut paths = crate::app::list();
    complete_all(&mut paths);
    paths
}

/// The operations with what controllers say of them, and who may call them.
fn described() -> Document {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .openapi(Description::openapi())
        .configure(crate::app::describe)
        .split_for_parts();
    document.servers = Some(vec![Server::new("/")]);
    document.tags = Some(
        MODULES
            .iter()
            .flat_map(|module| module.tags)
            .map(tag)
            .collect(),
    );
    complete_all(&mut document.paths);
    document
}

fn complete_all(paths: &mut Paths) {
    for (path, item) in &mut paths.paths {
        for (_, operation) in operations(item) {
            complete(path, operation);
        }
    }
}

/// What can be done at a path, by method.
pub(crate) fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn tag(&(name, description): &(&str, &str)) -> Tag {
    TagBuilder::new()
        .name(name)
        .description(Some(description))
        .build()
}

/// Takes out schemas that nothing refers to; lists hold theirs in themselves.
fn drop_unused(document: &mut Document) {
    let Ok(text) = document.to_json() else {
        return;
    };
    if let Some(components) = &mut document.components {
        components
            .schemas
            .retain(|name, _| text.contains(&format!("\"#/components/schemas/{name}\"")));
    }
}

/// Routes that know nobody: without authentication and without limits.
const UNLIMITED: [&str; 3] = ["/health", "/ready", "/metrics"];
/// Routes of whoever asks: a token may be sent and need not be.
const OPEN: &[&str] = &[
    "/api/auth/register",
    "/api/auth/login",
    "/api/auth/refresh",
    "/api/auth/logout",
    "/api/auth/verify-email",
    "/api/auth/password/",
    "/api/catalog/",
    "/api/abandoned-carts/",
    "/api/carts",
    "/api/checkout",
    "/api/orders/",
    "/api/test-gateway/",
];

/// Adds to an operation what holds for all of its kind: who may call it, and
/// what shared headers look like.
fn complete(path: &str, operation: &mut Operation) {
    let optional = OPEN.iter().any(|open| path.starts_with(open))
        && !path.ends_with("/merge")
        && path != "/api/auth/verify-email/request";
    if operation.security.is_none() {
        let bearer = SecurityRequirement::new(BEARER, Vec::<String>::new());
        operation.security = Some(if optional {
            vec![SecurityRequirement::default(), bearer]
        } else {
            vec![bearer]
        });
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(schema) = header_schema(&parameter.name)
        {
            parameter.schema = Some(schema);
        }
    }
}

/// What headers that several operations know look like.
fn header_schema(name: &str) -> Option<RefOr<Schema>> {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let schema = match name {
        "If-Match" => text
            .pattern(Some(
                r#"^(\*|(W/)?"[!#-~]*"([ \t]*,[ \t]*(W/)?"[!#-~]*")*)$"#,
            ))
            .examples(["\"3\""]),
        "Idempotency-Key" => text
            .min_length(Some(1))
            .max_length(Some(255))
            .pattern(Some(r"^[\x21-\x7E]+$"))
            .examples(["0190b3c2-7d41-7c1e-9a55-3f2b8c6d7e10"]),
        _ => return None,
    };
    Some(schema.build().into())
}

fn has_parameter(operation: &Operation, name: &str) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.name == name,
        RefOr::Ref(_) => false,
    })
}
