//! Mail through Resend's API (<https://resend.com/docs/api-reference/emails/send-email>).

use std::collections::BTreeMap;
use std::time::Duration;

use accounts_model::ports::{Mail, Mailer};
use kernel::Fault;
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use url::Url;

use crate::message::{unsubscribe_headers, without_addresses};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Hands mails to Resend.
pub(crate) struct ResendMailer {
    client: Client,
    endpoint: Url,
    key: SecretString,
    from: String,
}

#[derive(Serialize)]
struct Body<'a> {
    from: &'a str,
    to: [&'a str; 1],
    subject: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
}

impl ResendMailer {
    pub(crate) fn new(settings: &config::Mail) -> Result<Self, Fault> {
        let key = settings
            .resend_api_key
            .clone()
            .ok_or_else(|| Fault::permanent("RESEND_API_KEY is not set"))?;
        let mut endpoint = settings.resend_api_base.clone();
        endpoint
            .path_segments_mut()
            .map_err(|()| Fault::permanent("RESEND_API_BASE cannot be used"))?
            .pop_if_empty()
            .push("emails");
        Ok(Self {
            client: Client::builder()
                .timeout(TIMEOUT)
                .build()
                .map_err(|error| Fault::permanent("build an HTTP client").caused_by(error))?,
            endpoint,
            key,
            from: settings.from.clone(),
        })
    }
}

#[async_trait::async_trait]
impl Mailer for ResendMailer {
    async fn send(&self, mail: &Mail) -> Result<(), Fault> {
        let body = Body {
            from: &self.from,
            to: [&mail.to],
            subject: &mail.subject,
            text: &mail.text,
            html: mail.html.as_deref(),
            headers: unsubscribe_headers(mail).into_iter().collect(),
            reply_to: mail.reply_to.as_deref(),
        };
        let answer = self
            .client
            .post(self.endpoint.clone())
            .header(
                AUTHORIZATION,
                format!("Bearer {}", self.key.expose_secret()),
            )
            .header("Idempotency-Key", &mail.key)
            .json(&body)
            .send()
            .await
            .map_err(|error| Fault::transient("Resend did not answer").caused_by(error))?;
        let status = answer.status();
        if status.is_success() {
            tracing::info!("mail sent");
            return Ok(());
        }
        let detail = answer.text().await.unwrap_or_default();
        let context = format!(
            "Resend answered {status}: {}",
            without_addresses(short(&detail))
        );
        let passing = status.is_server_error()
            || matches!(
                status,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT | StatusCode::REQUEST_TIMEOUT
            );
        Err(if passing {
            Fault::transient(context)
        } else {
            Fault::permanent(context)
        })
    }
}

fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(300)]
}
