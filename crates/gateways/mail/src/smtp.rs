//! Mail by SMTP.

use std::time::Duration;

use accounts_model::ports::{Mail, Mailer};
use kernel::{Fault, chain};
use lettre::message::Mailbox;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use secrecy::ExposeSecret as _;

use crate::message::{mailbox, message, without_addresses};

const TIMEOUT: Duration = Duration::from_secs(20);

/// Hands mails to an SMTP server.
pub(crate) struct SmtpMailer {
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl SmtpMailer {
    pub(crate) fn new(settings: &config::Mail) -> Result<Self, Fault> {
        let url = settings
            .smtp_url
            .as_ref()
            .ok_or_else(|| Fault::permanent("SMTP_URL is not set"))?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
            .map_err(|error| Fault::permanent("SMTP_URL cannot be used").caused_by(error))?
            .timeout(Some(TIMEOUT))
            .build();
        Ok(Self {
            from: mailbox(&settings.from)?,
            transport,
        })
    }
}

/// Whether the SMTP server takes a connection, and the name and password if
/// there are any.
pub(crate) async fn check(settings: &config::Mail) -> Result<(), Fault> {
    let mailer = SmtpMailer::new(settings)?;
    let why = match mailer.transport.test_connection().await {
        Ok(true) => return Ok(()),
        Ok(false) => "it hung up".to_owned(),
        Err(error) => chain(&error),
    };
    Err(Fault::transient(format!("ask the SMTP server: {why}")))
}

#[async_trait::async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), Fault> {
        let message = message(&self.from, mail)?;
        self.transport.send(message).await.map_err(|error| {
            let why = without_addresses(&chain(&error));
            // A 5xx answer means never; all else may pass.
            if error.is_permanent() {
                Fault::permanent(format!("the SMTP server refused: {why}"))
            } else {
                Fault::transient(format!("the SMTP server did not take it: {why}"))
            }
        })?;
        tracing::info!("mail sent");
        Ok(())
    }
}
