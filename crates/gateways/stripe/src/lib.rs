//! Stripe Checkout, through async-stripe. The only crate that names it: it is
//! the costliest dependency to build.
//!
//! Every call that changes something at Stripe carries our own id as its
//! idempotency key. Where an answer does not tell what came of a call, the
//! object is looked up; nothing is guessed. Our ids stand in the metadata of
//! sessions and payments, so that a webhook finds its attempt even when we
//! crashed before we could note the session's id.

mod amounts;
mod calls;
mod charges;
mod disputes;
mod errors;
mod gateway;
mod refunds;
mod reports;
mod sessions;
mod webhooks;

use kernel::Fault;
use secrecy::{ExposeSecret as _, SecretString};
use stripe::{Client, ClientBuilder};

/// Stripe as a payment gateway.
pub struct StripeGateway {
    client: Client,
    webhook_secrets: Vec<SecretString>,
    account: Option<String>,
    live: bool,
    automatic_tax: bool,
}

impl StripeGateway {
    /// The name in `payments.gateway` and in paths.
    pub const NAME: &'static str = "stripe";

    /// A gateway with a key.
    pub fn new(settings: &config::Stripe) -> Result<Self, Fault> {
        let key = settings.secret_key.expose_secret();
        let client = ClientBuilder::new(key)
            .url(settings.api_base.as_str())
            .timeout(settings.timeout)
            .build()
            .map_err(|error| Fault::permanent("build Stripe's client").caused_by(error))?;
        Ok(Self {
            client,
            webhook_secrets: settings.webhook_secrets.clone(),
            account: settings.account.clone(),
            live: key.starts_with("sk_live_") || key.starts_with("rk_live_"),
            automatic_tax: settings.automatic_tax,
        })
    }

    /// Whether Stripe takes the key; for `sutler doctor`.
    pub async fn check(&self) -> Result<(), Fault> {
        stripe_core::refund::ListRefund::new()
            .limit(1)
            .send(&self.client)
            .await
            .map(|_| ())
            .map_err(|error| Fault::transient("ask Stripe").caused_by(errors::readable(&error)))
    }
}

/// The keys of our metadata.
pub(crate) mod metadata {
    pub(crate) const TENANT: &str = "sutler_tenant";
    pub(crate) const ORDER: &str = "sutler_order";
    pub(crate) const TOP_UP: &str = "sutler_top_up";
    pub(crate) const PAYMENT: &str = "sutler_payment";
    pub(crate) const REFUND: &str = "sutler_refund";
    /// There when it was charged without the buyer.
    pub(crate) const CHARGE: &str = "sutler_charge";
}
