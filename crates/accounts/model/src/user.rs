//! People with an account.

use kernel::{Audited, Role, SellerId, Snapshot, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::email::Email;

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// It may.
    Active,
    /// An administrator closed it.
    Disabled,
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Which.
    pub id: UserId,
    /// The address they sign in with.
    pub email: Email,
    /// What they are in the tenant.
    pub role: Role,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// What they are called.
    pub name: String,
    /// Their telephone number, as they wrote it.
    pub phone: Option<String>,
    /// Their language, as a BCP 47 tag.
    pub locale: Option<String>,
    /// When they proved that the address is theirs.
    pub email_verified_at: Option<Timestamp>,
    /// The seller they belong to; with the role `seller`, and only then.
    #[serde(default)]
    pub seller: Option<SellerId>,
    /// Grows with every change.
    pub version: i64,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Who they are stays out; what they may do is what matters.
impl Audited for User {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        Snapshot::new()
            .with("role", self.role)
            .with("status", status)
            .with("seller", self.seller)
            .with("email_verified", self.email_verified_at.is_some())
            .with("version", self.version)
    }
}

/// A change of one's own profile; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProfileChange {
    /// What they are called.
    pub name: Option<String>,
    /// Their telephone number; `Some(None)` removes it.
    pub phone: Option<Option<String>>,
    /// Their language; `Some(None)` removes it.
    pub locale: Option<Option<String>>,
}

impl User {
    /// The user after a change of profile.
    #[must_use]
    pub fn with_profile(mut self, change: ProfileChange, now: Timestamp) -> Self {
        if let Some(name) = change.name {
            self.name = name;
        }
        if let Some(phone) = change.phone {
            self.phone = phone;
        }
        if let Some(locale) = change.locale {
            self.locale = locale;
        }
        self.version += 1;
        self.updated_at = now;
        self
    }
}
