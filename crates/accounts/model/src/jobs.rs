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

/// Deletes sessions, tokens and stored answers that are over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sweep {}

impl Job for Sweep {
    const KIND: &'static str = "accounts.sweep";
    const MAX_ATTEMPTS: u32 = 3;
}
