//! Routes in groups, by the beginning of their paths.
//!
//! The framework finds a route by trying one pattern after the other, and most
//! patterns are regular expressions: behind some hundred routes that alone takes
//! a fifth of the time of an answer from memory. The middleware has found the
//! route before, in a tree; so only its own pattern is tried. That also lets the
//! framework do with small, slow regular expressions (it has its feature
//! `unicode` for fast ones, which take 25 kB for each route and thread).

use actix_web::dev::HttpServiceFactory;
use actix_web::guard::{Guard, GuardContext};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpMessage as _, Scope};

use crate::routes::Route;

/// The groups with the most requests, which are tried first.
const BUSY: [&str; 4] = ["/api/catalog", "/api/carts", "/api/checkout", "/api/orders"];

/// The group of a pattern of paths: two segments of it, and three of what
/// administrators do. No two patterns of one path are in different groups.
pub(crate) fn of(path: &str) -> &str {
    let segments = if path.starts_with("/api/admin/") {
        3
    } else {
        2
    };
    let mut slashes = path.match_indices('/').map(|(at, _)| at);
    let end = slashes.nth(segments).unwrap_or(path.len());
    let constant = path.find("/{").unwrap_or(path.len());
    path[..end.min(constant)].trim_end_matches('/')
}

/// The services of each group by their pattern, in the order in which they were
/// added.
#[derive(Default)]
pub(crate) struct Groups(Vec<(String, Vec<(String, Scope)>)>);

impl Groups {
    /// Adds a route of this pattern.
    pub(crate) fn add<F: HttpServiceFactory + 'static>(&mut self, path: &str, route: F) {
        let patterns = entry(&mut self.0, of(path), Vec::new);
        let scope = entry(patterns, path, || web::scope("").guard(At(path.to_owned())));
        *scope = std::mem::replace(scope, web::scope("")).service(route);
    }

    /// Adds all to a server.
    pub(crate) fn serve(mut self, config: &mut ServiceConfig) {
        let rank = |name: &str| BUSY.iter().position(|busy| *busy == name);
        self.0
            .sort_by_key(|(name, _)| rank(name).unwrap_or(BUSY.len()));
        for (name, patterns) in self.0 {
            let group = web::scope("").guard(Within(name));
            let all = patterns.into_iter().map(|(_, scope)| scope);
            config.service(all.fold(group, Scope::service));
        }
    }
}

/// The value of a name, made where there is none yet.
fn entry<'a, T>(all: &'a mut Vec<(String, T)>, name: &str, make: impl FnOnce() -> T) -> &'a mut T {
    let at = all.iter().position(|(known, _)| known == name);
    let at = at.unwrap_or_else(|| {
        all.push((name.to_owned(), make()));
        all.len() - 1
    });
    &mut all[at].1
}

/// Lets through what the middleware found to be of a pattern.
struct At(String);

impl Guard for At {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        let data = context.req_data();
        data.get::<Found>()
            .is_some_and(|found| found.0.name() == self.0)
    }
}

/// Lets through what the middleware found to be in a group.
struct Within(String);

impl Guard for Within {
    fn check(&self, context: &GuardContext<'_>) -> bool {
        let data = context.req_data();
        data.get::<Found>()
            .is_some_and(|found| found.0.group() == self.0)
    }
}

/// A guard for routes that are in the group of this path.
pub fn within(path: &str) -> impl Guard + use<> {
    Within(of(path).to_owned())
}

/// The route of a request.
struct Found(&'static Route);

/// Notes the route of a request, for the guards.
pub(crate) fn note(request: &actix_web::dev::ServiceRequest, route: &'static Route) {
    request.extensions_mut().insert(Found(route));
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_group_is_the_constant_beginning_of_a_path() {
        for (path, group) in [
            ("/api/catalog/products/{product}", "/api/catalog"),
            ("/api/carts", "/api/carts"),
            ("/api/carts/{cart_id}/lines", "/api/carts"),
            ("/api/admin/orders/export", "/api/admin/orders"),
            ("/api/admin/orders/{order_id}", "/api/admin/orders"),
            ("/health", "/health"),
            ("/docs/", "/docs"),
            ("/docs/{*file}", "/docs"),
        ] {
            assert_eq!(of(path), group, "{path}");
        }
    }
}
