//! Background work of accounts.

use kernel::{Job, UserId};
use serde::{Deserialize, Serialize};

/// Mails a link that proves that an address is the user's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendVerification {
    /// To whom.
    pub user: UserId,
}

impl Job for SendVerification {
    const KIND: &'static str = "accounts.send_verification";
}

/// Mails a link with which a new password can be set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendPasswordReset {
    /// To whom.
    pub user: UserId,
}

impl Job for SendPasswordReset {
    const KIND: &'static str = "accounts.send_password_reset";
}

/// Mails somebody a mail with sample values, to see what it looks like.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendTestMail {
    /// To whom.
    pub user: UserId,
    /// The name of the mail.
    pub mail: String,
    /// In which language.
    pub language: String,
}

impl Job for SendTestMail {
    const KIND: &'static str = "accounts.send_test_mail";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Deletes sessions, tokens and stored answers that are over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sweep {}

impl Job for Sweep {
    const KIND: &'static str = "accounts.sweep";
    const MAX_ATTEMPTS: u32 = 3;
}
