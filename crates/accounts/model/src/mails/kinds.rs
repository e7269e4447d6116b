//! The mails of accounts.

use kernel::Timestamp;
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

/// What a mail about a new place is filled with.
#[derive(Debug, Clone, Serialize)]
pub struct SignInMail<'a> {
    /// What the person is called.
    pub name: &'a str,
    /// When somebody signed in.
    pub at: Timestamp,
    /// What their browser or program calls itself.
    pub device: Option<&'a str>,
    /// From which address.
    pub address: Option<String>,
}

fn sign_ins() -> Vec<Value> {
    let at = Timestamp::from_seconds(1_767_225_600);
    let all = SignInMail {
        name: "Ada Lovelace",
        at,
        device: Some("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"),
        address: Some("192.0.2.1".to_owned()),
    };
    let less = SignInMail {
        device: None,
        address: None,
        ..all.clone()
    };
    vec![json!(all), json!(less)]
}

/// What a mail about the protection of an account is filled with.
#[derive(Debug, Clone, Serialize)]
pub struct ProtectionMail<'a> {
    /// What the person is called.
    pub name: &'a str,
}

fn protections() -> Vec<Value> {
    vec![json!(ProtectionMail {
        name: "Ada Lovelace",
    })]
}

/// A sign-in from a new place.
pub const NEW_SIGN_IN: MailKind = MailKind {
    name: "new_sign_in",
    about: "Somebody signed in from a device or a network that was not seen before.",
    samples: sign_ins,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/new_sign_in.en.txt"),
            html: include_str!("../../mails/new_sign_in.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/new_sign_in.de.txt"),
            html: include_str!("../../mails/new_sign_in.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/new_sign_in.id.txt"),
            html: include_str!("../../mails/new_sign_in.id.html"),
        },
    ],
};

/// The second factor is on.
pub const TWO_FACTOR_ENABLED: MailKind = MailKind {
    name: "two_factor_enabled",
    about: "Two-factor authentication was turned on.",
    samples: protections,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/two_factor_enabled.en.txt"),
            html: include_str!("../../mails/two_factor_enabled.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/two_factor_enabled.de.txt"),
            html: include_str!("../../mails/two_factor_enabled.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/two_factor_enabled.id.txt"),
            html: include_str!("../../mails/two_factor_enabled.id.html"),
        },
    ],
};

/// The second factor is off.
pub const TWO_FACTOR_DISABLED: MailKind = MailKind {
    name: "two_factor_disabled",
    about: "Two-factor authentication was turned off.",
    samples: protections,
    defaults: &[
        DefaultTemplate {
            language: "en",
            text: include_str!("../../mails/two_factor_disabled.en.txt"),
            html: include_str!("../../mails/two_factor_disabled.en.html"),
        },
        DefaultTemplate {
            language: "de",
            text: include_str!("../../mails/two_factor_disabled.de.txt"),
            html: include_str!("../../mails/two_factor_disabled.de.html"),
        },
        DefaultTemplate {
            language: "id",
            text: include_str!("../../mails/two_factor_disabled.id.txt"),
            html: include_str!("../../mails/two_factor_disabled.id.html"),
        },
    ],
};

/// All of them.
pub const ACCOUNTS_MAILS: &[&MailKind] = &[
    &VERIFY_EMAIL,
    &PASSWORD_RESET,
    &NEW_SIGN_IN,
    &TWO_FACTOR_ENABLED,
    &TWO_FACTOR_DISABLED,
];
