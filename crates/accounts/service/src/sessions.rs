//! Signing in and out, and staying signed in.

use accounts_model::AccountsError;
use accounts_model::email::Email;
use accounts_model::events::AccessChanged;
use accounts_model::session::{Presented, Session, Tokens, judge};
use accounts_model::user::{User, UserStatus};
use accounts_repository::users::Credentials;
use accounts_repository::{sessions, users};
use database::Transaction;
use kernel::secret::{BearerToken, equal};
use kernel::{Fault, RefreshTokenId, Scope, SessionId, kind};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Accounts;
use crate::authenticate::{issue, scope_of_token};

/// The prefix of refresh tokens in text form.
const REFRESH_PREFIX: &str = "rt";

/// What somebody signs in with.
pub struct Login {
    /// The address, as typed.
    pub email: String,
    /// The password.
    pub password: SecretString,
}

/// Somebody who is signed in now.
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// Their tokens.
    pub tokens: Tokens,
    /// The authority they have with them.
    pub scope: Scope,
}

impl Accounts {
    /// Signs somebody in. Unknown addresses, wrong passwords and disabled
    /// accounts cannot be told apart by time, the first two not at all.
    pub async fn login(&self, scope: &Scope, login: Login) -> Result<SignedIn, AccountsError> {
        let known = match Email::parse(&login.email) {
            Ok(email) => {
                let db = self.database.read(scope).await?;
                users::find_by_email(&db, &email).await?
            }
            Err(_) => None,
        };
        let hash = known.as_ref().map(|known| known.password_hash.as_str());
        let matches = self.passwords.verify(&login.password, hash).await?;
        let known = known
            .filter(|_| matches)
            .ok_or(AccountsError::BadCredentials)?;
        self.open_session(scope, &known).await
    }

    /// Starts a session for a user who has proven to know the password with
    /// that hash, if it is still theirs.
    pub(crate) async fn open_session(
        &self,
        scope: &Scope,
        proven: &Credentials,
    ) -> Result<SignedIn, AccountsError> {
        let now = self.now();
        let request = scope.request();
        let session = Session {
            id: SessionId::new(now),
            user: proven.user.id,
            user_agent: request.user_agent.clone(),
            address: request.address,
            created_at: now,
            last_used_at: now,
            expires_at: now.plus(self.settings.refresh_ttl),
            revoked_at: None,
        };
        let tx = self.database.begin_write(scope, "session.open").await?;
        // The password may have been replaced, and all sessions ended, while
        // it was checked.
        let user = users::lock(&tx, proven.user.id)
            .await?
            .filter(|known| known.password_hash == proven.password_hash)
            .ok_or(AccountsError::BadCredentials)?
            .user;
        if user.status == UserStatus::Disabled {
            return Err(AccountsError::Disabled);
        }
        sessions::insert(&tx, &session).await?;
        let refresh = self.add_token(&tx, session.id).await?;
        tx.commit().await?;
        self.signed_in(scope, user, session.id, &refresh)
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
        let refresh = self.add_token(&tx, stored.session.id).await?;
        let expires_at = now.plus(self.settings.refresh_ttl);
        sessions::extend(&tx, stored.session.id, now, expires_at).await?;
        tx.commit().await?;
        self.signed_in(scope, user, stored.session.id, &refresh)
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

    async fn add_token(
        &self,
        tx: &Transaction,
        session: SessionId,
    ) -> Result<BearerToken<kind::RefreshToken>, Fault> {
        let now = self.now();
        let token = BearerToken::new(tx.scope().tenant(), RefreshTokenId::new(now));
        let expires_at = now.plus(self.settings.refresh_ttl);
        sessions::insert_token(tx, token.id, session, token.hash(), now, expires_at).await?;
        Ok(token)
    }

    fn signed_in(
        &self,
        scope: &Scope,
        user: User,
        session: SessionId,
        refresh: &BearerToken<kind::RefreshToken>,
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
                refresh_ttl: self.settings.refresh_ttl,
            },
            user,
        })
    }
}

fn decode(token: &SecretString) -> Result<BearerToken<kind::RefreshToken>, AccountsError> {
    BearerToken::decode(REFRESH_PREFIX, token.expose_secret())
        .ok_or(AccountsError::InvalidRefreshToken)
}
