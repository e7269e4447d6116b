//! Mail addresses as account names.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::errors::AccountsError;

/// A mail address in the form accounts are found by: trimmed and in lower
/// case. (RFC 5321 lets a server tell cases apart in the local part; no
/// provider of note does, and people do not remember how they typed it.)
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads an address, as [`kernel::email::normal`] has them.
    pub fn parse(text: &str) -> Result<Self, AccountsError> {
        kernel::email::normal(text)
            .map(Self)
            .ok_or(AccountsError::InvalidEmail)
    }

    /// An address as it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
