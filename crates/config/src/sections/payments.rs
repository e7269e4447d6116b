//! Payment and its gateways.

use strum::{EnumString, VariantNames};
use url::Url;

use std::time::Duration;

use crate::reader::Reader;
use crate::settings::Settings;
use crate::values::{Choice, Secret};

/// The payment gateways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum GatewayName {
    /// Embedded, with a pay page of its own; no money moves.
    Test,
    /// Stripe Checkout.
    Stripe,
}

impl Choice for GatewayName {}

/// Stripe.
#[derive(Debug, Clone)]
pub struct Stripe {
    /// The API key.
    pub secret_key: Secret,
    /// The endpoint's signing secrets: the current one, and the one before
    /// while it is rotated.
    pub webhook_secrets: Vec<Secret>,
    /// Stripe's address.
    pub api_base: Url,
    /// The longest a call may take.
    pub timeout: Duration,
    /// The account events must come from, when they name one.
    pub account: Option<String>,
    /// Whether Stripe computes taxes on its page.
    pub automatic_tax: bool,
}

/// Payment.
#[derive(Debug, Clone)]
pub struct Payments {
    /// What is used when a checkout names no gateway.
    pub gateway: GatewayName,
    /// Whether the embedded gateway is there.
    pub test_enabled: bool,
    /// Stripe, when a key is given.
    pub stripe: Option<Stripe>,
    /// Whether signing secrets of Stripe were given without a key.
    pub(crate) stripe_lacks_key: bool,
}

pub(crate) fn read(r: &mut Reader) -> Payments {
    let gateway = r.value(
        "payment.gateway",
        "test",
        "The gateway that is used when a checkout names none. `test` is embedded and refused in production.",
    );
    let test_enabled = r.value(
        "payment.test_enabled",
        "true",
        "Whether the embedded test gateway can be chosen; must be false in production.",
    );
    let secret_key: Option<Secret> = r.optional(
        "stripe.secret_key",
        "sk_live_…",
        "Stripe's secret or restricted key; turns the gateway `stripe` on.",
    );
    let webhook_secrets: Vec<Secret> = r.value(
        "stripe.webhook_secret",
        "",
        "The signing secret of the webhook endpoint; two, separated by a comma, while you rotate.",
    );
    let api_base = r.value(
        "stripe.api_base",
        "https://api.stripe.com",
        "Where Stripe's API is. In production only https:// is accepted.",
    );
    let timeout = r.value(
        "stripe.timeout",
        "20s",
        "The longest a call to Stripe may take, 100ms to 2m. What came of a longer one is looked up later.",
    );
    let account = r.optional(
        "stripe.account",
        "acct_…",
        "The account whose events are accepted, where events name one.",
    );
    let automatic_tax = r.value(
        "stripe.automatic_tax",
        "false",
        "Whether Stripe computes taxes on its page; Sutler stores what it answers.",
    );
    Payments {
        gateway,
        test_enabled,
        stripe_lacks_key: secret_key.is_none() && !webhook_secrets.is_empty(),
        stripe: secret_key.map(|secret_key| Stripe {
            secret_key,
            webhook_secrets,
            api_base,
            timeout,
            account,
            automatic_tax,
        }),
    }
}

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    match s.payments.gateway {
        GatewayName::Stripe if s.payments.stripe.is_none() => r.mistake(
            "stripe.secret_key",
            "nothing",
            "a key, because PAYMENT_GATEWAY is stripe",
        ),
        GatewayName::Test if !s.payments.test_enabled => r.mistake(
            "payment.gateway",
            "\"test\"",
            "another gateway, because PAYMENT_TEST_ENABLED is false",
        ),
        _ => {}
    }
    if s.payments.stripe_lacks_key && s.payments.gateway != GatewayName::Stripe {
        r.mistake(
            "stripe.secret_key",
            "nothing",
            "a key, because STRIPE_WEBHOOK_SECRET is set; set both or neither",
        );
    }
    if let Some(stripe) = &s.payments.stripe {
        if stripe.webhook_secrets.is_empty() {
            r.mistake(
                "stripe.webhook_secret",
                "nothing",
                "the signing secret of the webhook endpoint, because STRIPE_SECRET_KEY is set",
            );
        }
        if stripe.webhook_secrets.len() > 2 {
            r.mistake(
                "stripe.webhook_secret",
                "more than two secrets",
                "one, or two while you rotate",
            );
        }
        if s.is_production() && stripe.api_base.scheme() != "https" {
            r.mistake(
                "stripe.api_base",
                &format!("{:?}", stripe.api_base.as_str()),
                "an https:// URL, because ENVIRONMENT is production and the key is sent there",
            );
        }
        if !(Duration::from_millis(100)..=Duration::from_mins(2)).contains(&stripe.timeout) {
            r.mistake(
                "stripe.timeout",
                &format!("{:?}", stripe.timeout),
                "100ms to 2m",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Settings, Sources};

    #[test]
    fn a_signing_secret_without_a_key_is_a_mistake() {
        for gateway in ["test", "stripe"] {
            let variables = [
                ("PAYMENT_GATEWAY", gateway),
                ("STRIPE_WEBHOOK_SECRET", "whsec_hunter2"),
            ];
            let text = Settings::load(Sources::of(variables, None))
                .unwrap_err()
                .to_string();
            assert!(text.starts_with("1 mistake "), "{text}");
            assert!(text.contains("STRIPE_SECRET_KEY: found nothing"), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
