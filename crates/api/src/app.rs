//! All routes.

use actix_web::web;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::routes::admin::{
    categories, jobs, orders as admin_orders, products, settings, shipping, stock, tenants, users,
    variants, webhook_events,
};
use crate::routes::{
    api_keys, auth, carts, catalog, checkout, fallback, health, orders, pay_page, profile,
    test_gateway, webhooks,
};

/// Adds every route of the API, and what answers everything else.
pub fn configure(config: &mut ServiceConfig) {
    public(config);
    own(config);
    shop(config);
    operations(config);
    config.service(health::get_health);
    config.service(health::get_ready);
    config.service(health::get_metrics);
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

/// What anybody may use.
fn public(config: &mut ServiceConfig) {
    config.service(auth::register);
    config.service(auth::login);
    config.service(auth::refresh);
    config.service(auth::logout);
    config.service(auth::verify_email);
    config.service(auth::request_verification);
    config.service(auth::forgot_password);
    config.service(auth::reset_password);
    config.service(catalog::list_categories);
    config.service(catalog::list_products);
    config.service(catalog::get_product);
    config.service(carts::create_cart);
    config.service(carts::get_cart);
    config.service(carts::patch_cart);
    config.service(carts::add_cart_line);
    config.service(carts::patch_cart_line);
    config.service(carts::delete_cart_line);
    config.service(carts::list_shipping_options);
    config.service(carts::merge_cart);
    config.service(checkout::checkout);
    config.service(orders::get_order);
    config.service(orders::cancel_order);
    config.service(orders::create_payment);
    config.service(webhooks::stripe_webhook);
    config.service(webhooks::stripe_webhook_alias);
    config.service(webhooks::test_webhook);
    config.service(test_gateway::get_test_session);
    config.service(test_gateway::act_on_test_session);
}

/// What people do with their own account.
fn own(config: &mut ServiceConfig) {
    config.service(auth::me);
    config.service(profile::get_profile);
    config.service(profile::patch_profile);
    config.service(profile::change_password);
    config.service(api_keys::create_api_key);
    config.service(api_keys::list_api_keys);
    config.service(api_keys::revoke_api_key);
    config.service(orders::list_orders);
}

/// What those who run a shop do.
fn shop(config: &mut ServiceConfig) {
    config.service(categories::admin_list_categories);
    config.service(categories::create_category);
    config.service(categories::admin_get_category);
    config.service(categories::patch_category);
    config.service(categories::archive_category);
    config.service(products::admin_list_products);
    config.service(products::create_product);
    config.service(products::admin_get_product);
    config.service(products::patch_product);
    config.service(products::archive_product);
    config.service(variants::create_variant);
    config.service(variants::patch_variant);
    config.service(variants::archive_variant);
    config.service(stock::adjust_stock);
    config.service(stock::list_stock_movements);
    config.service(admin_orders::admin_list_orders);
    config.service(admin_orders::admin_get_order);
    config.service(admin_orders::ship_order);
    config.service(admin_orders::refund_order);
    config.service(admin_orders::admin_cancel_order);
    config.service(shipping::list_shipping_methods);
    config.service(shipping::create_shipping_method);
    config.service(shipping::get_shipping_method);
    config.service(shipping::patch_shipping_method);
    config.service(settings::get_settings);
    config.service(settings::patch_settings);
    config.service(users::list_users);
    config.service(users::get_user);
    config.service(users::patch_user);
}

/// What those who run the installation do.
fn operations(config: &mut ServiceConfig) {
    config.service(jobs::list_jobs);
    config.service(jobs::get_job_lag);
    config.service(jobs::get_job);
    config.service(jobs::retry_job);
    config.service(jobs::discard_job);
    config.service(webhook_events::list_webhook_events);
    config.service(webhook_events::get_webhook_event);
    config.service(webhook_events::replay_webhook_event);
    config.service(tenants::list_tenants);
    config.service(tenants::create_tenant);
    config.service(tenants::get_tenant);
    config.service(tenants::patch_tenant);
    config.service(tenants::create_tenant_admin);
}
