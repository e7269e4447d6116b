//! Rate limits.

use crate::reader::Reader;
use crate::values::Rate;

/// Rate limits, each by client address and by account.
#[derive(Debug, Clone)]
pub struct RateLimits {
    /// Whether they are on.
    pub enabled: bool,
    /// `login` and `register`.
    pub login: Rate,
    /// The rest of `/api/auth`.
    pub auth: Rate,
    /// Checkout, payment, and codes that must not be guessed.
    pub checkout: Rate,
    /// Writes under `/api/admin`.
    pub admin_writes: Rate,
    /// Reads of the catalog.
    pub catalog: Rate,
    /// Everything else.
    pub general: Rate,
    /// Received webhooks.
    pub webhooks: Rate,
}

pub(crate) fn read(r: &mut Reader) -> RateLimits {
    RateLimits {
        enabled: r.value(
            "rate_limit.enabled",
            "true",
            "Whether requests are limited.",
        ),
        login: r.value(
            "rate_limit.login",
            "10/min",
            "Login and registration, by client address and by account.",
        ),
        auth: r.value("rate_limit.auth", "30/min", "The rest of `/api/auth`."),
        checkout: r.value(
            "rate_limit.checkout",
            "30/min",
            "Checkout, payment attempts, top-ups of wallets, subscribing, and codes of coupons and gift cards.",
        ),
        admin_writes: r.value(
            "rate_limit.admin_writes",
            "30/min",
            "Writes under `/api/admin`.",
        ),
        catalog: r.value("rate_limit.catalog", "1200/min", "Reads of the catalog."),
        general: r.value("rate_limit.general", "600/min", "Everything else."),
        webhooks: r.value(
            "rate_limit.webhooks",
            "6000/min",
            "Received webhooks, by client address.",
        ),
    }
}
