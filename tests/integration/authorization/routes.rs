//! Every route of the published document, and who may use it.

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; what is behind it may ask for more, such as a password, a
    /// guest's token or a signature.
    Open,
    /// The owner of the thing, or a guest with its token, and nobody else.
    Owner,
    /// Those, and who has a permission.
    OwnerOr(&'static str),
    /// Those, and who may see the thing as well as change it. Who may only see
    /// it is refused, for all others there is no such thing.
    OwnerOrBoth {
        /// The permission to see it.
        see: &'static str,
        /// The permission to change it.
        change: &'static str,
    },
    /// Everybody who is signed in or has an API key.
    Account,
    /// People who are signed in; API keys are not enough.
    Person,
    /// Those who have the permission.
    Needs(&'static str),
    /// Those who have the permission, and those who have it for what belongs to
    /// their seller: for them there is nothing else.
    Within(&'static str),
    /// Those who belong to a seller and have the permission.
    OfSeller(&'static str),
}

use Access::{Account, Needs, OfSeller, Open, Owner, OwnerOr, Person, Within};

const CHANGE_ORDER: Access = Access::OwnerOrBoth {
    see: "orders:read",
    change: "orders:write",
};

/// A route, what is sent to it, and who may use it. What stands in braces in
/// path and body is replaced by the ids of things.
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, as in the document.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// A body that is in order; empty for none.
    pub body: &'static str,
}

const fn get(path: &'static str, access: Access) -> Route {
    Route {
        method: "GET",
        path,
        access,
        body: "",
    }
}

const fn delete(path: &'static str, access: Access) -> Route {
    Route {
        method: "DELETE",
        path,
        access,
        body: "",
    }
}

const fn put(path: &'static str, access: Access, body: &'static str) -> Route {
    Route {
        method: "PUT",
        path,
        access,
        body,
    }
}

const fn post(path: &'static str, access: Access, body: &'static str) -> Route {
    Route {
        method: "POST",
        path,
        access,
        body,
    }
}

const fn patch(path: &'static str, access: Access, body: &'static str) -> Route {
    Route {
        method: "PATCH",
        path,
        access,
        body,
    }
}

/// All of them.
pub const ROUTES: &[Route] = &[
    // The system.
    get("/health", Open),
    get("/ready", Open),
    get("/metrics", Open),
    // Accounts.
    post(
        "/api/auth/register",
        Open,
        r#"{"email": "user@mail.test", "password": "a long password", "name": "Some Body"}"#,
    ),
    post(
        "/api/auth/login",
        Open,
        r#"{"email": "user@mail.test", "password": "not theirs"}"#,
    ),
    post("/api/auth/refresh", Open, r#"{"refresh_token": "none"}"#),
    post("/api/auth/verify-email", Open, r#"{"token": "none"}"#),
    post("/api/auth/verify-email/request", Person, ""),
    post(
        "/api/auth/password/forgot",
        Open,
        r#"{"email": "nobody@mail.test"}"#,
    ),
    post(
        "/api/auth/password/reset",
        Open,
        r#"{"token": "none", "password": "a long password"}"#,
    ),
    get("/api/auth/me", Account),
    post(
        "/api/auth/login/2fa",
        Open,
        r#"{"two_factor_token": "none", "code": "123456"}"#,
    ),
    get("/api/auth/2fa", Person),
    post(
        "/api/auth/2fa/enroll",
        Person,
        r#"{"current_password": "not theirs"}"#,
    ),
    post("/api/auth/2fa/confirm", Person, r#"{"code": "123456"}"#),
    post(
        "/api/auth/2fa/disable",
        Person,
        r#"{"current_password": "not theirs", "code": "123456"}"#,
    ),
    post(
        "/api/auth/2fa/recovery-codes",
        Person,
        r#"{"code": "123456"}"#,
    ),
    get("/api/auth/sessions", Person),
    delete("/api/auth/sessions/{auth_session_id}", Person),
    post("/api/auth/sessions/revoke-others", Person, ""),
    get("/api/profile", Account),
    patch("/api/profile", Person, r#"{"name": "Another Name"}"#),
    post(
        "/api/profile/password",
        Person,
        r#"{"current_password": "not theirs", "password": "a long password"}"#,
    ),
    get("/api/profile/addresses", Account),
    post(
        "/api/profile/addresses",
        Account,
        r#"{"address": {"name": "A", "line1": "B", "city": "C", "country": "DE"}}"#,
    ),
    get("/api/profile/addresses/{address_id}", Account),
    patch(
        "/api/profile/addresses/{address_id}",
        Account,
        r#"{"label": "Home"}"#,
    ),
    delete("/api/profile/addresses/{address_id}", Account),
    get("/api/profile/export", Person),
    post(
        "/api/profile/erase",
        Person,
        r#"{"current_password": "not theirs"}"#,
    ),
    get("/api/api-keys", Person),
    post(
        "/api/api-keys",
        Person,
        r#"{"name": "another", "scopes": []}"#,
    ),
    delete("/api/api-keys/{key_id}", Person),
    // The shop.
    get("/api/catalog/categories", Open),
    get("/api/catalog/currencies", Open),
    get("/api/catalog/products", Open),
    get("/api/catalog/products/{product}", Open),
    get("/api/catalog/products/{product}/variants/resolve", Open),
    post("/api/carts", Open, ""),
    get("/api/carts/{cart_id}", Owner),
    patch("/api/carts/{cart_id}", Owner, r#"{"email": "a@mail.test"}"#),
    post(
        "/api/carts/{cart_id}/lines",
        Owner,
        r#"{"variant_id": "{variant_id}", "quantity": 1}"#,
    ),
    patch(
        "/api/carts/{cart_id}/lines/{line_id}",
        Owner,
        r#"{"quantity": 2}"#,
    ),
    delete("/api/carts/{cart_id}/lines/{line_id}", Owner),
    get("/api/carts/{cart_id}/shipping-options", Owner),
    post("/api/carts/{cart_id}/merge", Account, ""),
    post(
        "/api/carts/{cart_id}/coupons",
        Owner,
        r#"{"code": "{coupon}"}"#,
    ),
    delete("/api/carts/{cart_id}/coupons/{code}", Owner),
    post("/api/abandoned-carts/restore", Open, r#"{"token": "none"}"#),
    post("/api/checkout", Owner, r#"{"cart_id": "{cart_id}"}"#),
    get("/api/orders", Account),
    get("/api/orders/{order_id}", OwnerOr("orders:read")),
    patch(
        "/api/orders/{order_id}",
        CHANGE_ORDER,
        r#"{"billing_address": {"name": "A", "line1": "B", "city": "C", "country": "DE"}}"#,
    ),
    post("/api/orders/{order_id}/payments", CHANGE_ORDER, "{}"),
    post("/api/orders/{order_id}/cancel", CHANGE_ORDER, "{}"),
    post(
        "/api/orders/{order_id}/returns",
        CHANGE_ORDER,
        r#"{"lines": [{"line_id": "{order_line_id}", "quantity": 1, "reason": "other"}]}"#,
    ),
    post(
        "/api/orders/{order_id}/returns/{return_id}/cancel",
        CHANGE_ORDER,
        "",
    ),
    get("/api/orders/{order_id}/receipt", OwnerOr("orders:read")),
    // Gateways.
    post("/api/webhooks/stripe", Open, "{}"),
    post("/api/stripe/webhook", Open, "{}"),
    post("/api/webhooks/test", Open, "{}"),
    get("/api/test-gateway/sessions/{session_id}", Open),
    post(
        "/api/test-gateway/sessions/{session_id}",
        Open,
        r#"{"outcome": "pay"}"#,
    ),
    // The catalog's administration.
    get("/api/admin/catalog/categories", Needs("catalog:read")),
    post(
        "/api/admin/catalog/categories",
        Needs("catalog:write"),
        r#"{"name": "Chairs"}"#,
    ),
    get(
        "/api/admin/catalog/categories/{category_id}",
        Needs("catalog:read"),
    ),
    patch(
        "/api/admin/catalog/categories/{category_id}",
        Needs("catalog:write"),
        r#"{"name": "Stools"}"#,
    ),
    post(
        "/api/admin/catalog/categories/{category_id}/archive",
        Needs("catalog:write"),
        "",
    ),
    get("/api/admin/catalog/products", Within("catalog:read")),
    post(
        "/api/admin/catalog/products",
        Within("catalog:write"),
        r#"{"name": "Chair"}"#,
    ),
    get(
        "/api/admin/catalog/products/{product_id}",
        Within("catalog:read"),
    ),
    patch(
        "/api/admin/catalog/products/{product_id}",
        Within("catalog:write"),
        r#"{"brand": "Oak"}"#,
    ),
    post(
        "/api/admin/catalog/products/{product_id}/archive",
        Within("catalog:write"),
        "",
    ),
    post(
        "/api/admin/catalog/products/{product_id}/variants",
        Within("catalog:write"),
        r#"{"sku": "{any}", "size": "{any}", "price": {"amount": 100, "currency": "{currency}"}}"#,
    ),
    post(
        "/api/admin/catalog/products/{product_id}/variants/matrix",
        Within("catalog:write"),
        r#"{"options": [{"name": "size", "values": ["{any}"]}], "sku_pattern": "M-{any}-{size}", "price": {"amount": 100, "currency": "{currency}"}}"#,
    ),
    get("/api/admin/price-lists", Needs("catalog:read")),
    post(
        "/api/admin/price-lists",
        Needs("catalog:write"),
        r#"{"name": "Yen", "currency": "JPY"}"#,
    ),
    get(
        "/api/admin/price-lists/{price_list_id}",
        Needs("catalog:read"),
    ),
    patch(
        "/api/admin/price-lists/{price_list_id}",
        Needs("catalog:write"),
        r#"{"priority": 1}"#,
    ),
    get(
        "/api/admin/price-lists/{price_list_id}/prices",
        Needs("catalog:read"),
    ),
    put(
        "/api/admin/price-lists/{price_list_id}/prices",
        Needs("catalog:write"),
        r#"{"prices": [{"variant_id": "{variant_id}", "price": {"amount": 100, "currency": "JPY"}}]}"#,
    ),
    patch(
        "/api/admin/catalog/variants/{variant_id}",
        Within("catalog:write"),
        r#"{"weight_grams": 5}"#,
    ),
    put(
        "/api/admin/catalog/variants/{variant_id}/components",
        Within("catalog:write"),
        r#"{"components": []}"#,
    ),
    post(
        "/api/admin/catalog/variants/{variant_id}/archive",
        Within("catalog:write"),
        "",
    ),
    post(
        "/api/admin/catalog/variants/{variant_id}/stock-adjustments",
        Within("stock:write"),
        r#"{"by": 1, "reason": "found one"}"#,
    ),
    get(
        "/api/admin/catalog/variants/{variant_id}/stock-movements",
        Within("catalog:read"),
    ),
    patch(
        "/api/admin/catalog/variants/{variant_id}/stock",
        Within("stock:write"),
        r#"{"low_stock_threshold": 3}"#,
    ),
    get("/api/admin/catalog/low-stock", Within("catalog:read")),
    post("/api/admin/catalog/stock/sync", Needs("stock:write"), ""),
    get("/api/admin/catalog/stock/sync", Needs("catalog:read")),
    post(
        "/api/admin/catalog/stock/feed",
        Needs("stock:write"),
        r#"{"rows": [{"sku": "none", "on_hand": 1, "counted_at": "2020-01-01T00:00:00Z", "source": "w"}]}"#,
    ),
    post(
        "/api/admin/catalog/products/{product_id}/images",
        Within("catalog:write"),
        "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nno picture\r\n--b--\r\n",
    ),
    put(
        "/api/admin/catalog/products/{product_id}/images/order",
        Within("catalog:write"),
        r#"{"image_ids": ["{image_id}"]}"#,
    ),
    patch(
        "/api/admin/catalog/products/{product_id}/images/{image_id}",
        Within("catalog:write"),
        r#"{"alt": "A lamp"}"#,
    ),
    delete(
        "/api/admin/catalog/products/{product_id}/images/{image_id}",
        Within("catalog:write"),
    ),
    get("/api/admin/imports", Needs("catalog:read")),
    post(
        "/api/admin/imports",
        Needs("catalog:write"),
        "handle,name\nlamp-{any},Lamp\n",
    ),
    get("/api/admin/imports/{import_id}", Needs("catalog:read")),
    post(
        "/api/admin/imports/{import_id}/cancel",
        Needs("catalog:write"),
        "",
    ),
    get("/api/admin/exports/products", Needs("catalog:read")),
    // Orders' administration.
    get("/api/admin/orders", Needs("orders:read")),
    get("/api/admin/orders/{order_id}", Needs("orders:read")),
    post(
        "/api/admin/orders/{order_id}/cancel",
        Needs("orders:write"),
        "{}",
    ),
    post(
        "/api/admin/orders/{order_id}/ship",
        Needs("orders:write"),
        "{}",
    ),
    post(
        "/api/admin/orders/{order_id}/refund",
        Needs("orders:refund"),
        r#"{"reason": "broken"}"#,
    ),
    get("/api/admin/orders/export", Needs("orders:read")),
    get("/api/admin/orders/{order_id}/receipt", Needs("orders:read")),
    get(
        "/api/admin/orders/{order_id}/packing-slip",
        Needs("orders:read"),
    ),
    post(
        "/api/admin/orders/{order_id}/shipments",
        Needs("orders:write"),
        "{}",
    ),
    post(
        "/api/admin/shipments/{shipment_id}/hand-over",
        Needs("orders:write"),
        "{}",
    ),
    post(
        "/api/admin/shipments/{shipment_id}/deliver",
        Needs("orders:write"),
        "",
    ),
    post(
        "/api/admin/shipments/{shipment_id}/cancel",
        Needs("orders:write"),
        "",
    ),
    post(
        "/api/admin/orders/{order_id}/notes",
        Needs("orders:write"),
        r#"{"body": "call them"}"#,
    ),
    get("/api/admin/returns", Needs("orders:read")),
    get("/api/admin/returns/{return_id}", Needs("orders:read")),
    post(
        "/api/admin/orders/{order_id}/returns",
        Needs("orders:write"),
        r#"{"lines": [{"line_id": "{order_line_id}", "quantity": 1, "reason": "damaged"}]}"#,
    ),
    post(
        "/api/admin/returns/{return_id}/approve",
        Needs("orders:write"),
        "",
    ),
    post(
        "/api/admin/returns/{return_id}/reject",
        Needs("orders:write"),
        r#"{"reason": "worn"}"#,
    ),
    post(
        "/api/admin/returns/{return_id}/receive",
        Needs("orders:write"),
        "{}",
    ),
    post(
        "/api/admin/returns/{return_id}/refund",
        Needs("orders:refund"),
        "{}",
    ),
    post(
        "/api/admin/returns/{return_id}/cancel",
        Needs("orders:write"),
        "",
    ),
    post(
        "/api/admin/orders/{order_id}/exchanges",
        Needs("orders:refund"),
        r#"{"lines": [{"line_id": "{order_line_id}", "quantity": 1, "reason": "wrong_size"}], "items": [{"variant_id": "{variant_id}", "quantity": 1}]}"#,
    ),
    get("/api/admin/shipping-methods", Needs("settings:read")),
    post(
        "/api/admin/shipping-methods",
        Needs("settings:write"),
        r#"{"code": "{any}", "name": "Express", "rates": {"kind": "flat", "amount": {"amount": 900, "currency": "{currency}"}}}"#,
    ),
    get(
        "/api/admin/shipping-methods/{shipping_method_id}",
        Needs("settings:read"),
    ),
    patch(
        "/api/admin/shipping-methods/{shipping_method_id}",
        Needs("settings:write"),
        r#"{"name": "Slow"}"#,
    ),
    get("/api/admin/shipping-zones", Needs("settings:read")),
    post(
        "/api/admin/shipping-zones",
        Needs("settings:write"),
        r#"{"name": "Near", "areas": [{"country": "DE"}]}"#,
    ),
    get(
        "/api/admin/shipping-zones/{shipping_zone_id}",
        Needs("settings:read"),
    ),
    patch(
        "/api/admin/shipping-zones/{shipping_zone_id}",
        Needs("settings:write"),
        r#"{"name": "Far"}"#,
    ),
    delete(
        "/api/admin/shipping-zones/{shipping_zone_id}",
        Needs("settings:write"),
    ),
    get("/api/admin/promotions", Needs("promotions:read")),
    post(
        "/api/admin/promotions",
        Needs("promotions:write"),
        r#"{"name": "Sale", "needs_coupon": true, "rule": {"effect": {"kind": "free_shipping"}}}"#,
    ),
    get(
        "/api/admin/promotions/{promotion_id}",
        Needs("promotions:read"),
    ),
    patch(
        "/api/admin/promotions/{promotion_id}",
        Needs("promotions:write"),
        r#"{"name": "Clearance"}"#,
    ),
    get(
        "/api/admin/promotions/{promotion_id}/coupons",
        Needs("promotions:read"),
    ),
    post(
        "/api/admin/promotions/{promotion_id}/coupons",
        Needs("promotions:write"),
        r#"{"code": "{any}"}"#,
    ),
    post(
        "/api/admin/promotions/{promotion_id}/coupons/batch",
        Needs("promotions:write"),
        r#"{"count": 2}"#,
    ),
    delete(
        "/api/admin/promotions/{promotion_id}/coupons/{coupon_id}",
        Needs("promotions:write"),
    ),
    // The tenant's administration.
    get("/api/admin/settings", Needs("settings:read")),
    patch(
        "/api/admin/settings",
        Needs("settings:write"),
        r#"{"name": "Shop"}"#,
    ),
    get("/api/admin/metrics", Needs("insight:read")),
    get("/api/admin/metrics/export", Needs("insight:read")),
    post("/api/admin/metrics/rebuild", Needs("settings:write"), ""),
    get("/api/admin/mail-templates", Needs("settings:read")),
    get(
        "/api/admin/mail-templates/{mail}/{language}",
        Needs("settings:read"),
    ),
    put(
        "/api/admin/mail-templates/{mail}/{language}",
        Needs("settings:write"),
        r#"{"subject": "Hello", "text": "Hello", "html": "Hello"}"#,
    ),
    delete(
        "/api/admin/mail-templates/{mail}/{language}",
        Needs("settings:write"),
    ),
    post(
        "/api/admin/mail-templates/{mail}/{language}/preview",
        Needs("settings:read"),
        "{}",
    ),
    post(
        "/api/admin/mail-templates/{mail}/{language}/send-test",
        Needs("settings:write"),
        "",
    ),
    get("/api/admin/users", Needs("users:read")),
    get("/api/admin/users/{user_id}", Needs("users:read")),
    patch(
        "/api/admin/users/{user_id}",
        Needs("users:write"),
        r#"{"role": "user"}"#,
    ),
    post(
        "/api/admin/users/{user_id}/2fa/reset",
        Needs("users:write"),
        "",
    ),
    post("/api/admin/users/{user_id}/erase", Needs("users:write"), ""),
    post(
        "/api/admin/users/{user_id}/export",
        Needs("users:write"),
        "",
    ),
    get("/api/admin/jobs", Needs("jobs:read")),
    get("/api/admin/jobs/lag", Needs("jobs:read")),
    get("/api/admin/jobs/{job_id}", Needs("jobs:read")),
    post("/api/admin/jobs/{job_id}/retry", Needs("jobs:write"), ""),
    post("/api/admin/jobs/{job_id}/discard", Needs("jobs:write"), ""),
    get("/api/admin/webhook-events", Needs("jobs:read")),
    get(
        "/api/admin/webhook-events/{webhook_event_id}",
        Needs("jobs:read"),
    ),
    post(
        "/api/admin/webhook-events/{webhook_event_id}/replay",
        Needs("jobs:write"),
        "",
    ),
    get("/api/admin/audit", Needs("audit:read")),
    get("/api/admin/audit/verify", Needs("audit:read")),
    get("/api/admin/audit/export", Needs("audit:read")),
    // Sellers.
    get("/api/admin/sellers", Needs("sellers:read")),
    post(
        "/api/admin/sellers",
        Needs("sellers:write"),
        r#"{"name": "{any}"}"#,
    ),
    get("/api/admin/sellers/report", Needs("sellers:read")),
    get("/api/admin/sellers/report/export", Needs("sellers:read")),
    get("/api/admin/sellers/{seller_id}", Needs("sellers:read")),
    patch(
        "/api/admin/sellers/{seller_id}",
        Needs("sellers:write"),
        r#"{"payout_reference": "12"}"#,
    ),
    get(
        "/api/admin/sellers/{seller_id}/report",
        Needs("sellers:read"),
    ),
    get(
        "/api/admin/sellers/{seller_id}/report/export",
        Needs("sellers:read"),
    ),
    post(
        "/api/admin/sellers/{seller_id}/people",
        Needs("users:write"),
        r#"{"user_id": "{user_id}"}"#,
    ),
    delete(
        "/api/admin/sellers/{seller_id}/people/{user_id}",
        Needs("users:write"),
    ),
    post(
        "/api/admin/sellers/{seller_id}/archive",
        Needs("sellers:write"),
        "",
    ),
    get("/api/seller/orders", OfSeller("orders:read")),
    get("/api/seller/orders/{order_id}", OfSeller("orders:read")),
    get("/api/seller/report", OfSeller("orders:read")),
    get("/api/seller/report/export", OfSeller("orders:read")),
    // The operator's.
    get("/api/admin/tenants", Needs("tenants:manage")),
    post(
        "/api/admin/tenants",
        Needs("tenants:manage"),
        r#"{"slug": "{any}", "name": "Third", "currency": "EUR"}"#,
    ),
    get("/api/admin/tenants/{tenant_id}", Needs("tenants:manage")),
    patch(
        "/api/admin/tenants/{tenant_id}",
        Needs("tenants:manage"),
        r#"{"name": "Fourth"}"#,
    ),
    post(
        "/api/admin/tenants/{tenant_id}/admins",
        Needs("tenants:manage"),
        r#"{"email": "new@mail.test", "password": "a long password", "name": "New"}"#,
    ),
    // The last one, because it ends the caller's session.
    post("/api/auth/logout", Open, "{}"),
];
