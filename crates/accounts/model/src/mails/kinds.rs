//! The mails of accounts.

use serde::Serialize;
use serde_json::{Value, json};

use super::{DefaultTemplate, MailKind};

/// What a mail about an account is filled with.
#[derive(Debug, Clone, Serialize)]
pub struct AccountMail<'a> {
    /// What the person is called.
    pub name: &'a str,
    /// Where they go on.
    pub link: &'a str,
}

fn samples() -> Vec<Value> {
    vec![json!(AccountMail {
        name: "Ada Lovelace",
        link: "https://shop.example/page?token=ott_example",
    })]
}

/// A link that proves that an address is the user's.
pub const VERIFY_EMAIL: MailKind = MailKind {
    name: "verify_email",
    about: "Somebody registered, or asked for the link again; it proves that the address is theirs.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/verify_email.en.txt"),
            html: include_str!("../../mails/verify_email.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/verify_email.de.txt"),
            html: include_str!("../../mails/verify_email.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/verify_email.id.txt"),
            html: include_str!("../../mails/verify_email.id.html"),
        },
    ],
};

/// A link with which a new password can be set.
pub const PASSWORD_RESET: MailKind = MailKind {
    name: "password_reset",
    about: "Somebody forgot their password; the link sets a new one.",
    samples,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/password_reset.en.txt"),
            html: include_str!("../../mails/password_reset.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/password_reset.de.txt"),
            html: include_str!("../../mails/password_reset.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/password_reset.id.txt"),
            html: include_str!("../../mails/password_reset.id.html"),
        },
    ],
};

/// All of them.
pub const ACCOUNTS_MAILS: &[&MailKind] = &[&VERIFY_EMAIL, &PASSWORD_RESET];
