//! Outgoing mail.

use std::path::{Path, PathBuf};

use strum::{EnumString, VariantNames};
use url::Url;

use crate::reader::Reader;
use crate::settings::Settings;
use crate::values::{Choice, Secret};

/// How mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, VariantNames)]
#[strum(serialize_all = "snake_case")]
pub enum MailTransport {
    /// Into a folder, and one line in the log.
    Folder,
    /// By SMTP.
    Smtp,
    /// Through Resend's API.
    Resend,
}

impl Choice for MailTransport {}

/// Outgoing mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// How it leaves.
    pub transport: MailTransport,
    /// The sender.
    pub from: String,
    /// The folder of the `folder` transport.
    pub folder: PathBuf,
    /// Where the SMTP server is.
    pub smtp_url: Option<Secret>,
    /// Resend's key.
    pub resend_api_key: Option<Secret>,
    /// Resend's address.
    pub resend_api_base: Url,
}

pub(crate) fn read(r: &mut Reader, data_dir: &Path) -> Mail {
    Mail {
        transport: r.value(
            "mail.transport",
            "folder",
            "How mail leaves: into a folder and the log, by SMTP, or through Resend.",
        ),
        from: r.value(
            "mail.from",
            "Sutler <shop@localhost>",
            "The sender of every mail.",
        ),
        folder: r.following(
            "mail.folder",
            "./data/mail",
            data_dir.join("mail"),
            "The folder of the `folder` transport; unless it is set, `mail` in DATA_DIR.",
        ),
        smtp_url: r.optional(
            "smtp.url",
            "smtps://user:password@mail.example:465",
            "The SMTP server: `smtps://` for TLS from the start, `smtp://…?tls=required` for STARTTLS, `smtp://` for plain.",
        ),
        resend_api_key: r.optional("resend.api_key", "re_…", "The key of Resend's API."),
        resend_api_base: r.value(
            "resend.api_base",
            "https://api.resend.com",
            "Where Resend's API is.",
        ),
    }
}

pub(crate) fn check(s: &Settings, r: &mut Reader) {
    match s.mail.transport {
        MailTransport::Smtp if s.mail.smtp_url.is_none() => {
            r.mistake(
                "smtp.url",
                "nothing",
                "a URL, because MAIL_TRANSPORT is smtp",
            );
        }
        MailTransport::Resend if s.mail.resend_api_key.is_none() => r.mistake(
            "resend.api_key",
            "nothing",
            "a key, because MAIL_TRANSPORT is resend",
        ),
        _ => {}
    }
}
