//! Routes of visitors, buyers and gateways.

use super::Access::{Account, Open, Owner, OwnerOr, Person};
use super::{CHANGE_ORDER, Route, delete, get, patch, post};

pub(super) const ROUTES: &[Route] = &[
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
    post("/api/webhooks/midtrans", Open, "{}"),
    post("/api/webhooks/test", Open, "{}"),
    get("/api/test-gateway/sessions/{session_id}", Open),
    post(
        "/api/test-gateway/sessions/{session_id}",
        Open,
        r#"{"outcome": "pay"}"#,
    ),
];
