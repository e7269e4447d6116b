//! Payment and its gateways.

use secrecy::ExposeSecret as _;
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
    /// Midtrans Snap.
    Midtrans,
}

impl Choice for GatewayName {}

/// A way to pay that Midtrans offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum PaymentMethod {
    /// To an account number made for the payment.
    BankTransfer,
    /// With an app such as `GoPay`.
    EWallet,
    /// With a card.
    CreditCard,
    /// With any app that reads QRIS codes.
    Qris,
}

impl Choice for PaymentMethod {}

/// Midtrans.
#[derive(Debug, Clone)]
pub struct Midtrans {
    /// The server key, with which calls are made and notifications signed.
    pub server_key: Secret,
    /// The merchant whose transactions are ours, when given.
    pub merchant_id: Option<String>,
    /// The address of the core API.
    pub api_base: Url,
    /// The address of Snap's API.
    pub snap_base: Url,
    /// The longest a call may take.
    pub timeout: Duration,
    /// The ways to pay that pages offer; all that the account has when empty.
    pub payment_methods: Vec<PaymentMethod>,
}

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
    /// Midtrans, when a key is given.
    pub midtrans: Option<Midtrans>,
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
    let midtrans = read_midtrans(r);
    Payments {
        gateway,
        test_enabled,
        midtrans,
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

fn read_midtrans(r: &mut Reader) -> Option<Midtrans> {
    let server_key: Option<Secret> = r.optional(
        "midtrans.server_key",
        "Mid-server-…",
        "Midtrans' server key; turns the gateway `midtrans` on. Keys of the sandbox begin with SB-.",
    );
    let merchant_id = r.optional(
        "midtrans.merchant_id",
        "G…",
        "The merchant whose transactions are accepted.",
    );
    let api_base: Option<Url> = r.optional(
        "midtrans.api_base",
        "https://api.midtrans.com",
        "Where Midtrans' core API is; follows from the key when absent. In production only https:// is accepted.",
    );
    let snap_base: Option<Url> = r.optional(
        "midtrans.snap_base",
        "https://app.midtrans.com",
        "Where Snap's API is; follows from the key when absent. In production only https:// is accepted.",
    );
    let timeout = r.value(
        "midtrans.timeout",
        "20s",
        "The longest a call to Midtrans may take, 100ms to 2m. What came of a longer one is looked up later.",
    );
    let payment_methods = r.value(
        "midtrans.payment_methods",
        "bank_transfer, e_wallet, credit_card, qris",
        "The ways to pay that Midtrans' pages offer; all that the account has when empty.",
    );
    let server_key = server_key?;
    let sandbox = server_key.expose_secret().starts_with("SB-");
    let place = |host: &str| {
        let part = if sandbox { "sandbox." } else { "" };
        Url::parse(&format!("https://{host}.{part}midtrans.com")).ok()
    };
    Some(Midtrans {
        api_base: api_base.or_else(|| place("api"))?,
        snap_base: snap_base.or_else(|| place("app"))?,
        server_key,
        merchant_id,
        timeout,
        payment_methods,
    })
}

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    check_midtrans(s, r);
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

fn check_midtrans(s: &Settings, r: &mut Reader) {
    let Some(midtrans) = &s.payments.midtrans else {
        if s.payments.gateway == GatewayName::Midtrans {
            r.mistake(
                "midtrans.server_key",
                "nothing",
                "a key, because PAYMENT_GATEWAY is midtrans",
            );
        }
        return;
    };
    for (key, url) in [
        ("midtrans.api_base", &midtrans.api_base),
        ("midtrans.snap_base", &midtrans.snap_base),
    ] {
        if s.is_production() && url.scheme() != "https" {
            r.mistake(
                key,
                &format!("{:?}", url.as_str()),
                "an https:// URL, because ENVIRONMENT is production and the key is sent there",
            );
        }
    }
    if !(Duration::from_millis(100)..=Duration::from_mins(2)).contains(&midtrans.timeout) {
        r.mistake(
            "midtrans.timeout",
            &format!("{:?}", midtrans.timeout),
            "100ms to 2m",
        );
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

    #[test]
    fn midtrans_is_where_its_key_belongs() {
        for (key, host) in [
            ("SB-Mid-server-hunter2", "api.sandbox.midtrans.com"),
            ("Mid-server-hunter2", "api.midtrans.com"),
        ] {
            let variables = [
                ("MIDTRANS_SERVER_KEY", key),
                ("PAYMENT_GATEWAY", "midtrans"),
            ];
            let settings = Settings::load(Sources::of(variables, None)).unwrap();
            let midtrans = settings.payments.midtrans.unwrap();
            assert_eq!(midtrans.api_base.host_str(), Some(host));
            assert_eq!(midtrans.payment_methods.len(), 4);
        }
        let lacking = Settings::load(Sources::of([("PAYMENT_GATEWAY", "midtrans")], None));
        let text = lacking.unwrap_err().to_string();
        assert!(
            text.contains("MIDTRANS_SERVER_KEY: found nothing"),
            "{text}"
        );
    }
}
