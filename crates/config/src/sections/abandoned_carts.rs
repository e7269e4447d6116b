//! Carts that were left behind.

use std::time::Duration;

use url::Url;

use crate::reader::Reader;
use crate::settings::Settings;
use crate::values::Secret;

/// Carts that were left behind.
#[derive(Debug, Clone)]
pub struct AbandonedCarts {
    /// After which time an untouched cart counts as left behind.
    pub after: Duration,
    /// Whether its buyer is reminded by mail.
    pub reminders: bool,
    /// Who else hears of it.
    pub webhook_url: Option<Url>,
    /// What is posted there is signed with.
    pub webhook_secret: Option<Secret>,
}

pub(crate) fn read(r: &mut Reader) -> AbandonedCarts {
    AbandonedCarts {
        after: r.value(
            "abandoned_cart.after",
            "4h",
            "After which time an untouched cart with a mail address counts as left behind; 10m to 7d, and less than CHECKOUT_CART_TTL.",
        ),
        reminders: r.value(
            "abandoned_cart.reminders",
            "true",
            "Whether its buyer is reminded by mail, once, with a link to wish for no more.",
        ),
        webhook_url: r.optional(
            "abandoned_cart.webhook_url",
            "https://crm.example/hooks/carts",
            "Where carts that were left behind are posted as JSON, signed with ABANDONED_CART_WEBHOOK_SECRET.",
        ),
        webhook_secret: r.optional(
            "abandoned_cart.webhook_secret",
            "paste the output of: openssl rand -base64 32",
            "What the posts are signed with; at least 16 characters.",
        ),
    }
}

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    use secrecy::ExposeSecret as _;
    let carts = &s.abandoned_carts;
    let least = Duration::from_mins(10);
    if carts.after < least
        || carts.after > Duration::from_hours(168)
        || carts.after >= s.checkout.cart_ttl
    {
        r.mistake(
            "abandoned_cart.after",
            &format!("{:?}", carts.after),
            "10m to 7d, and less than CHECKOUT_CART_TTL",
        );
    }
    let Some(url) = &carts.webhook_url else {
        return;
    };
    if !matches!(url.scheme(), "http" | "https") || (s.is_production() && url.scheme() != "https") {
        r.mistake(
            "abandoned_cart.webhook_url",
            &format!("a URL that begins with {}://", url.scheme()),
            "an https:// URL (http:// in development only)",
        );
    }
    let length = carts
        .webhook_secret
        .as_ref()
        .map_or(0, |secret| secret.expose_secret().len());
    if length < 16 {
        r.mistake(
            "abandoned_cart.webhook_secret",
            &format!("a secret of {length} characters"),
            "a secret of at least 16 characters, because ABANDONED_CART_WEBHOOK_URL is set",
        );
    }
}
