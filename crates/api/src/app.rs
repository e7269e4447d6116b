//! All routes.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa::openapi::path::Paths;
use utoipa_actix_web::OpenApiFactory;

use crate::groups::Groups;
use crate::modules::MODULES;
use crate::routes::{fallback, health, link_pages, media, pay_page, unsubscribe};

/// Where routes are added: to a server, to the document about them, or to the
/// operations alone, without what their bodies look like. A server does without
/// the document, which takes megabytes in each of its threads.
pub(crate) enum Routes<'a, 'b> {
    Served(&'a mut Groups),
    Described(&'a mut utoipa_actix_web::service_config::ServiceConfig<'b>),
    Listed(&'a mut Paths),
}

impl Routes<'_, '_> {
    /// Adds a route.
    pub(crate) fn service<F>(&mut self, route: F)
    where
        F: HttpServiceFactory + OpenApiFactory + utoipa::Path + 'static,
    {
        match self {
            Self::Served(groups) => groups.add(&F::path(), route),
            Self::Described(config) => {
                config.service(route);
            }
            Self::Listed(paths) => paths.merge(route.paths()),
        }
    }
}

/// Adds every route of the API. They are found behind the middleware only.
pub fn configure(config: &mut web::ServiceConfig) {
    let mut groups = Groups::default();
    add(&mut Routes::Served(&mut groups));
    groups.serve(config);
}

/// Adds every route of the API, and what the document says of it.
pub(crate) fn describe(config: &mut utoipa_actix_web::service_config::ServiceConfig) {
    add(&mut Routes::Described(config));
}

/// Every operation of the API.
pub(crate) fn list() -> Paths {
    let mut paths = Paths::new();
    add(&mut Routes::Listed(&mut paths));
    paths
}

fn add(routes: &mut Routes) {
    for module in MODULES {
        (module.routes)(routes);
    }
}

/// Adds only the routes that tell how the process is, for one that serves
/// nothing else.
pub fn probes(config: &mut web::ServiceConfig) {
    config
        .app_data(OnlyProbes)
        .service(health::get_health)
        .service(health::get_ready)
        .service(health::get_metrics)
        .default_service(web::to(fallback::nothing_else));
}

/// That a process serves nothing but [`probes`].
pub(crate) struct OnlyProbes;

/// Adds what a process answers that is not built yet. It stands alone, without
/// the middleware.
pub fn starting(config: &mut web::ServiceConfig) {
    config
        .service(health::get_health)
        .route("/ready", web::get().to(health::get_ready_soon))
        .default_service(web::to(fallback::not_yet));
}

/// Adds the routes that are not part of the API: pages for people, and what
/// answers everything else.
pub fn pages(config: &mut web::ServiceConfig) {
    config
        .service(pay_page::show)
        .service(pay_page::click)
        .service(pay_page::success)
        .service(pay_page::canceled)
        .service(unsubscribe::ask)
        .service(unsubscribe::unsubscribe)
        .service(media::show)
        .service(link_pages::order)
        .service(link_pages::verify_email)
        .service(link_pages::reset_password)
        .service(link_pages::restore_cart)
        .default_service(web::to(fallback::nowhere));
}
