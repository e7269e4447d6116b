//! Making an account.

use accounts_model::AccountsError;
use accounts_model::email::Email;
use accounts_model::events::UserRegistered;
use accounts_model::jobs::SendVerification;
use accounts_model::password;
use accounts_model::user::{User, UserStatus};
use accounts_repository::users;
use accounts_repository::users::Credentials;
use database::Once;
use kernel::{Role, Scope, UserId};
use secrecy::SecretString;

use crate::Accounts;
use crate::sessions::SignedIn;
use crate::sign_in::Proof;
use crate::users::email_taken;

/// What somebody registers with.
pub struct Registration {
    /// The address, as typed.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// What they are called.
    pub name: String,
    /// Their language, as a BCP 47 tag.
    pub locale: Option<String>,
}

impl Accounts {
    /// Makes an account with the role `user`, signs it in, and mails a link
    /// that proves the address.
    pub async fn register(
        &self,
        scope: &Scope,
        registration: Registration,
    ) -> Result<SignedIn, AccountsError> {
        if !self.settings.registration_open {
            return Err(AccountsError::RegistrationClosed);
        }
        let email = Email::parse(&registration.email)?;
        password::check(&registration.password, &email)?;
        let hash = self.passwords.hash(&registration.password).await?;
        let user = self
            .add_user(scope, Role::User, email, &hash, registration)
            .await?;
        let proven = Credentials {
            user,
            password_hash: hash,
        };
        self.open_session(scope, &proven, Proof::Everything)
            .await?
            .done()
    }

    async fn add_user(
        &self,
        scope: &Scope,
        role: Role,
        email: Email,
        hash: &str,
        registration: Registration,
    ) -> Result<User, AccountsError> {
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<User>(scope, "user.register", now)
            .await?
        {
            Once::Replayed(user) => return Ok(user),
            Once::Fresh(tx) => tx,
        };
        let user = User {
            id: UserId::new(now),
            email,
            role,
            status: UserStatus::Active,
            name: registration.name,
            phone: None,
            locale: registration
                .locale
                .or_else(|| scope.request().language.clone()),
            email_verified_at: None,
            seller: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        users::insert(&tx, &user, hash).await.map_err(email_taken)?;
        self.queue
            .enqueue(&tx, &SendVerification { user: user.id })
            .await?;
        self.queue
            .publish(&tx, &UserRegistered { user: user.id })
            .await?;
        Ok(tx.commit_with(user).await?)
    }
}
