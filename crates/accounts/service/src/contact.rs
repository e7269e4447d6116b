//! How a person is reached, for the work of other domains.

use accounts_model::AccountsError;
use accounts_model::user::{User, UserStatus};
use accounts_repository::users;
use kernel::{Scope, TenantId, UserId};

use crate::Accounts;
use crate::authenticate::scope_of_token;

impl Accounts {
    /// The scope of a stranger in a tenant that a mailed link names. The caller
    /// must have checked that the link is ours.
    pub fn scope_of_mailed(&self, tenant: TenantId, like: &Scope) -> Scope {
        scope_of_token(tenant, like)
    }

    /// A person whose account may be used, for mails about what is theirs. The
    /// caller must have found the person through something of theirs.
    pub async fn contact(
        &self,
        scope: &Scope,
        user: UserId,
    ) -> Result<Option<User>, AccountsError> {
        let db = self.database.read(scope).await?;
        let user = users::find(&db, user).await?;
        Ok(user.filter(|user| user.status == UserStatus::Active))
    }
}
