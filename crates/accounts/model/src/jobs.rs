//! Background work of accounts.

use kernel::{Job, SessionId, UserId};
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

/// Mails that somebody signed in from where they were not seen before.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendLoginAlert {
    /// Whose account it is.
    pub user: UserId,
    /// What was opened.
    pub session: SessionId,
}

impl Job for SendLoginAlert {
    const KIND: &'static str = "accounts.send_login_alert";
}

/// What somebody is told about their account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Signing in takes a code now.
    TwoFactorEnabled,
    /// It takes none any more.
    TwoFactorDisabled,
}

/// Mails that something about the protection of an account changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendNotice {
    /// Whose account it is.
    pub user: UserId,
    /// What.
    pub notice: Notice,
}

impl Job for SendNotice {
    const KIND: &'static str = "accounts.send_notice";
}

/// Forgets what requests that were in flight may have left of somebody who was
/// forgotten.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FinishErasure {
    /// Who.
    pub user: UserId,
}

impl Job for FinishErasure {
    const KIND: &'static str = "accounts.finish_erasure";
}

/// Deletes sessions, tokens and stored answers that are over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sweep {}

impl Job for Sweep {
    const KIND: &'static str = "accounts.sweep";
    const MAX_ATTEMPTS: u32 = 3;
}
