//! Keys that programs use.

use kernel::{ApiKeyId, Audited, Permission, Permissions, Role, Snapshot, Timestamp, UserId};
use serde::{Deserialize, Serialize};

use crate::errors::AccountsError;

/// Keys one user may have at the same time.
pub const MAX_PER_USER: u64 = 50;

/// A key, without its secret, of which only the hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Which.
    pub id: ApiKeyId,
    /// Whose rights it has.
    pub owner: UserId,
    /// What it is for.
    pub name: String,
    /// The last characters of the secret, to tell keys apart.
    pub hint: String,
    /// Of the owner's permissions, those the key may use.
    pub scopes: Vec<Permission>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// About when it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A key with its secret, as its maker sees it once.
#[derive(Clone, Serialize, Deserialize)]
pub struct CreatedApiKey {
    /// The key.
    pub key: ApiKey,
    /// The secret, never shown again.
    pub secret: String,
}

impl ApiKey {
    /// Whether it still works.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires| now < expires)
    }

    /// What a caller with the key may do: what the owner may, as far as the
    /// scopes go.
    pub fn permissions(&self, owner: Role) -> Permissions {
        let scopes: Permissions = self.scopes.iter().copied().collect();
        owner.permissions().intersection(scopes)
    }
}

/// What somebody calls a key is theirs to say and stays out.
impl Audited for ApiKey {
    fn snapshot(&self) -> Snapshot {
        Snapshot::new()
            .with("owner", self.owner)
            .with(
                "scopes",
                self.scopes.iter().copied().collect::<kernel::Fact>(),
            )
            .with("expires_at", self.expires_at)
            .with("revoked_at", self.revoked_at)
    }
}

/// Refuses scopes the owner does not have themselves, and a past expiry.
pub fn check_new(
    scopes: &[Permission],
    expires_at: Option<Timestamp>,
    owner: Permissions,
    now: Timestamp,
) -> Result<(), AccountsError> {
    if let Some(&scope) = scopes.iter().find(|&&scope| !owner.contains(scope)) {
        return Err(AccountsError::ScopeNotHeld(scope));
    }
    if expires_at.is_some_and(|expires| expires <= now) {
        return Err(AccountsError::ExpiryInPast);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_exceeds_its_owner() {
        let now = Timestamp::from_seconds(0);
        let manager = Role::Manager.permissions();
        assert!(check_new(&[Permission::CatalogWrite], None, manager, now).is_ok());
        assert!(check_new(&[Permission::OrdersRefund], None, manager, now).is_err());
        assert!(check_new(&[], Some(now), manager, now).is_err());
        let key = ApiKey {
            id: ApiKeyId::new(now),
            owner: UserId::new(now),
            name: "ci".to_owned(),
            hint: "abcd".to_owned(),
            scopes: vec![Permission::CatalogWrite, Permission::OrdersRefund],
            created_at: now,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        };
        // The owner was an admin once and is a manager now.
        let permissions = key.permissions(Role::Manager);
        assert!(permissions.contains(Permission::CatalogWrite));
        assert!(!permissions.contains(Permission::OrdersRefund));
    }
}
