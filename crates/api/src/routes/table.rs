//! The table of routes, as the OpenAPI document has it.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use utoipa::openapi::{Paths, SecurityRequirement};

/// Routes that are not part of the API.
const OTHERS: &[(&str, &str)] = &[
    ("/pay/test/{session_id}", "GET, POST"),
    ("/checkout/{outcome}", "GET"),
    ("/api/openapi.json", "GET"),
    ("/docs/{_:.*}", "GET"),
];

struct Known {
    pattern: ResourceDef,
    methods: String,
}

struct Table {
    routes: Vec<Known>,
    names: HashMap<String, &'static str>,
    /// Operations that nobody in particular may call, as `GET /path`.
    for_accounts: HashSet<String>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let document = crate::openapi::document();
        let mut routes: Vec<(String, String)> = document
            .paths
            .paths
            .iter()
            .map(|(path, item)| {
                let methods = [
                    ("GET", item.get.is_some()),
                    ("POST", item.post.is_some()),
                    ("PUT", item.put.is_some()),
                    ("PATCH", item.patch.is_some()),
                    ("DELETE", item.delete.is_some()),
                ];
                let known: Vec<&str> = methods
                    .iter()
                    .filter_map(|(name, known)| known.then_some(*name))
                    .collect();
                (path.clone(), known.join(", "))
            })
            .collect();
        let for_accounts = for_accounts(&document.paths);
        routes.extend(
            OTHERS
                .iter()
                .map(|(path, methods)| ((*path).to_owned(), (*methods).to_owned())),
        );
        let names = routes
            .iter()
            .map(|(path, _)| {
                // A fixed number of names, made once.
                let name: &'static str = Box::leak(path.clone().into_boxed_str());
                (path.clone(), name)
            })
            .collect();
        let routes = routes
            .into_iter()
            .map(|(path, methods)| Known {
                pattern: ResourceDef::new(path),
                methods,
            })
            .collect();
        Table {
            routes,
            names,
            for_accounts,
        }
    })
}

fn for_accounts(paths: &Paths) -> HashSet<String> {
    let mut found = HashSet::new();
    for (path, item) in &paths.paths {
        for (method, operation) in [
            ("GET", &item.get),
            ("POST", &item.post),
            ("PUT", &item.put),
            ("PATCH", &item.patch),
            ("DELETE", &item.delete),
        ] {
            let security = operation
                .as_ref()
                .and_then(|known| known.security.as_deref());
            // An empty requirement says that one can do without.
            if security.is_some_and(|needed| !needed.contains(&SecurityRequirement::default())) {
                found.insert(format!("{method} {path}"));
            }
        }
    }
    found
}

/// Whether only accounts may call a route, whatever else it asks for.
pub(crate) fn is_for_accounts(method: &Method, pattern: Option<&str>) -> bool {
    pattern.is_some_and(|pattern| {
        table()
            .for_accounts
            .contains(&format!("{method} {pattern}"))
    })
}

/// The name of a route for metrics and logs, from the pattern it matched.
pub(crate) fn route_of(pattern: Option<&str>) -> &'static str {
    pattern
        .and_then(|pattern| table().names.get(pattern).copied())
        .unwrap_or("none")
}

/// The methods a path knows, as the header `Allow` has them.
pub(crate) fn methods_at(path: &str) -> Option<String> {
    table()
        .routes
        .iter()
        .find(|known| known.pattern.is_match(path))
        .map(|known| known.methods.clone())
}
