//! Staying signed in, and signing out.

use std::time::Duration;

use accounts_model::AccountsError;
use accounts_model::events::AccessChanged;
use accounts_model::session::{Presented, Session, StaffLimits, Tokens, judge};
use accounts_model::two_factor::is_staff;
use accounts_model::user::{User, UserStatus};
use accounts_repository::{sessions, users};
use database::Transaction;
use kernel::secret::{BearerToken, equal};
use kernel::{Fault, Page, PageRequest, RefreshTokenId, Role, Scope, SessionId, Timestamp, kind};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Accounts;
use crate::authenticate::{issue, scope_of_token};

/// The prefix of refresh tokens in text form.
const REFRESH_PREFIX: &str = "rt";

/// Somebody who is signed in now.
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// Their tokens.
    pub tokens: Tokens,
    /// The authority they have with them.
    pub scope: Scope,
}

/// How long a session and its tokens last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    /// The end of the session, unless it is refreshed.
    pub(crate) until: Timestamp,
    /// How long the refresh token is good at least.
    pub(crate) refresh_ttl: Duration,
    /// Whether a browser may keep it when it is closed.
    pub(crate) persistent: bool,
}

impl Accounts {
    pub(crate) fn staff_limits(&self) -> StaffLimits {
        StaffLimits {
            idle: self.settings.admin_idle,
            total: self.settings.admin_session_ttl,
        }
    }

    /// How long a session and its next tokens last. Those who may do more than
    /// use their own account have to sign in every so often.
    pub(crate) fn lifetime(&self, role: Role, created_at: Timestamp, now: Timestamp) -> Lifetime {
        let until = now.plus(self.settings.refresh_ttl);
        if !is_staff(role) {
            return Lifetime {
                until,
                refresh_ttl: self.settings.refresh_ttl,
                persistent: true,
            };
        }
        let limits = self.staff_limits();
        let until = until.min(created_at.plus(limits.total));
        Lifetime {
            until,
            // It works for longer if there are requests in between.
            refresh_ttl: until.since(now).min(limits.idle),
            persistent: false,
        }
    }

    /// The signed-in user's sessions that go on, newest first.
    pub async fn sessions(
        &self,
        scope: &Scope,
        page: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>, AccountsError> {
        let (id, _) = scope.require_session()?;
        let now = self.now();
        let db = self.database.read(scope).await?;
        let user = users::find(&db, id)
            .await?
            .ok_or(AccountsError::UserNotFound)?;
        let limits = self.staff_limits();
        let since = if is_staff(user.role) {
            (now.minus(limits.total), now.minus(limits.idle))
        } else {
            (Timestamp::from_micros(0), Timestamp::from_micros(0))
        };
        Ok(sessions::list(&db, id, now, since, page).await?)
    }

    /// Ends one of the signed-in user's sessions.
    pub async fn revoke_session(
        &self,
        scope: &Scope,
        session: SessionId,
    ) -> Result<(), AccountsError> {
        let (user, _) = scope.require_session()?;
        let tx = self.database.begin_write(scope, "session.revoke").await?;
        if !sessions::revoke_of(&tx, user, session, "revoked", self.now()).await? {
            return Err(AccountsError::SessionNotFound);
        }
        self.queue.publish(&tx, &AccessChanged { user }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends all of the signed-in user's sessions but this one; how many.
    pub async fn revoke_other_sessions(&self, scope: &Scope) -> Result<u64, AccountsError> {
        let (user, session) = scope.require_session()?;
        let tx = self
            .database
            .begin_write(scope, "session.revoke_others")
            .await?;
        let ended = sessions::revoke_others(&tx, user, session, "revoked", self.now()).await?;
        self.queue.publish(&tx, &AccessChanged { user }).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Exchanges a refresh token for the next pair. Each works once; a second
    /// use means that somebody has a copy, and ends the session.
    pub async fn refresh(
        &self,
        scope: &Scope,
        token: &SecretString,
    ) -> Result<SignedIn, AccountsError> {
        let presented = decode(token)?;
        let scope = &scope_of_token(presented.tenant, scope);
        let tx = self.database.begin_write(scope, "session.refresh").await?;
        let stored = sessions::find_token(&tx, presented.id)
            .await?
            .filter(|stored| equal(&stored.hash, &presented.hash()))
            .ok_or(AccountsError::InvalidRefreshToken)?;
        let now = self.now();
        let verdict = judge(
            &stored.session,
            stored.expires_at,
            stored.used_at,
            now,
            self.settings.refresh_leeway,
        );
        match verdict {
            Presented::Over => return Err(AccountsError::InvalidRefreshToken),
            Presented::Raced => return Err(AccountsError::RefreshRaced),
            Presented::Reused => {
                tracing::warn!(session = %stored.session.id, "a refresh token was used twice");
                self.end_session(&tx, &stored.session, "refresh_token_reused")
                    .await?;
                tx.commit().await?;
                return Err(AccountsError::RefreshReused);
            }
            Presented::Fresh => {}
        }
        if !sessions::use_token(&tx, presented.id, now).await? {
            return Err(AccountsError::RefreshRaced);
        }
        let user = users::find(&tx, stored.session.user)
            .await?
            .filter(|user| user.status == UserStatus::Active)
            .ok_or(AccountsError::Disabled)?;
        let session = &stored.session;
        let limits = self.staff_limits();
        if is_staff(user.role) && limits.is_over(session.created_at, session.last_used_at, now) {
            self.end_session(&tx, session, "idle").await?;
            tx.commit().await?;
            return Err(AccountsError::InvalidRefreshToken);
        }
        let lifetime = self.lifetime(user.role, session.created_at, now);
        let refresh = self.add_token(&tx, session.id, lifetime.until).await?;
        sessions::extend(&tx, session.id, now, lifetime.until).await?;
        tx.commit().await?;
        self.signed_in(scope, user, session.id, &refresh, lifetime)
    }

    /// Ends the session of the access token, and that of a refresh token if
    /// one is given. Ending what is over is no error.
    pub async fn logout(
        &self,
        scope: &Scope,
        token: Option<&SecretString>,
    ) -> Result<(), AccountsError> {
        let now = self.now();
        if let Ok((user, session)) = scope.require_session() {
            let tx = self.database.begin_write(scope, "session.close").await?;
            if sessions::revoke(&tx, session, "logout", now).await? {
                self.queue.publish(&tx, &AccessChanged { user }).await?;
                tx.commit().await?;
            }
        }
        let Some(presented) = token.and_then(|token| decode(token).ok()) else {
            return Ok(());
        };
        let scope = &scope_of_token(presented.tenant, scope);
        let tx = self.database.begin_write(scope, "session.close").await?;
        let stored = sessions::find_token(&tx, presented.id)
            .await?
            .filter(|stored| equal(&stored.hash, &presented.hash()));
        if let Some(stored) = stored {
            self.end_session(&tx, &stored.session, "logout").await?;
            tx.commit().await?;
        }
        Ok(())
    }

    pub(crate) async fn end_session(
        &self,
        tx: &Transaction,
        session: &Session,
        because: &str,
    ) -> Result<(), Fault> {
        if sessions::revoke(tx, session.id, because, self.now()).await? {
            let user = session.user;
            self.queue.publish(tx, &AccessChanged { user }).await?;
        }
        Ok(())
    }

    pub(crate) async fn add_token(
        &self,
        tx: &Transaction,
        session: SessionId,
        expires_at: Timestamp,
    ) -> Result<BearerToken<kind::RefreshToken>, Fault> {
        let now = self.now();
        let token = BearerToken::new(tx.scope().tenant(), RefreshTokenId::new(now));
        sessions::insert_token(tx, token.id, session, token.hash(), now, expires_at).await?;
        Ok(token)
    }

    pub(crate) fn signed_in(
        &self,
        scope: &Scope,
        user: User,
        session: SessionId,
        refresh: &BearerToken<kind::RefreshToken>,
        lifetime: Lifetime,
    ) -> Result<SignedIn, AccountsError> {
        let ttl = self.settings.access_ttl;
        let access = self
            .tokens
            .issue(scope.tenant(), user.id, session, self.now(), ttl)?;
        let actor = kernel::Actor::User {
            id: user.id,
            session,
        };
        Ok(SignedIn {
            scope: issue(
                scope.tenant(),
                actor,
                user.role.permissions(),
                scope.request().origin(),
            ),
            tokens: Tokens {
                access,
                access_ttl: ttl,
                refresh: refresh.encode(REFRESH_PREFIX).into(),
                refresh_ttl: lifetime.refresh_ttl,
                persistent: lifetime.persistent,
            },
            user,
        })
    }
}

fn decode(token: &SecretString) -> Result<BearerToken<kind::RefreshToken>, AccountsError> {
    BearerToken::decode(REFRESH_PREFIX, token.expose_secret())
        .ok_or(AccountsError::InvalidRefreshToken)
}
