//! Signing in: the password, the second step, the session that follows.

use std::time::Duration;

use accounts_model::AccountsError;
use accounts_model::email::Email;
use accounts_model::jobs::SendLoginAlert;
use accounts_model::session::Session;
use accounts_model::two_factor::CHALLENGE_TTL;
use accounts_model::user::{User, UserStatus};
use accounts_repository::two_factors::Which;
use accounts_repository::users::Credentials;
use accounts_repository::{sessions, two_factors, users};
use database::Transaction;
use kernel::{Fault, Scope, SessionId};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Accounts;
use crate::authenticate::scope_of_token;
use crate::challenge::Challenge;
use crate::sessions::SignedIn;
use crate::two_factor::refused;

/// What somebody signs in with.
pub struct Login {
    /// The address, as typed.
    pub email: String,
    /// The password.
    pub password: SecretString,
}

/// What the right password leads to.
pub enum LoggedIn {
    /// A session.
    Done(Box<SignedIn>),
    /// The question for a code.
    SecondStep(SecondStep),
}

/// That the password was right, and a code is wanted.
pub struct SecondStep {
    /// To be sent with the code.
    pub token: SecretString,
    /// How long it is good.
    pub ttl: Duration,
}

/// What somebody has proven who is to get a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// To know the password.
    Password,
    /// That, and whatever else is asked of them: they are signed in already.
    Everything,
}

impl Accounts {
    /// Signs somebody in, or asks for a code if they have a second factor.
    /// Unknown addresses, wrong passwords and disabled accounts cannot be told
    /// apart by time, the first two not at all.
    pub async fn login(&self, scope: &Scope, login: Login) -> Result<LoggedIn, AccountsError> {
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
        self.open_session(scope, &known, Proof::Password).await
    }

    /// The second step: the code of somebody who gave the right password. The
    /// token leads to one session.
    pub async fn login_with_code(
        &self,
        scope: &Scope,
        token: &SecretString,
        code: &str,
    ) -> Result<SignedIn, AccountsError> {
        let challenge = self
            .challenges
            .decode(token.expose_secret(), self.now())
            .ok_or(AccountsError::ChallengeOver)?;
        let scope = &scope_of_token(challenge.tenant, scope);
        let tx = self.database.begin_write(scope, "session.code").await?;
        let user = users::lock(&tx, challenge.user)
            .await?
            .filter(|known| challenge.is_for(&known.password_hash))
            .ok_or(AccountsError::ChallengeOver)?
            .user;
        if user.status == UserStatus::Disabled {
            return Err(AccountsError::Disabled);
        }
        let tried = self.check_code(&tx, user.id, Which::Confirmed, code).await;
        match tried {
            Ok(()) => {}
            // It was turned off in between; then the password is enough, but
            // has to be given again.
            Err(AccountsError::TwoFactorNotEnabled) => return Err(AccountsError::ChallengeOver),
            Err(error) => return Err(refused(tx, error).await),
        }
        // Nothing is kept of a second use, so the code is good for another
        // first step.
        if !two_factors::use_challenge(&tx, challenge.id, user.id, challenge.expires_at).await? {
            return Err(AccountsError::ChallengeOver);
        }
        self.start_session(tx, user).await
    }

    /// Whose code a challenge asks for, so that tries are counted for them.
    pub fn challenged(&self, token: &SecretString) -> Option<String> {
        let challenge = self.challenges.decode(token.expose_secret(), self.now())?;
        Some(format!("{}/{}", challenge.tenant, challenge.user))
    }

    /// Starts a session for a user who has proven to know the password with
    /// that hash, if it is still theirs.
    pub(crate) async fn open_session(
        &self,
        scope: &Scope,
        proven: &Credentials,
        proof: Proof,
    ) -> Result<LoggedIn, AccountsError> {
        let tx = self.database.begin_write(scope, "session.open").await?;
        // The password may have been replaced, and all sessions ended, while
        // it was checked.
        let known = users::lock(&tx, proven.user.id)
            .await?
            .filter(|known| known.password_hash == proven.password_hash)
            .ok_or(AccountsError::BadCredentials)?;
        if known.user.status == UserStatus::Disabled {
            return Err(AccountsError::Disabled);
        }
        if proof == Proof::Password {
            let standing = two_factors::standing(&tx, known.user.id).await?;
            if standing.is_some_and(|standing| standing.confirmed_at.is_some()) {
                return Ok(LoggedIn::SecondStep(self.second_step(scope, &known)));
            }
        }
        let signed_in = self.start_session(tx, known.user).await?;
        Ok(LoggedIn::Done(Box::new(signed_in)))
    }

    fn second_step(&self, scope: &Scope, known: &Credentials) -> SecondStep {
        let challenge = Challenge::new(
            scope.tenant(),
            known.user.id,
            &known.password_hash,
            self.now().plus(CHALLENGE_TTL),
        );
        SecondStep {
            token: self.challenges.encode(&challenge).into(),
            ttl: CHALLENGE_TTL,
        }
    }

    /// The session of a user who may have one; the user is locked.
    async fn start_session(&self, tx: Transaction, user: User) -> Result<SignedIn, AccountsError> {
        let now = self.now();
        let scope = tx.scope().clone();
        let request = scope.request();
        let lifetime = self.lifetime(user.role, now, now);
        let session = Session {
            id: SessionId::new(now),
            user: user.id,
            user_agent: request.user_agent.clone(),
            address: request.address,
            created_at: now,
            last_used_at: now,
            expires_at: lifetime.until,
            revoked_at: None,
        };
        sessions::insert(&tx, &session).await?;
        let refresh = self.add_token(&tx, session.id, lifetime.until).await?;
        if self.is_new_place(&tx, &user).await? {
            let job = SendLoginAlert {
                user: user.id,
                session: session.id,
            };
            self.queue.enqueue(&tx, &job).await?;
        }
        tx.commit().await?;
        self.signed_in(&scope, user, session.id, &refresh, lifetime)
    }
}

impl LoggedIn {
    /// The session, of somebody who is asked for nothing more.
    pub(crate) fn done(self) -> Result<SignedIn, AccountsError> {
        match self {
            Self::Done(signed_in) => Ok(*signed_in),
            Self::SecondStep(_) => Err(Fault::permanent("a code was asked for").into()),
        }
    }
}
