//! Proving an address, and getting back in without the password.

use std::time::Duration;

use accounts_model::AccountsError;
use accounts_model::email::Email;
use accounts_model::events::AccessChanged;
use accounts_model::jobs::{SendPasswordReset, SendVerification};
use accounts_model::mails::{AccountMail, MailKind, PASSWORD_RESET, VERIFY_EMAIL};
use accounts_model::password;
use accounts_model::user::{User, UserStatus};
use accounts_repository::one_time_tokens::{self, NewToken, Purpose};
use accounts_repository::{sessions, users};
use kernel::secret::BearerToken;
use kernel::{JobId, OneTimeTokenId, Scope, UserId, kind};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::Accounts;
use crate::authenticate::scope_of_token;
use crate::mails::Letter;

const PREFIX: &str = "ott";
const VERIFICATION_TTL: Duration = Duration::from_hours(72);
const RESET_TTL: Duration = Duration::from_hours(1);

impl Accounts {
    /// Proves an address with a token that was mailed to it.
    pub async fn verify_email(&self, scope: &Scope, token: &str) -> Result<(), AccountsError> {
        let presented = decode(token)?;
        let scope = &scope_of_token(presented.tenant, scope);
        let now = self.now();
        let tx = self
            .database
            .begin_write(scope, "user.verify_email")
            .await?;
        let (user, email) = one_time_tokens::take(
            &tx,
            presented.id,
            Purpose::VerifyEmail,
            presented.hash(),
            now,
        )
        .await?
        .ok_or(AccountsError::OneTimeTokenOver)?;
        if !users::mark_verified(&tx, user, &email, now).await? {
            return Err(AccountsError::OneTimeTokenOver);
        }
        tx.commit().await?;
        Ok(())
    }

    /// Mails the verification link again.
    pub async fn request_verification(&self, scope: &Scope) -> Result<(), AccountsError> {
        let (user, _) = scope.require_session()?;
        let tx = self
            .database
            .begin_write(scope, "user.request_verification")
            .await?;
        let known = users::find(&tx, user)
            .await?
            .ok_or(AccountsError::UserNotFound)?;
        if known.email_verified_at.is_none() {
            self.queue.enqueue(&tx, &SendVerification { user }).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Mails a link to set a new password, if there is such an account. The
    /// caller learns nothing either way, nor from how long it takes: what is
    /// written is the same, and the job of nobody finds nobody.
    pub async fn forgot_password(&self, scope: &Scope, email: &str) -> Result<(), AccountsError> {
        let email = Email::parse(email)?;
        let tx = self
            .database
            .begin_write(scope, "user.forgot_password")
            .await?;
        let known = users::find_by_email(&tx, &email).await?;
        let user = known.map_or_else(|| UserId::new(self.now()), |known| known.user.id);
        self.queue.enqueue(&tx, &SendPasswordReset { user }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sets a new password with a mailed token. All sessions end; the address
    /// is proven by the way.
    pub async fn reset_password(
        &self,
        scope: &Scope,
        token: &str,
        new_password: &SecretString,
    ) -> Result<(), AccountsError> {
        // The password is judged and hashed before the token is used up.
        password::check(new_password, &Email::from_stored(String::new()))?;
        let presented = decode(token)?;
        let scope = &scope_of_token(presented.tenant, scope);
        let now = self.now();
        let hash = self.passwords.hash(new_password).await?;
        let tx = self
            .database
            .begin_write(scope, "user.reset_password")
            .await?;
        let (user, email) = one_time_tokens::take(
            &tx,
            presented.id,
            Purpose::ResetPassword,
            presented.hash(),
            now,
        )
        .await?
        .ok_or(AccountsError::OneTimeTokenOver)?;
        password::check(new_password, &email)?;
        users::set_password(&tx, user, &hash, now).await?;
        users::mark_verified(&tx, user, &email, now).await?;
        one_time_tokens::use_all(&tx, user, Purpose::ResetPassword, now).await?;
        sessions::revoke_all(&tx, user, "password_reset", now).await?;
        self.queue.publish(&tx, &AccessChanged { user }).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sends the verification link; called by its job.
    pub async fn send_verification(
        &self,
        scope: &Scope,
        job: JobId,
        user: UserId,
    ) -> Result<(), AccountsError> {
        let Some((user, token)) = self
            .issue_token(scope, user, Purpose::VerifyEmail, VERIFICATION_TTL)
            .await?
        else {
            return Ok(());
        };
        if user.email_verified_at.is_some() {
            return Ok(());
        }
        let link = self.link(&*self.tenant(scope).await?, "verify-email", &token);
        self.mail(scope, job, &user, &VERIFY_EMAIL, linked(&user, &link))
            .await
    }

    /// Sends the link to set a new password; called by its job.
    pub async fn send_password_reset(
        &self,
        scope: &Scope,
        job: JobId,
        user: UserId,
    ) -> Result<(), AccountsError> {
        let Some((user, token)) = self
            .issue_token(scope, user, Purpose::ResetPassword, RESET_TTL)
            .await?
        else {
            return Ok(());
        };
        let link = self.link(&*self.tenant(scope).await?, "reset-password", &token);
        self.mail(scope, job, &user, &PASSWORD_RESET, linked(&user, &link))
            .await
    }

    /// Makes a token when it is about to be mailed, so that no secret waits in
    /// a job. `None` when the account cannot be used any more.
    async fn issue_token(
        &self,
        scope: &Scope,
        user: UserId,
        purpose: Purpose,
        ttl: Duration,
    ) -> Result<Option<(User, String)>, AccountsError> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "user.issue_token").await?;
        let Some(user) = users::find(&tx, user)
            .await?
            .filter(|user| user.status == UserStatus::Active)
        else {
            return Ok(None);
        };
        let token =
            BearerToken::<kind::OneTimeToken>::new(scope.tenant(), OneTimeTokenId::new(now));
        let new = NewToken {
            id: token.id,
            user: user.id,
            purpose,
            hash: token.hash(),
            email: &user.email,
            now,
            expires_at: now.plus(ttl),
        };
        one_time_tokens::insert(&tx, new).await?;
        tx.commit().await?;
        Ok(Some((user, token.encode(PREFIX))))
    }

    /// Mails somebody about their account.
    pub(crate) async fn mail(
        &self,
        scope: &Scope,
        job: JobId,
        user: &User,
        kind: &'static MailKind,
        values: Value,
    ) -> Result<(), AccountsError> {
        let letter = Letter {
            kind,
            to: user.email.as_str(),
            languages: &[user.locale.as_deref()],
            values,
            key: job.to_string(),
            unsubscribe: None,
        };
        self.send_letter(scope, letter).await
    }
}

/// What mails with a link are filled with.
fn linked(user: &User, link: &str) -> Value {
    json!(AccountMail {
        name: &user.name,
        link,
    })
}

fn decode(token: &str) -> Result<BearerToken<kind::OneTimeToken>, AccountsError> {
    BearerToken::decode(PREFIX, token).ok_or(AccountsError::OneTimeTokenOver)
}
