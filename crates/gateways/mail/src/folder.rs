//! Mail into a folder, for development: one `.eml` file each.

use std::path::PathBuf;

use accounts_model::ports::{Mail, Mailer};
use kernel::Fault;
use lettre::message::Mailbox;

use crate::message::{mailbox, message};

/// Writes mails into a folder.
pub(crate) struct FolderMailer {
    from: Mailbox,
    folder: PathBuf,
}

impl FolderMailer {
    pub(crate) fn new(settings: &config::Mail) -> Result<Self, Fault> {
        config::create_private_folder(&settings.folder).map_err(|error| {
            let folder = settings.folder.display();
            Fault::permanent(format!("create the folder {folder}")).caused_by(error)
        })?;
        Ok(Self {
            from: mailbox(&settings.from)?,
            folder: settings.folder.clone(),
        })
    }
}

#[async_trait::async_trait]
impl Mailer for FolderMailer {
    async fn send(&self, mail: &Mail) -> Result<(), Fault> {
        let message = message(&self.from, mail)?;
        // The key as name: a mail that is sent twice is one file.
        let name: String = mail
            .key
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        let path = self.folder.join(format!("{name}.eml"));
        tokio::fs::write(&path, message.formatted())
            .await
            .map_err(|error| Fault::transient("write a mail").caused_by(error))?;
        tracing::info!(file = %path.display(), "mail written");
        Ok(())
    }
}
