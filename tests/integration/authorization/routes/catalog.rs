//! Routes of those who look after the catalog.

use super::Access::{Needs, Within};
use super::{Route, delete, get, patch, post, put};

pub(super) const ROUTES: &[Route] = &[
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
];
