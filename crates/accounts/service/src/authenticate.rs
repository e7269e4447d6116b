//! Where a request gets its scope.

use std::sync::Arc;

use accounts_model::AccountsError;
use accounts_model::tenant::{Tenant, TenantStatus};
use accounts_model::two_factor::is_staff;
use accounts_repository::{api_keys, sessions};
use kernel::secret::{BearerToken, equal};
use kernel::{Actor, Permissions, RequestInfo, Scope, SellerId, SessionId, TenantId, UserId, kind};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Accounts;

/// The prefix of API keys in text form.
pub(crate) const API_KEY_PREFIX: &str = "sk";
/// How often the last use of a key, or of a session of staff, is written down.
const TOUCH_INTERVAL: std::time::Duration = std::time::Duration::from_mins(1);

/// What a request proves itself with.
pub enum Credentials {
    /// Nothing.
    None,
    /// An access token or an API key.
    Bearer(SecretString),
}

/// The host a request was sent to, without port.
pub type Host<'a> = Option<&'a str>;

impl Accounts {
    /// The scope of a request. Its tenant is that of its token or key, else
    /// the one its host belongs to, else the default one.
    pub async fn authenticate(
        &self,
        credentials: &Credentials,
        host: Host<'_>,
        request: RequestInfo,
    ) -> Result<Scope, AccountsError> {
        match credentials {
            Credentials::None => {
                let tenant = self.directory.of_host(host).await?;
                open(&tenant)?;
                Ok(issue(
                    tenant.id,
                    Actor::Anonymous,
                    Permissions::NONE,
                    request,
                ))
            }
            Credentials::Bearer(token) => {
                let token = token.expose_secret();
                // Boxed: strangers' requests, which are the most, do not carry
                // room for it.
                match BearerToken::<kind::ApiKey>::decode(API_KEY_PREFIX, token) {
                    Some(key) => Box::pin(self.by_api_key(&key, request)).await,
                    None => Box::pin(self.by_access_token(token, request)).await,
                }
            }
        }
    }

    /// A scope of the system for one tenant: for start-up, commands and
    /// received webhooks.
    pub fn system_scope(&self, tenant: TenantId, request_id: impl Into<String>) -> Scope {
        issue(
            tenant,
            Actor::System,
            Permissions::all(),
            RequestInfo {
                request_id: request_id.into(),
                ..RequestInfo::default()
            },
        )
    }

    async fn by_access_token(
        &self,
        token: &str,
        request: RequestInfo,
    ) -> Result<Scope, AccountsError> {
        let now = self.now();
        let claims = self.tokens.verify(token, now)?;
        let tenant = self.open_tenant(claims.tid).await?;
        let key = (claims.tid, claims.sub, claims.sid);
        let known = self.access.sessions.get(&key);
        let access = match known.filter(|access| !self.is_due(access)) {
            Some(access) => access,
            None => Box::pin(self.look_at_session(key)).await?,
        };
        if access.revoked || now >= access.expires_at || self.is_over(&access) {
            return Err(AccountsError::InvalidToken);
        }
        if !access.active {
            return Err(AccountsError::Disabled);
        }
        let actor = Actor::User {
            id: claims.sub,
            session: claims.sid,
        };
        let scope = issue(claims.tid, actor, access.role.permissions(), request);
        let scope = bound(scope, access.seller);
        let required = tenant.settings.require_two_factor && is_staff(access.role);
        if required && !access.two_factor {
            return Ok(scope.lacking_second_factor());
        }
        Ok(scope)
    }

    /// Whether a session of staff was last noted as used so long ago that it
    /// has to be noted again.
    fn is_due(&self, access: &sessions::Access) -> bool {
        is_staff(access.role) && self.now().since(access.last_used_at) >= TOUCH_INTERVAL
    }

    fn is_over(&self, access: &sessions::Access) -> bool {
        is_staff(access.role)
            && self
                .staff_limits()
                .is_over(access.created_at, access.last_used_at, self.now())
    }

    /// What a session gives access to, as stored; notes that it is used.
    async fn look_at_session(
        &self,
        key: (TenantId, UserId, SessionId),
    ) -> Result<sessions::Access, AccountsError> {
        let (tenant, user, session) = key;
        let scope = issue(
            tenant,
            Actor::Anonymous,
            Permissions::NONE,
            RequestInfo::default(),
        );
        let begun = self.access.begin();
        let db = self.database.read(&scope).await?;
        let mut access = sessions::access(&db, session, user)
            .await?
            .ok_or(AccountsError::InvalidToken)?;
        drop(db);
        if self.is_due(&access) && !access.revoked && !self.is_over(&access) {
            let now = self.now();
            let since = now.minus(self.staff_limits().idle);
            let write = sessions::touch(session, since, now);
            let touched = self
                .database
                .write_one(&scope, "session.touch", write)
                .await?;
            if touched == 1 {
                access.last_used_at = now;
            } else {
                access.revoked = true;
            }
        }
        self.access.put_session(key, access, begun);
        Ok(access)
    }

    async fn by_api_key(
        &self,
        presented: &BearerToken<kind::ApiKey>,
        request: RequestInfo,
    ) -> Result<Scope, AccountsError> {
        self.open_tenant(presented.tenant).await?;
        let now = self.now();
        let key = (presented.tenant, presented.id);
        let stored = match self.access.keys.get(&key) {
            Some(stored) => stored,
            None => self.load_key(presented).await?,
        };
        if !equal(&stored.hash, &presented.hash()) || !stored.key.is_live(now) {
            return Err(AccountsError::InvalidToken);
        }
        if !stored.owner_active {
            return Err(AccountsError::Disabled);
        }
        let actor = Actor::ApiKey {
            id: presented.id,
            owner: stored.key.owner,
        };
        let permissions = stored.key.permissions(stored.role);
        let scope = issue(presented.tenant, actor, permissions, request);
        Ok(bound(scope, stored.seller))
    }

    async fn load_key(
        &self,
        presented: &BearerToken<kind::ApiKey>,
    ) -> Result<Arc<api_keys::StoredKey>, AccountsError> {
        let now = self.now();
        let scope = self.system_scope(presented.tenant, "api-key");
        let begun = self.access.begin();
        let db = self.database.read(&scope).await?;
        let stored = api_keys::find_with_owner(&db, presented.id)
            .await?
            .map(Arc::new)
            .ok_or(AccountsError::InvalidToken)?;
        drop(db);
        let stale = stored
            .key
            .last_used_at
            .is_none_or(|used| now.since(used) >= TOUCH_INTERVAL);
        if stale && equal(&stored.hash, &presented.hash()) && stored.key.is_live(now) {
            let tx = self.database.begin_write(&scope, "api_key.touch").await?;
            api_keys::touch(&tx, presented.id, now).await?;
            tx.commit().await?;
        }
        self.access
            .put_key((presented.tenant, presented.id), stored.clone(), begun);
        Ok(stored)
    }

    async fn open_tenant(&self, id: TenantId) -> Result<Arc<Tenant>, AccountsError> {
        let tenant = self
            .directory
            .get(id)
            .await?
            .ok_or(AccountsError::InvalidToken)?;
        open(&tenant)?;
        Ok(tenant)
    }
}

/// The scope of somebody who may belong to a seller.
fn bound(scope: Scope, seller: Option<SellerId>) -> Scope {
    match seller {
        Some(seller) => scope.bound_to(seller),
        None => scope,
    }
}

fn open(tenant: &Tenant) -> Result<(), AccountsError> {
    match tenant.status {
        TenantStatus::Active => Ok(()),
        TenantStatus::Suspended => Err(AccountsError::TenantSuspended),
    }
}

/// The scope of a stranger in a tenant that a mailed or stored token names.
pub(crate) fn scope_of_token(tenant: TenantId, like: &Scope) -> Scope {
    issue(
        tenant,
        Actor::Anonymous,
        Permissions::NONE,
        like.request().origin(),
    )
}

#[expect(clippy::disallowed_methods, reason = "this is authentication")]
pub(crate) fn issue(
    tenant: TenantId,
    actor: Actor,
    permissions: Permissions,
    request: RequestInfo,
) -> Scope {
    Scope::issue(tenant, actor, permissions, request)
}
