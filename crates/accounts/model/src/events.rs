//! Facts about accounts.

use kernel::{Event, TenantId, UserId};
use serde::{Deserialize, Serialize};

/// Somebody made an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserRegistered {
    /// Who.
    pub user: UserId,
}

impl Event for UserRegistered {
    const KIND: &'static str = "user.registered";
}

/// What a user's sessions or keys may do has changed, so nobody may go by
/// what they remember.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessChanged {
    /// Whose.
    pub user: UserId,
}

impl AccessChanged {
    /// The tag of what is remembered about a user's access.
    pub fn tag(user: UserId) -> String {
        format!("access:{user}")
    }

    /// Whose access a tag is about, if it is such a tag.
    pub fn user_of(tag: &str) -> Option<UserId> {
        tag.strip_prefix("access:")?.parse().ok()
    }
}

impl Event for AccessChanged {
    const KIND: &'static str = "user.access_changed";

    fn stale_tags(&self) -> Vec<String> {
        vec![Self::tag(self.user)]
    }
}

/// Somebody was forgotten; whoever keeps a copy of what they were told about
/// them has to forget it, too.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserErased {
    /// Who.
    pub user: UserId,
}

impl Event for UserErased {
    const KIND: &'static str = "user.erased";
}

/// A tenant, its settings or its hosts changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TenantChanged {
    /// Which.
    pub tenant: TenantId,
}

impl TenantChanged {
    /// The tag of what is remembered about tenants.
    pub const TAG: &'static str = "tenants";
}

impl Event for TenantChanged {
    const KIND: &'static str = "tenant.changed";

    fn stale_tags(&self) -> Vec<String> {
        vec![Self::TAG.to_owned()]
    }
}
