//! Subscriptions of hosted services.

use super::Access::{Account, Needs};
use super::{Route, get, patch, post};

pub(super) const ROUTES: &[Route] = &[
    get("/api/subscriptions", Account),
    get("/api/subscriptions/{subscription_id}", Account),
    patch(
        "/api/subscriptions/{subscription_id}",
        Account,
        r#"{"auto_renew": true}"#,
    ),
    post(
        "/api/subscriptions/{subscription_id}/upgrade/preview",
        Account,
        r#"{"plan_id": "{dear_plan_id}"}"#,
    ),
    post(
        "/api/subscriptions/{subscription_id}/upgrade",
        Account,
        r#"{"plan_id": "{dear_plan_id}"}"#,
    ),
    post(
        "/api/subscriptions/{subscription_id}/downgrade",
        Account,
        r#"{"plan_id": "{dear_plan_id}"}"#,
    ),
    post("/api/subscriptions/{subscription_id}/resume", Account, ""),
    post("/api/subscriptions/{subscription_id}/cancel", Account, "{}"),
    post(
        "/api/subscriptions",
        Account,
        r#"{"plan_id": "{free_plan_id}"}"#,
    ),
    get("/api/admin/subscriptions", Needs("subscriptions:read")),
    get(
        "/api/admin/subscriptions/{subscription_id}",
        Needs("subscriptions:read"),
    ),
    post(
        "/api/admin/subscriptions/{subscription_id}/end",
        Needs("subscriptions:write"),
        "{}",
    ),
    get(
        "/api/admin/subscription-coupons",
        Needs("subscriptions:read"),
    ),
    post(
        "/api/admin/subscription-coupons",
        Needs("subscriptions:write"),
        r#"{"code": "{any}", "basis_points": 1000}"#,
    ),
    get(
        "/api/admin/subscription-coupons/{subscription_coupon_id}",
        Needs("subscriptions:read"),
    ),
    post(
        "/api/admin/subscription-coupons/{subscription_coupon_id}/archive",
        Needs("subscriptions:write"),
        "",
    ),
];
