//! The table of routes, as the OpenAPI document has it.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use actix_web::http::Method;
use matchit::Router;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn};

use crate::openapi::operations;

/// Routes that are not part of the API.
const OTHERS: &[(&str, &str)] = &[
    ("/pay/test/{session_id}", "GET, POST"),
    ("/checkout/success", "GET"),
    ("/checkout/canceled", "GET"),
    ("/api/openapi.json", "GET"),
    ("/docs/{*file}", "GET"),
    ("/docs/", "GET"),
];

/// The name of what is no route.
const NONE: &str = "none";

struct Known {
    name: &'static str,
    methods: String,
}

struct Table {
    /// The framework finds the route of a request as well, but only after the
    /// middleware, and by trying one pattern after the other.
    routes: Router<Known>,
    /// What there is: method and pattern.
    known: HashSet<(Method, &'static str)>,
    /// What nobody may use without saying who they are: method and pattern.
    guarded: HashSet<(Method, &'static str)>,
    /// What takes no query parameters: method and pattern.
    plain: HashSet<(Method, &'static str)>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut document = crate::openapi::document();
        let mut routes: Vec<(String, String)> = OTHERS
            .iter()
            .map(|(path, methods)| ((*path).to_owned(), (*methods).to_owned()))
            .collect();
        let (mut closed, mut plain) = (Vec::new(), Vec::new());
        for (path, item) in &mut document.paths.paths {
            let mut methods = Vec::new();
            for (method, operation) in operations(item) {
                if is_guarded(operation) {
                    closed.push((method.clone(), path.clone()));
                }
                if !takes_query(operation) {
                    plain.push((method.clone(), path.clone()));
                }
                methods.push(method.to_string());
            }
            routes.push((path.clone(), methods.join(", ")));
        }
        let names: HashMap<String, &'static str> = routes
            .iter()
            .map(|(path, _)| {
                // A fixed number of names, made once.
                let name: &'static str = Box::leak(path.clone().into_boxed_str());
                (path.clone(), name)
            })
            .collect();
        let known = routes
            .iter()
            .flat_map(|(path, methods)| methods.split(", ").map(move |method| (path, method)))
            .filter_map(|(path, method)| Some((method.parse().ok()?, *names.get(path)?)))
            .collect();
        let named = |routes: Vec<(Method, String)>| {
            routes
                .into_iter()
                .filter_map(|(method, path)| Some((method, *names.get(&path)?)))
                .collect()
        };
        let (guarded, plain) = (named(closed), named(plain));
        let mut router = Router::new();
        for (path, methods) in routes {
            let name = names.get(&path).copied().unwrap_or(NONE);
            router
                .insert(path, Known { name, methods })
                .expect("no two routes are alike");
        }
        Table {
            routes: router,
            known,
            guarded,
            plain,
        }
    })
}

/// The pattern of the route a path belongs to, such as
/// `/api/orders/{order_id}`; one word for all that belong to none, so that
/// callers cannot make up metrics.
pub(crate) fn route_of(path: &str) -> &'static str {
    table()
        .routes
        .at(path)
        .map_or(NONE, |found| found.value.name)
}

/// Whether the document lets nobody in without a token.
fn is_guarded(operation: &Operation) -> bool {
    let open = utoipa::openapi::security::SecurityRequirement::default();
    operation
        .security
        .as_ref()
        .is_some_and(|ways| !ways.contains(&open))
}

/// Whether an operation has query parameters.
fn takes_query(operation: &Operation) -> bool {
    operation
        .parameters
        .iter()
        .flatten()
        .any(|parameter| match parameter {
            RefOr::T(parameter) => matches!(parameter.parameter_in, ParameterIn::Query),
            RefOr::Ref(_) => false,
        })
}

/// Whether a route takes no query parameters. A webhook may come with some
/// that its sender adds.
pub(crate) fn takes_no_query(method: &Method, route: &'static str) -> bool {
    !route.contains("webhook") && table().plain.contains(&(method.clone(), route))
}

/// Whether a route knows a method.
pub(crate) fn knows(method: &Method, route: &'static str) -> bool {
    table().known.contains(&(method.clone(), route))
}

/// Whether a route is for callers who say who they are. What they may do is
/// for services to decide.
pub(crate) fn needs_caller(method: &Method, route: &'static str) -> bool {
    table().guarded.contains(&(method.clone(), route))
}

/// The methods a path knows, as the header `Allow` has them.
pub(crate) fn methods_at(path: &str) -> Option<String> {
    table()
        .routes
        .at(path)
        .ok()
        .map(|found| found.value.methods.clone())
}
