//! Midtrans Snap, over its HTTP API
//! (<https://docs.midtrans.com/reference/backend-integration>).
//!
//! An attempt goes by our own id there, as its `order_id`: a page that we
//! crashed before we could note is found by it, and the same id cannot be paid
//! twice. What a notification says is never believed beyond which transaction
//! it is about; the status call decides. Amounts are whole rupiah.

mod amounts;
mod calls;
mod gateway;
mod refunds;
mod snap;
mod transaction;
mod webhooks;

use kernel::Fault;
use payments::GatewayError;
use reqwest::Client;
use secrecy::SecretString;
use url::Url;

/// Midtrans as a payment gateway.
pub struct MidtransGateway {
    client: Client,
    server_key: SecretString,
    merchant: Option<String>,
    api: Url,
    snap: Url,
    methods: Vec<config::PaymentMethod>,
}

impl MidtransGateway {
    /// The name in `payments.gateway` and in paths.
    pub const NAME: &'static str = "midtrans";

    /// A gateway with a key.
    pub fn new(settings: &config::Midtrans) -> Result<Self, Fault> {
        let client = Client::builder()
            .timeout(settings.timeout)
            .build()
            .map_err(|error| Fault::permanent("build an HTTP client").caused_by(error))?;
        Ok(Self {
            client,
            server_key: settings.server_key.clone(),
            merchant: settings.merchant_id.clone(),
            api: settings.api_base.clone(),
            snap: settings.snap_base.clone(),
            methods: settings.payment_methods.clone(),
        })
    }

    /// Whether Midtrans takes the key; for `sutler doctor`. Asks for a
    /// transaction that there is not.
    pub async fn check(&self) -> Result<(), Fault> {
        match self.transaction("sutler-doctor").await {
            Ok(_) => Ok(()),
            Err(GatewayError::Unknown(fault)) => Err(fault),
            Err(refused) => Err(Fault::permanent("ask Midtrans").caused_by(refused)),
        }
    }
}
