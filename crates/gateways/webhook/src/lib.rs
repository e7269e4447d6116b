//! Posts carts that were left behind to another system.
//!
//! The body is signed as webhooks of payment gateways are: the header
//! `Sutler-Signature` holds `t=1700000000,v1=…`, where `v1` is the HMAC-SHA256
//! of `{t}.{body}` in hexadecimal. `Sutler-Event-Id` is the same at every
//! attempt, so that the receiver can drop what it has.

use std::time::Duration;

use engagement_model::ports::CartHook;
use kernel::{CartId, Fault, Timestamp, signature};
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(10);

/// The other system.
pub struct Webhook {
    client: Client,
    url: Url,
    secret: SecretString,
}

impl Webhook {
    /// The system that the settings name; none when they name none.
    pub fn from_settings(settings: &config::AbandonedCarts) -> Result<Option<Self>, Fault> {
        let (Some(url), Some(secret)) = (&settings.webhook_url, &settings.webhook_secret) else {
            return Ok(None);
        };
        let client = Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT)
            .redirect(Policy::none())
            .build()
            .map_err(|error| Fault::permanent("build an HTTP client").caused_by(error))?;
        Ok(Some(Self {
            client,
            url: url.clone(),
            secret: secret.clone(),
        }))
    }
}

#[async_trait::async_trait]
impl CartHook for Webhook {
    async fn post(&self, cart: CartId, body: Vec<u8>, now: Timestamp) -> Result<(), Fault> {
        let signature = signature::sign(self.secret.expose_secret().as_bytes(), &body, now);
        let answer = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("Sutler-Signature", signature)
            .header("Sutler-Event-Id", cart.to_string())
            .body(body)
            .send()
            .await
            // The address may hold a secret.
            .map_err(|error| {
                Fault::transient("ABANDONED_CART_WEBHOOK_URL did not answer")
                    .caused_by(error.without_url())
            })?;
        let status = answer.status();
        if status.is_success() {
            tracing::info!("an abandoned cart was posted");
            return Ok(());
        }
        let context = format!("ABANDONED_CART_WEBHOOK_URL answered {status}");
        let passing = status.is_server_error()
            || matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT
            );
        Err(if passing {
            Fault::transient(context)
        } else {
            Fault::permanent(context)
        })
    }
}
