//! Routes of those who look after orders.

use super::Access::Needs;
use super::{Route, delete, get, patch, post};

pub(super) const ROUTES: &[Route] = &[
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
];
