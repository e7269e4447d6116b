//! One's own account.

use accounts_model::AccountsError;
use accounts_model::events::AccessChanged;
use accounts_model::password;
use accounts_model::user::{ProfileChange, User};
use accounts_repository::users::Credentials;
use accounts_repository::{sessions, users};
use kernel::{Expected, Scope};
use secrecy::SecretString;

use crate::Accounts;
use crate::sessions::SignedIn;
use crate::sign_in::Proof;

impl Accounts {
    /// The signed-in user.
    pub async fn me(&self, scope: &Scope) -> Result<User, AccountsError> {
        let user = scope.require_user()?;
        let db = self.database.read(scope).await?;
        users::find(&db, user)
            .await?
            .ok_or(AccountsError::UserNotFound)
    }

    /// Changes the signed-in user's profile. With a version, only if it is
    /// still that one.
    pub async fn change_profile(
        &self,
        scope: &Scope,
        change: ProfileChange,
        expected: Option<&Expected>,
    ) -> Result<User, AccountsError> {
        let (user, _) = scope.require_session()?;
        let tx = self.database.begin_write(scope, "user.profile").await?;
        let user = users::find(&tx, user)
            .await?
            .ok_or(AccountsError::UserNotFound)?;
        if expected.is_some_and(|expected| !expected.is_met_by(user.version)) {
            return Err(AccountsError::VersionMismatch);
        }
        if change == ProfileChange::default() {
            return Ok(user);
        }
        let user = user.with_profile(change, self.now());
        if !users::update(&tx, &user).await? {
            return Err(AccountsError::VersionMismatch);
        }
        tx.commit().await?;
        Ok(user)
    }

    /// Changes the password of the signed-in user, ends all sessions and opens
    /// a new one.
    pub async fn change_password(
        &self,
        scope: &Scope,
        current: &SecretString,
        new_password: &SecretString,
    ) -> Result<SignedIn, AccountsError> {
        let (id, _) = scope.require_session()?;
        let user = self.me(scope).await?;
        let db = self.database.read(scope).await?;
        let known = users::find_by_email(&db, &user.email).await?;
        drop(db);
        let before = known.map(|known| known.password_hash);
        if !self.passwords.verify(current, before.as_deref()).await? {
            return Err(AccountsError::WrongPassword);
        }
        password::check(new_password, &user.email)?;
        let hash = self.passwords.hash(new_password).await?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "user.password").await?;
        // Somebody else may have changed it while it was checked.
        users::lock(&tx, id)
            .await?
            .filter(|known| Some(&known.password_hash) == before.as_ref())
            .ok_or(AccountsError::WrongPassword)?;
        users::set_password(&tx, id, &hash, now).await?;
        sessions::revoke_all(&tx, id, "password_changed", now).await?;
        self.queue.publish(&tx, &AccessChanged { user: id }).await?;
        tx.commit().await?;
        let proven = Credentials {
            user,
            password_hash: hash,
        };
        self.open_session(scope, &proven, Proof::Everything)
            .await?
            .done()
    }
}
