//! Mails as templates: which mails there are, what each is filled with, and
//! what a tenant may write instead of what comes with the program.
//!
//! A domain declares its mails as constants of [`MailKind`], with samples of
//! their values and default texts; the accounts service keeps what tenants
//! wrote, and renders.

mod engine;
mod kinds;
mod language;
mod words;

use kernel::{Audited, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use engine::{MAX_RENDERED, MAX_SUBJECT, Part, TemplateError, check, render};
pub use kinds::{
    ACCOUNTS_MAILS, AccountMail, NEW_SIGN_IN, PASSWORD_RESET, ProtectionMail, SignInMail,
    TWO_FACTOR_DISABLED, TWO_FACTOR_ENABLED, VERIFY_EMAIL,
};
pub use language::{choose, is_language};

/// The language that every mail has a default in.
pub const FALLBACK: &str = "en";

/// One of the mails that are sent.
#[derive(Debug)]
pub struct MailKind {
    /// The stable name, such as `order_confirmation`.
    pub name: &'static str,
    /// When it is sent, for people.
    pub about: &'static str,
    /// What it may be filled with: the first sample has everything, the others
    /// lack what may be missing.
    pub samples: fn() -> Vec<Value>,
    /// What it says unless a tenant wrote something else; English is there.
    pub defaults: &'static [DefaultTemplate],
}

/// What a mail says in a language, as it comes with the program.
#[derive(Debug)]
pub struct DefaultTemplate {
    /// The language.
    pub language: &'static str,
    /// `Subject: `, a line, an empty line, and the plain text.
    pub text: &'static str,
    /// What stands in the body of the HTML.
    pub html: &'static str,
}

/// The templates of a mail in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailTemplate {
    /// What about; one line.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

/// A mail as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    /// What about.
    pub subject: String,
    /// As plain text.
    pub text: String,
    /// As HTML.
    pub html: String,
}

/// What a tenant wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnTemplate {
    /// Of which mail.
    pub kind: String,
    /// In which language.
    pub language: String,
    /// What it says.
    pub template: MailTemplate,
    /// Grows with every change, from 1.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for OwnTemplate {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new()
            .with_public_text("mail", Some(&self.kind))
            .with_public_text("language", Some(&self.language))
            .with_digest("subject", &self.template.subject)
            .with_digest("text", &self.template.text)
            .with_digest("html", &self.template.html)
            .with("version", self.version)
    }
}

const HEAD: &str = include_str!("../../mails/head.html");
const FOOT: &str = include_str!("../../mails/foot.html");

impl MailKind {
    /// The default templates in a language, if there are any.
    pub fn default_in(&self, language: &str) -> Option<MailTemplate> {
        let found = self.defaults.iter().find(|one| one.language == language)?;
        let (subject, text) = found.text.split_once("\n\n").unwrap_or(("", found.text));
        Some(MailTemplate {
            subject: subject.trim_start_matches("Subject: ").to_owned(),
            text: text.to_owned(),
            html: format!("{HEAD}{}{FOOT}", found.html),
        })
    }

    /// The languages it has defaults in.
    pub fn languages(&self) -> impl Iterator<Item = &'static str> {
        self.defaults.iter().map(|one| one.language)
    }
}

/// The values of a mail: its own, those of the shop, and the language.
pub fn with_shop(mut values: Value, shop: &ShopOfMail<'_>, language: &str) -> Value {
    if let Some(fields) = values.as_object_mut() {
        fields.insert("shop".to_owned(), serde_json::json!(shop));
        fields.insert("language".to_owned(), Value::from(language));
    }
    values
}

/// What every mail knows of the shop.
#[derive(Debug, Clone, Serialize)]
pub struct ShopOfMail<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Where its app is.
    pub url: &'a str,
    /// Where replies go.
    pub support_email: Option<&'a str>,
}

impl ShopOfMail<'static> {
    /// A shop for samples: once with all there can be, once with less.
    pub const SAMPLES: [Self; 2] = [
        Self {
            name: "The Shop",
            url: "https://shop.example/",
            support_email: Some("help@shop.example"),
        },
        Self {
            name: "The Shop",
            url: "https://shop.example/",
            support_email: None,
        },
    ];
}
