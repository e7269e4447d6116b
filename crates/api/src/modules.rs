//! What each part of the API adds to it.

use kernel::ErrorKind;
use strum::IntoEnumIterator as _;

use crate::app::Routes;
use crate::problem::RequestErrorCode;
use crate::routes::admin::{
    categories, coupons, images, imports, insight, jobs, mail_templates, orders as admin_orders,
    price_lists, products, promotions, returns as admin_returns, settings, shipments, shipping,
    shipping_zones, stock, stock_feed, stock_levels, stock_sync, tenants, users,
    variant_components, variant_matrix, variants, webhook_events,
};
use crate::routes::{
    addresses, api_keys, auth, cart_coupons, carts, catalog, checkout, health, order_edits,
    order_files, orders, personal_data, profile, returns, seller, sessions, test_gateway,
    two_factor, variant_choice, webhooks,
};

/// A part of the API.
pub(crate) struct Module {
    /// Its tags in the OpenAPI document, and what is under them.
    pub(crate) tags: &'static [(&'static str, &'static str)],
    /// Adds its routes.
    pub(crate) routes: fn(&mut Routes),
    /// Its stable error codes and what kind of failure each is.
    pub(crate) codes: fn() -> Vec<(&'static str, ErrorKind)>,
}

/// All parts. A new domain is one line here.
pub(crate) const MODULES: &[Module] = &[
    ACCOUNTS,
    CATALOG,
    ORDERS,
    insight::MODULE,
    seller::MODULE,
    crate::routes::admin::clusters::MODULE,
    BACKGROUND,
    OPERATIONS,
    crate::routes::admin::audit::MODULE,
    crate::routes::wallet::MODULE,
    crate::routes::services::MODULE,
    crate::routes::subscriptions::MODULE,
];

/// People, keys and tenants.
const ACCOUNTS: Module = Module {
    tags: &[
        ("auth", "Registration, signing in and out, mailed links"),
        ("two-factor", "Codes of an app beside the password"),
        ("sessions", "Where one is signed in"),
        ("profile", "One's own account"),
        ("api-keys", "Keys for programs"),
        ("admin: settings", "Settings of the shop"),
        ("admin: users", "People of the shop"),
        ("admin: mails", "What the shop's mails say"),
        ("operator", "Tenants of the installation"),
    ],
    routes: accounts_routes,
    codes: || {
        accounts_model::AccountsErrorCode::iter()
            .map(|code| (code.code(), code.kind()))
            .collect()
    },
};

fn accounts_routes(config: &mut Routes) {
    config.service(auth::register);
    config.service(auth::login);
    config.service(two_factor::login_with_code);
    config.service(auth::refresh);
    config.service(auth::logout);
    config.service(auth::verify_email);
    config.service(auth::request_verification);
    config.service(auth::forgot_password);
    config.service(auth::reset_password);
    config.service(auth::me);
    config.service(two_factor::get_two_factor);
    config.service(two_factor::enroll_two_factor);
    config.service(two_factor::confirm_two_factor);
    config.service(two_factor::disable_two_factor);
    config.service(two_factor::renew_recovery_codes);
    config.service(sessions::list_sessions);
    config.service(sessions::revoke_session);
    config.service(sessions::revoke_other_sessions);
    config.service(profile::get_profile);
    config.service(profile::patch_profile);
    config.service(profile::change_password);
    config.service(api_keys::create_api_key);
    config.service(api_keys::list_api_keys);
    config.service(api_keys::revoke_api_key);
    config.service(users::list_users);
    config.service(users::get_user);
    config.service(users::patch_user);
    config.service(users::reset_two_factor);
    config.service(personal_data::export_own_data);
    config.service(personal_data::erase_own_data);
    config.service(personal_data::export_user_data);
    config.service(personal_data::erase_user_data);
    config.service(settings::get_settings);
    config.service(settings::patch_settings);
    config.service(mail_templates::list_mail_templates);
    config.service(mail_templates::get_mail_template);
    config.service(mail_templates::put_mail_template);
    config.service(mail_templates::delete_mail_template);
    config.service(mail_templates::preview_mail_template);
    config.service(mail_templates::send_test_mail);
    config.service(tenants::list_tenants);
    config.service(tenants::create_tenant);
    config.service(tenants::get_tenant);
    config.service(tenants::patch_tenant);
    config.service(tenants::create_tenant_admin);
}

/// What is sold.
const CATALOG: Module = Module {
    tags: &[
        ("catalog", "What is sold"),
        (
            "admin: catalog",
            "Categories, products, variants, pictures, stock",
        ),
        ("admin: imports", "Whole catalogs as CSV files"),
        (
            "admin: price lists",
            "Prices in other currencies, and for a time",
        ),
    ],
    routes: catalog_routes,
    codes: || {
        let own = catalog_model::CatalogErrorCode::iter().map(|code| (code.code(), code.kind()));
        let bundle = catalog_model::BundleErrorCode::iter().map(|code| (code.code(), code.kind()));
        own.chain(bundle).collect()
    },
};

fn catalog_routes(config: &mut Routes) {
    config.service(catalog::list_categories);
    config.service(catalog::list_currencies);
    config.service(catalog::list_products);
    config.service(catalog::get_product);
    config.service(variant_choice::resolve_variant);
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
    config.service(variant_matrix::create_variant_matrix);
    config.service(variant_components::put_components);
    config.service(variants::patch_variant);
    config.service(variants::archive_variant);
    config.service(price_lists::list_price_lists);
    config.service(price_lists::create_price_list);
    config.service(price_lists::get_price_list);
    config.service(price_lists::patch_price_list);
    config.service(price_lists::list_list_prices);
    config.service(price_lists::set_list_prices);
    config.service(stock::adjust_stock);
    config.service(stock::list_stock_movements);
    config.service(images::order_images);
    config.service(images::create_image);
    config.service(images::patch_image);
    config.service(images::delete_image);
    config.service(imports::create_import);
    config.service(imports::list_imports);
    config.service(imports::get_import);
    config.service(imports::cancel_import);
    config.service(imports::export_products);
    config.service(stock_levels::patch_stock);
    config.service(stock_levels::list_low_stock);
    config.service(stock_sync::run_stock_sync);
    config.service(stock_sync::get_stock_sync);
    config.service(stock_feed::feed_stock);
}

/// From the cart to the refund.
const ORDERS: Module = Module {
    tags: &[
        ("carts", "What somebody means to buy"),
        ("checkout", "From a cart to a payment page"),
        ("orders", "One's own orders"),
        ("webhooks", "What payment gateways post"),
        ("test-gateway", "Playing the buyer in development"),
        ("admin: orders", "Orders of the shop"),
        ("admin: promotions", "Promotions and their coupons"),
        ("admin: returns", "What comes back, and exchanges"),
    ],
    routes: orders_routes,
    codes: || {
        let own = orders_model::OrdersErrorCode::iter().map(|code| (code.code(), code.kind()));
        let promotion =
            orders_model::PromotionErrorCode::iter().map(|code| (code.code(), code.kind()));
        let delivery =
            orders_model::DeliveryErrorCode::iter().map(|code| (code.code(), code.kind()));
        let aftercare =
            orders_model::AftercareErrorCode::iter().map(|code| (code.code(), code.kind()));
        own.chain(promotion)
            .chain(delivery)
            .chain(aftercare)
            .collect()
    },
};

fn orders_routes(config: &mut Routes) {
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
    config.service(orders::list_orders);
    config.service(admin_orders::admin_list_orders);
    // Before the order, whose id it could be.
    config.service(order_files::export_orders);
    config.service(admin_orders::admin_get_order);
    config.service(admin_orders::ship_order);
    config.service(admin_orders::refund_order);
    config.service(admin_orders::admin_cancel_order);
    config.service(shipping::list_shipping_methods);
    config.service(shipping::create_shipping_method);
    config.service(shipping::get_shipping_method);
    config.service(shipping::patch_shipping_method);
    config.service(webhooks::stripe_webhook);
    config.service(webhooks::stripe_webhook_alias);
    config.service(webhooks::midtrans_webhook);
    config.service(webhooks::test_webhook);
    config.service(test_gateway::get_test_session);
    config.service(test_gateway::act_on_test_session);
    config.service(cart_coupons::add_cart_coupon);
    config.service(cart_coupons::delete_cart_coupon);
    config.service(promotions::list_promotions);
    config.service(promotions::create_promotion);
    config.service(promotions::get_promotion);
    config.service(promotions::patch_promotion);
    config.service(coupons::list_coupons);
    config.service(coupons::create_coupon);
    config.service(coupons::create_coupon_batch);
    config.service(coupons::archive_coupon);
    config.service(shipping_zones::list_shipping_zones);
    config.service(shipping_zones::create_shipping_zone);
    config.service(shipping_zones::get_shipping_zone);
    config.service(shipping_zones::patch_shipping_zone);
    config.service(shipping_zones::delete_shipping_zone);
    config.service(order_edits::patch_order);
    config.service(addresses::list_addresses);
    config.service(addresses::create_address);
    config.service(addresses::get_address);
    config.service(addresses::patch_address);
    config.service(addresses::delete_address);
    config.service(returns::create_return);
    config.service(returns::cancel_return);
    config.service(order_files::get_receipt);
    config.service(order_files::admin_get_receipt);
    config.service(order_files::get_packing_slip);
    config.service(shipments::create_shipment);
    config.service(shipments::hand_over_shipment);
    config.service(shipments::deliver_shipment);
    config.service(shipments::cancel_shipment);
    config.service(shipments::create_order_note);
    config.service(admin_returns::list_returns);
    config.service(admin_returns::get_return);
    config.service(admin_returns::admin_create_return);
    config.service(admin_returns::approve_return);
    config.service(admin_returns::reject_return);
    config.service(admin_returns::admin_cancel_return);
    config.service(admin_returns::receive_return);
    config.service(admin_returns::refund_return);
    config.service(admin_returns::create_exchange);
}

/// Jobs and received webhooks.
const BACKGROUND: Module = Module {
    tags: &[("admin: jobs", "Background jobs and received webhooks")],
    routes: background_routes,
    codes: || {
        queue::QueueErrorCode::iter()
            .map(|code| (code.code(), code.kind()))
            .collect()
    },
};

fn background_routes(config: &mut Routes) {
    config.service(jobs::list_jobs);
    config.service(jobs::get_job_lag);
    config.service(jobs::get_job);
    config.service(jobs::retry_job);
    config.service(jobs::discard_job);
    config.service(webhook_events::list_webhook_events);
    config.service(webhook_events::get_webhook_event);
    config.service(webhook_events::replay_webhook_event);
}

/// What every request can meet, and how the process is.
const OPERATIONS: Module = Module {
    tags: &[("operations", "Health and metrics")],
    routes: operations_routes,
    codes: || {
        RequestErrorCode::iter()
            .map(|code| (code.code(), code.kind()))
            .collect()
    },
};

fn operations_routes(config: &mut Routes) {
    config.service(health::get_health);
    config.service(health::get_ready);
    config.service(health::get_metrics);
}
