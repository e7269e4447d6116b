//! All routes.

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::modules::MODULES;
use crate::routes::{fallback, health, pay_page};

/// Adds every route of the API.
pub fn configure(config: &mut ServiceConfig) {
    for module in MODULES {
        (module.routes)(config);
    }
}

/// Adds only the routes that tell how the process is, for one that serves
/// nothing else.
pub fn probes(config: &mut web::ServiceConfig) {
    config
        .service(health::get_health)
        .service(health::get_ready)
        .service(health::get_metrics)
        .default_service(web::to(fallback::nothing_else));
}

/// Adds the routes that are not part of the API: pages for people, and what
/// answers everything else.
pub fn pages(config: &mut web::ServiceConfig) {
    config
        .service(pay_page::show)
        .service(pay_page::click)
        .service(pay_page::landing)
        .default_service(web::to(fallback::nowhere));
}
