//! Wallets and what is paid into them.

use super::Access::{Account, Needs};
use super::{Route, delete, get, patch, post, put};

/// One that is frozen spends nothing, so that comes last.
pub(super) const ROUTES: &[Route] = &[
    get("/api/wallet", Account),
    patch("/api/wallet", Account, r#"{"low_balance_threshold": null}"#),
    get("/api/wallet/transactions", Account),
    get("/api/wallet/transactions/export", Account),
    get("/api/wallet/top-ups/{top_up_id}", Account),
    // After it, because only so many can be open at once.
    post(
        "/api/wallet/top-ups",
        Account,
        r#"{"amount": {"amount": 100, "currency": "{currency}"}}"#,
    ),
    get("/api/wallet/auto-top-up", Account),
    put(
        "/api/wallet/auto-top-up",
        Account,
        r#"{"threshold": {"amount": 1, "currency": "{currency}"}, "amount": {"amount": 100, "currency": "{currency}"}}"#,
    ),
    delete("/api/wallet/auto-top-up", Account),
    delete("/api/wallet/payment-method", Account),
    post(
        "/api/wallet/gift-cards",
        Account,
        r#"{"code": "{gift_code}"}"#,
    ),
    get("/api/admin/gift-cards", Needs("credits:read")),
    post(
        "/api/admin/gift-cards",
        Needs("credits:write"),
        r#"{"amount": {"amount": 1, "currency": "{currency}"}, "note": "broken"}"#,
    ),
    get(
        "/api/admin/gift-cards/{gift_card_id}",
        Needs("credits:read"),
    ),
    post(
        "/api/admin/gift-cards/{gift_card_id}/void",
        Needs("credits:write"),
        "",
    ),
    get("/api/admin/top-ups", Needs("credits:read")),
    get("/api/admin/top-ups/{top_up_id}", Needs("credits:read")),
    post(
        "/api/admin/top-ups/{top_up_id}/refund",
        Needs("credits:write"),
        r#"{"amount": {"amount": 1, "currency": "{currency}"}, "reason": "broken"}"#,
    ),
    post(
        "/api/admin/top-ups/{top_up_id}/acknowledge",
        Needs("credits:write"),
        r#"{"reason": "broken"}"#,
    ),
    get("/api/admin/wallets", Needs("credits:read")),
    post(
        "/api/admin/wallets",
        Needs("credits:write"),
        r#"{"user_id": "{user_id}"}"#,
    ),
    get("/api/admin/wallets/{wallet_id}", Needs("credits:read")),
    get(
        "/api/admin/wallets/{wallet_id}/transactions",
        Needs("credits:read"),
    ),
    get(
        "/api/admin/wallets/{wallet_id}/verify",
        Needs("credits:read"),
    ),
    post(
        "/api/admin/wallets/{wallet_id}/adjustments",
        Needs("credits:write"),
        r#"{"amount": {"amount": 1, "currency": "{currency}"}, "reason": "broken"}"#,
    ),
    post(
        "/api/admin/wallets/{wallet_id}/grants",
        Needs("credits:write"),
        r#"{"amount": {"amount": 1, "currency": "{currency}"}, "reason": "broken"}"#,
    ),
    post(
        "/api/admin/wallets/{wallet_id}/refunds",
        Needs("credits:write"),
        r#"{"transaction_id": "{transaction_id}", "reason": "broken"}"#,
    ),
    post(
        "/api/admin/wallets/{wallet_id}/freeze",
        Needs("credits:write"),
        "",
    ),
    post(
        "/api/admin/wallets/{wallet_id}/unfreeze",
        Needs("credits:write"),
        "",
    ),
];
