//! How mail leaves: into a folder, by SMTP, or through Resend.

mod folder;
mod message;
mod resend;
mod smtp;

use std::sync::Arc;

use accounts_model::ports::Mailer;
use config::MailTransport;
use kernel::Fault;

/// Whether the SMTP server of the settings lets us in; for `sutler doctor`.
pub async fn check_smtp(settings: &config::Mail) -> Result<(), Fault> {
    smtp::check(settings).await
}

/// Whether the settings can be used, without creating or calling anything;
/// for `sutler doctor`.
pub fn check_settings(settings: &config::Mail) -> Result<(), Fault> {
    match settings.transport {
        MailTransport::Folder => message::mailbox(&settings.from).map(|_| ()),
        MailTransport::Smtp => smtp::SmtpMailer::new(settings).map(|_| ()),
        MailTransport::Resend => resend::ResendMailer::new(settings).map(|_| ()),
    }
}

/// The mailer that the settings ask for.
pub fn from_settings(settings: &config::Mail) -> Result<Arc<dyn Mailer>, Fault> {
    Ok(match settings.transport {
        MailTransport::Folder => Arc::new(folder::FolderMailer::new(settings)?),
        MailTransport::Smtp => Arc::new(smtp::SmtpMailer::new(settings)?),
        MailTransport::Resend => Arc::new(resend::ResendMailer::new(settings)?),
    })
}
