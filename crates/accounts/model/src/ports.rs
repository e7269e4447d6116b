//! What accounts need from the outside.

use kernel::Fault;

/// A mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: String,
    /// What about.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
    /// The same as HTML, for readers that show it.
    pub html: Option<String>,
    /// Where a POST makes it the last one of its kind (RFC 8058), for mails
    /// nobody asked for.
    pub unsubscribe: Option<String>,
    /// Where replies go, if not to the sender.
    pub reply_to: Option<String>,
    /// The same for every attempt to send the same mail, so that a provider
    /// that knows idempotency keys sends it once.
    pub key: String,
}

/// Sends mail.
#[async_trait::async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a mail over. A transient fault may be tried again; it is then
    /// unknown whether the mail went out before.
    async fn send(&self, mail: &Mail) -> Result<(), Fault>;
}
