//! Keys for programs.

use accounts_model::AccountsError;
use accounts_model::api_key::{ApiKey, CreatedApiKey, MAX_PER_USER, check_new};
use accounts_model::events::AccessChanged;
use accounts_repository::{api_keys, users};
use database::Once;
use kernel::secret::BearerToken;
use kernel::{ApiKeyId, AuditEntry, Page, PageRequest, Permission, Scope, Timestamp, kind};

use crate::Accounts;
use crate::authenticate::API_KEY_PREFIX;

impl Accounts {
    /// Makes a key for the signed-in user. Its secret is in the answer and
    /// nowhere else.
    pub async fn create_api_key(
        &self,
        scope: &Scope,
        name: String,
        scopes: Vec<Permission>,
        expires_at: Option<Timestamp>,
    ) -> Result<CreatedApiKey, AccountsError> {
        let (owner, _) = scope.require_session()?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<CreatedApiKey>(scope, "api_key.create", now)
            .await?
        {
            Once::Replayed(created) => return Ok(created),
            Once::Fresh(tx) => tx,
        };
        check_new(&scopes, expires_at, scope.permissions(), now)?;
        // One at a time, so that the count stays true.
        users::lock(&tx, owner).await?;
        if api_keys::count_live(&tx, owner).await? >= MAX_PER_USER {
            return Err(AccountsError::TooManyApiKeys);
        }
        let token = BearerToken::<kind::ApiKey>::new(scope.tenant(), ApiKeyId::new(now));
        let secret = token.encode(API_KEY_PREFIX);
        let key = ApiKey {
            id: token.id,
            owner,
            name,
            hint: secret[secret.len() - 4..].to_owned(),
            scopes,
            created_at: now,
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        api_keys::insert(&tx, &key, token.hash()).await?;
        let entry = AuditEntry::new("api_key.create", key.id).after(&key);
        self.audit.record_in_tx(&tx, entry).await?;
        Ok(tx.commit_with(CreatedApiKey { key, secret }).await?)
    }

    /// The signed-in user's keys, newest first.
    pub async fn api_keys(
        &self,
        scope: &Scope,
        page: PageRequest<ApiKeyId>,
    ) -> Result<Page<ApiKey, ApiKeyId>, AccountsError> {
        let (owner, _) = scope.require_session()?;
        let db = self.database.read(scope).await?;
        Ok(api_keys::list(&db, owner, page).await?)
    }

    /// Revokes a key of the signed-in user.
    pub async fn revoke_api_key(&self, scope: &Scope, id: ApiKeyId) -> Result<(), AccountsError> {
        let (owner, _) = scope.require_session()?;
        let tx = self.database.begin_write(scope, "api_key.revoke").await?;
        if !api_keys::revoke(&tx, owner, id, self.now()).await? {
            return Err(AccountsError::ApiKeyNotFound);
        }
        self.queue
            .publish(&tx, &AccessChanged { user: owner })
            .await?;
        let entry = AuditEntry::new("api_key.revoke", id);
        self.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}
