//! Routes of those who look after the tenant, its sellers and the installation.

use super::Access::{Needs, OfSeller};
use super::{Route, delete, get, patch, post, put};

pub(super) const ROUTES: &[Route] = &[
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
];
