//! Texts of examples.

use serde_json::{Value, json};

/// Texts of properties and parameters.
pub(super) fn text(name: &str) -> Option<&'static str> {
    of_ids(name).or_else(|| of_times(name)).or_else(|| {
        TEXTS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| *text)
    })
}

/// Ids, by what they name.
fn of_ids(name: &str) -> Option<&'static str> {
    Some(match name {
        "address_id" => "adr_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "auth_session_id" => "ses_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "cart_id" => "cart_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "category_id" | "category_ids" | "parent_id" => "cat_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "cluster_id" => "clu_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "instance_id" => "ins_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "coupon_id" => "cpn_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "exchange_of" | "exchange_order_id" | "order_id" | "object" => {
            "ord_01j9z6m3k4f5g6h7j8k9m0n1p2"
        }
        "id" | "product_id" | "products" | "get_products" => "prod_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "image_id" | "image_ids" => "img_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "import_id" => "imp_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "job_id" => "job_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "key_id" => "key_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "line_id" => "oli_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "payment_id" => "pay_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "price_list_id" => "prl_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "subscription_id" => "sub_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "subscription_coupon_id" => "scpn_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "plan_id" => "plan_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "quota_id" => "quo_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "service_id" => "svc_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "service_category_id" => "scat_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "waiter_id" => "wait_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "promotion_id" => "promo_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "return_id" => "rma_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "seller" | "seller_id" => "sel_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "session_id" => "tse_9wLr0dTqg4Bv1cXyYk2m",
        "shipment_id" => "pkg_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "shipping_method_id" => "shp_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "shipping_zone_id" | "zone_ids" => "szn_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "stock_id" => "stk_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "tenant_id" => "ten_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "user_id" => "usr_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "variant_id" => "var_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "gift_card_id" => "gift_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "hold_id" => "hold_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "lot_id" => "lot_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "refund_of" | "transaction_id" => "txn_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "top_up_id" => "top_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "wallet_id" => "wal_01j9z6m3k4f5g6h7j8k9m0n1p2",
        "webhook_event_id" => "whe_01j9z6m3k4f5g6h7j8k9m0n1p2",
        _ => return None,
    })
}

/// Times, so that what begins comes before what ends.
fn of_times(name: &str) -> Option<&'static str> {
    Some(match name {
        "counted_at" | "created_at" | "opened_at" | "placed_at" | "received_at" | "started_at"
        | "starts_at" | "placed_from" | "from" => "2026-11-20T12:00:00.000000Z",
        "reserved_until" => "2026-11-20T12:31:00.000000Z",
        "available_at" | "paid_at" | "processed_at" | "finished_at" => {
            "2026-11-20T12:00:07.000000Z"
        }
        "at" | "checked_at" | "enabled_at" | "seen_at" | "status_at" | "last_used_at"
        | "shipped_at" | "updated_at" => "2026-11-21T08:30:00.000000Z",
        "canceled_at" | "decided_at" | "delivered_at" | "revoked_at" => {
            "2026-11-23T10:15:00.000000Z"
        }
        "ends_at" | "evidence_due_at" | "expected_at" | "expires_at" | "placed_before" | "to" => {
            "2026-12-01T00:00:00.000000Z"
        }
        _ => return None,
    })
}

const TEXTS: &[(&str, &str)] = &[
    ("unknown_skus", "TR2-BLACK-47"),
    ("X-Cart-Token", "ct_c29tZXRoaW5nIHJhbmRvbQ"),
    ("X-Order-Token", "ot_c29tZXRoaW5nIHJhbmRvbQ"),
    (
        "Stripe-Signature",
        "t=1795521600,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
    ),
    (
        "Sutler-Signature",
        "t=1795521600,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd",
    ),
    (
        "access_token",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMDEifQ.c2lnbmF0dXJl",
    ),
    ("action", "product.update"),
    ("actor", "user:usr_01j9z6m3k4f5g6h7j8k9m0n1p2"),
    ("alt", "The shoe from the side"),
    ("attention", "a payment came after the order was canceled"),
    ("body", "Please ring twice."),
    ("brand", "Northwind"),
    ("cancel_reason", "not paid in time"),
    ("cancel_url", "https://shop.example.com/cart"),
    ("carrier", "DHL"),
    ("category", "shoes"),
    ("chosen", "42"),
    ("code", "SUMMER26"),
    ("comment", "The sole came off."),
    ("company", "Lovelace Ltd"),
    ("contact_address", "1 Harbour Road, Bristol BS1 4QD, GB"),
    ("contact_email", "team@northwind.example.com"),
    ("currency", "EUR"),
    ("cursor", "eyJ2IjoxfQ"),
    ("next_cursor", "eyJ2IjoxfQ"),
    ("decision", "Sent back in time."),
    ("description", "A shoe for long ways."),
    ("email", "ada@example.com"),
    ("external_id", "dp_1RfQ2mCkeR3xJYz0b7"),
    ("failure", "the card was declined"),
    (
        "hash",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ),
    ("hosts", "shop.example.com"),
    ("html", "<p>Order {{ order.number }} is on its way.</p>"),
    ("kind", "orders.send_confirmation"),
    ("label", "Home"),
    ("language", "de"),
    ("last_error", "the mail server did not answer in time"),
    ("line2", "2nd floor"),
    ("locale", "en-GB"),
    ("mail", "order_confirmation"),
    ("name", "Trail runner"),
    ("note", "Left at the door."),
    ("notes", "the column vendor was left out"),
    (
        "payment_url",
        "https://shop.example.com/pay/tse_9wLr0dTqg4Bv1cXyYk2m",
    ),
    ("payout_reference", "DE89370400440532013000"),
    ("phone", "+44 117 496 0123"),
    ("product", "trail-runner"),
    ("q", "trail shoe"),
    ("reason", "counted"),
    ("refresh_token", "rt_c29tZXRoaW5nIHJhbmRvbQ"),
    ("region", "Bristol"),
    ("request_id", "req_9wLr0dTqg4Bv1cXyYk2m"),
    ("scopes", "orders:read"),
    ("shipping_method", "standard"),
    ("size", "42"),
    ("sku", "TR2-BLACK-42"),
    ("slug", "trail-runner"),
    ("source", "stripe"),
    ("subject", "Your order {{ order.number }}"),
    ("success_url", "https://shop.example.com/thanks"),
    ("support_email", "help@shop.example.com"),
    ("tag", "outdoor"),
    ("tags", "outdoor"),
    ("text", "Order {{ order.number }} is on its way."),
    ("title", "Trail runner, black, 42"),
    ("token", "c29tZXRoaW5nIHJhbmRvbQ"),
    ("tracking_number", "00340434161094042557"),
    (
        "tracking_url",
        "https://www.dhl.de/track?id=00340434161094042557",
    ),
    (
        "two_factor_token",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c3JfMDEifQ.c2Vjb25k",
    ),
    (
        "url",
        "https://shop.example.com/pay/tse_9wLr0dTqg4Bv1cXyYk2m",
    ),
    (
        "user_agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ),
];

/// Bodies that no schema describes, by their type and path.
pub(super) fn of_content(kind: &str, path: &str) -> Option<Value> {
    const PRODUCTS: &str = "handle,name,sku,price\ntrail-runner,Trail runner,TR2-BLACK-42,129.00\n";
    let csv = [
        ("/imports", PRODUCTS),
        ("/exports/products", PRODUCTS),
        ("/audit/", "sequence,action\n1874,product.update\n"),
        (
            "/stock/feed",
            "sku,on_hand,counted_at,source\nTR2-BLACK-42,12,2026-11-20T12:00:00Z,store\n",
        ),
        ("/orders/", "number,total\n1001,12.99\n"),
        ("/wallet/", "sequence,type,amount\n17,TOP_UP,12.99\n"),
        ("/metrics/", "day,orders\n2026-11-20,61\n"),
        ("/report/", "currency,orders\nEUR,61\n"),
    ];
    match kind {
        "text/csv" => csv
            .iter()
            .find(|(part, _)| path.contains(part))
            .map(|(_, text)| Value::from(*text)),
        "text/plain" => {
            Some("sutler_http_requests_total{route=\"/health\",status=\"2xx\"} 1\n".into())
        }
        "application/json" if path.ends_with("/export") => {
            Some(json!({ "account": { "email": "ada@example.com", "name": "Ada Lovelace" } }))
        }
        "application/json" => Some(
            "{\"id\":\"evt_1RfQ2mCkeR3xJYz0b7\",\"type\":\"checkout.session.completed\",\"data\":{\"object\":{}}}"
                .into(),
        ),
        _ => None,
    }
}
