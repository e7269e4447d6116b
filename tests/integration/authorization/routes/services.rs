//! Hosted services, their plans and quotas.

use super::Access::{Account, Needs, Open};
use super::{Route, delete, get, patch, post};

/// What is archived takes nothing new, so that comes last.
pub(super) const ROUTES: &[Route] = &[
    get("/api/catalog/service-categories", Open),
    get("/api/catalog/services", Open),
    get("/api/catalog/services/{service}", Open),
    get("/api/catalog/services/{service}/plans", Open),
    get("/api/waiting-list", Account),
    post("/api/waiting-list", Account, r#"{"plan_id": "{plan_id}"}"#),
    get("/api/waiting-list/{waiter_id}", Account),
    delete("/api/waiting-list/{waiter_id}", Account),
    get(
        "/api/admin/catalog/service-categories",
        Needs("catalog:read"),
    ),
    post(
        "/api/admin/catalog/service-categories",
        Needs("catalog:write"),
        r#"{"name": "{any}"}"#,
    ),
    get(
        "/api/admin/catalog/service-categories/{service_category_id}",
        Needs("catalog:read"),
    ),
    patch(
        "/api/admin/catalog/service-categories/{service_category_id}",
        Needs("catalog:write"),
        r#"{"position": 2}"#,
    ),
    get("/api/admin/catalog/services", Needs("catalog:read")),
    post(
        "/api/admin/catalog/services",
        Needs("catalog:write"),
        r#"{"name": "{any}", "template": {"image": "ghost:5", "resources": {"cpu_request": "0", "cpu_limit": "1", "memory_request": "1Mi", "memory_limit": "1Gi"}}}"#,
    ),
    get(
        "/api/admin/catalog/services/{service_id}",
        Needs("catalog:read"),
    ),
    patch(
        "/api/admin/catalog/services/{service_id}",
        Needs("catalog:write"),
        r#"{"description": "Writes."}"#,
    ),
    get(
        "/api/admin/catalog/services/{service_id}/plans",
        Needs("catalog:read"),
    ),
    post(
        "/api/admin/catalog/services/{service_id}/plans",
        Needs("catalog:write"),
        r#"{"name": "{any}", "tier": "PRO", "price": {"amount": 100, "currency": "{currency}"}, "interval": {"unit": "month"}}"#,
    ),
    get("/api/admin/catalog/plans/{plan_id}", Needs("catalog:read")),
    patch(
        "/api/admin/catalog/plans/{plan_id}",
        Needs("catalog:write"),
        r#"{"trial_days": 7}"#,
    ),
    get("/api/admin/quotas", Needs("credits:read")),
    get("/api/admin/quotas/{quota_id}", Needs("credits:read")),
    patch(
        "/api/admin/quotas/{quota_id}",
        Needs("credits:write"),
        r#"{"warning_percent": 70}"#,
    ),
    get(
        "/api/admin/quotas/{quota_id}/history",
        Needs("credits:read"),
    ),
    get(
        "/api/admin/quotas/{quota_id}/allocations",
        Needs("credits:read"),
    ),
    get(
        "/api/admin/quotas/{quota_id}/waiting-list",
        Needs("credits:read"),
    ),
    get("/api/admin/quotas/{quota_id}/verify", Needs("credits:read")),
    post(
        "/api/admin/catalog/plans/{plan_id}/archive",
        Needs("catalog:write"),
        "",
    ),
    post(
        "/api/admin/catalog/services/{service_id}/archive",
        Needs("catalog:write"),
        "",
    ),
    post(
        "/api/admin/catalog/service-categories/{service_category_id}/archive",
        Needs("catalog:write"),
        "",
    ),
];
