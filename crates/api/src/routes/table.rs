//! The table of routes, as the OpenAPI document has it.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use matchit::Router;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn};

use super::measures::Measures;
use crate::groups;
use crate::openapi::operations;

/// Routes that are not part of the API.
const OTHERS: &[(&str, &[Method])] = &[
    ("/pay/test/{session_id}", &[Method::GET, Method::POST]),
    ("/checkout/success", &[Method::GET]),
    ("/checkout/canceled", &[Method::GET]),
    ("/unsubscribe", &[Method::GET, Method::POST]),
    ("/orders/{order_id}", &[Method::GET]),
    ("/verify-email", &[Method::GET]),
    ("/reset-password", &[Method::GET]),
    ("/cart/restore", &[Method::GET]),
    ("/media/{*path}", &[Method::GET]),
    ("/api/openapi.json", &[Method::GET]),
    ("/docs", &[Method::GET]),
    ("/docs/{*file}", &[Method::GET]),
    ("/docs/", &[Method::GET]),
];

/// What tells how a process is.
const PROBES: [&str; 3] = ["/health", "/ready", "/metrics"];

/// The name of what is no route; one for all, so that callers cannot make up
/// metrics.
const NONE: &str = "none";

/// A route: a pattern of paths, and what can be done there.
pub(crate) struct Route {
    /// The pattern, such as `/api/orders/{order_id}`.
    name: &'static str,
    /// With which others it is tried.
    group: &'static str,
    known: Vec<Known>,
    measures: Measures,
}

/// What one method does.
struct Known {
    method: Method,
    /// The document lets nobody in without a token.
    guarded: bool,
    /// It has no query parameters.
    plain: bool,
}

impl Route {
    /// The route of a path, as the framework reads it: with what is escaped
    /// without need. The framework finds it as well, but only after the
    /// middleware, and by trying one pattern after the other.
    pub(crate) fn of(path: &str) -> Option<&'static Self> {
        static TABLE: OnceLock<Router<Route>> = OnceLock::new();
        let found = TABLE.get_or_init(table).at(path).ok()?;
        Some(found.value)
    }

    /// The route of a path in a process that has those of
    /// [`crate::app::probes`] only.
    pub(crate) fn of_probe(path: &str) -> Option<&'static Self> {
        Self::of(path).filter(|route| PROBES.contains(&route.name))
    }

    /// The pattern of its path.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The pattern of a route, or one word for what is none.
    pub(crate) fn name_of(route: Option<&Self>) -> &'static str {
        route.map_or(NONE, Self::name)
    }

    /// The group it is served in.
    pub(crate) fn group(&self) -> &'static str {
        self.group
    }

    /// Counts an answer and how long it took.
    pub(crate) fn measure(route: Option<&Self>, status: StatusCode, took: Duration) {
        static OF_NONE: Measures = Measures::new();
        let measures = route.map_or(&OF_NONE, |route| &route.measures);
        measures.take(Self::name_of(route), status, took);
    }

    /// Whether it knows a method.
    pub(crate) fn knows(&self, method: &Method) -> bool {
        self.operation(method).is_some()
    }

    /// Whether a method takes no query parameters.
    pub(crate) fn takes_no_query(&self, method: &Method) -> bool {
        self.operation(method).is_some_and(|known| known.plain)
    }

    /// Whether a method is for callers who say who they are. What they may do
    /// is for services to decide.
    pub(crate) fn needs_caller(&self, method: &Method) -> bool {
        self.operation(method).is_some_and(|known| known.guarded)
    }

    /// The methods it knows, as the header `Allow` has them.
    pub(crate) fn allow(&self) -> String {
        let methods = self.known.iter().map(|known| &known.method);
        // What is read may be asked for without its body, and of every path
        // what can be done there.
        let head = self.knows(&Method::GET).then_some(&Method::HEAD);
        let all: BTreeSet<&str> = methods
            .chain(head)
            .chain([&Method::OPTIONS])
            .map(Method::as_str)
            .collect();
        Vec::from_iter(all).join(", ")
    }

    fn operation(&self, method: &Method) -> Option<&Known> {
        self.known.iter().find(|known| known.method == method)
    }
}

fn table() -> Router<Route> {
    let mut router = Router::new();
    let mut add = |path: &str, known: Vec<Known>| {
        // A fixed number of names, made once.
        let name: &'static str = Box::leak(path.to_owned().into_boxed_str());
        let route = Route {
            name,
            group: groups::of(name),
            known,
            measures: Measures::default(),
        };
        router.insert(path, route).expect("no two routes are alike");
    };
    for (path, methods) in OTHERS {
        let known = methods.iter().map(|method| Known {
            method: method.clone(),
            guarded: false,
            plain: false,
        });
        add(path, known.collect());
    }
    let mut listed = crate::openapi::operations_only();
    for (path, item) in &mut listed.paths {
        let known = operations(item).map(|(method, operation)| Known {
            method: method.clone(),
            guarded: is_guarded(operation),
            plain: !takes_query(operation),
        });
        let known = known.collect();
        add(path, known);
    }
    router
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
