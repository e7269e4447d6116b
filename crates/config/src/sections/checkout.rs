//! Checkout.

use std::time::Duration;

use url::Url;

use crate::reader::Reader;

/// Checkout.
#[derive(Debug, Clone)]
pub struct Checkout {
    /// How long a buyer has to pay, which is how long the gateway's session lives.
    pub session_ttl: Duration,
    /// How much longer than that stock stays reserved.
    pub reservation_grace: Duration,
    /// After which time an unpaid order is canceled.
    pub pending_ttl: Duration,
    /// After which time an exchange is canceled whose difference is not paid.
    pub exchange_ttl: Duration,
    /// After which time an untouched guest cart is forgotten.
    pub cart_ttl: Duration,
    /// For how long it is kept who was billed, when a buyer is forgotten.
    pub invoice_retention: Duration,
    /// Where buyers may be sent after payment, besides the CORS origins.
    pub return_origins: Vec<Url>,
}

pub(crate) fn read(r: &mut Reader) -> Checkout {
    Checkout {
        session_ttl: r.value(
            "checkout.session_ttl",
            "31m",
            "How long a buyer has to pay; 1m to 24h, with Stripe 31m to 24h.",
        ),
        reservation_grace: r.value(
            "checkout.reservation_grace",
            "5m",
            "How much longer than that stock stays reserved.",
        ),
        pending_ttl: r.value(
            "checkout.pending_ttl",
            "24h",
            "After which time an unpaid order is canceled; until then payment can be tried again. More than CHECKOUT_SESSION_TTL and CHECKOUT_RESERVATION_GRACE together.",
        ),
        exchange_ttl: r.value(
            "checkout.exchange_ttl",
            "7d",
            "For how long the goods of an exchange are reserved whose difference is not paid; it is canceled then. More than CHECKOUT_SESSION_TTL and CHECKOUT_RESERVATION_GRACE together.",
        ),
        cart_ttl: r.value(
            "checkout.cart_ttl",
            "30d",
            "After which time an untouched cart is forgotten.",
        ),
        invoice_retention: r.value(
            "checkout.invoice_retention",
            "3653d",
            "For how long name and address of an invoice are kept after the order was placed when its buyer is forgotten, as tax law asks for; 0s to keep none. Ask your accountant.",
        ),
        return_origins: r.value(
            "checkout.return_origins",
            "",
            "Origins buyers may be sent to after payment, besides HTTP_PUBLIC_URL and HTTP_CORS_ORIGINS.",
        ),
    }
}
