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
use crate::sign_in::{LoggedIn, Proof};
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

/// When an account was made.
enum Added {
    /// By this request.
    Now(User),
    /// By an earlier one with the same idempotency key.
    Before(User),
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
        let password = registration.password.clone();
        match self.add_user(scope, email, &hash, registration).await? {
            Added::Now(user) => {
                let proven = Credentials {
                    user,
                    password_hash: hash,
                };
                self.open_session(scope, &proven, Proof::Everything)
                    .await?
                    .done()
            }
            Added::Before(user) => self.enter_again(scope, &user, &password).await,
        }
    }

    /// Signs in whoever repeats a registration: they did not get to know the
    /// session of the first answer. As long as the password alone still opens
    /// the account; else they are told to sign in.
    async fn enter_again(
        &self,
        scope: &Scope,
        user: &User,
        password: &SecretString,
    ) -> Result<SignedIn, AccountsError> {
        let db = self.database.read(scope).await?;
        let known = users::find_by_email(&db, &user.email).await?;
        drop(db);
        let known = known
            .filter(|known| known.user.id == user.id)
            .ok_or(AccountsError::EmailTaken)?;
        let hash = Some(known.password_hash.as_str());
        if !self.passwords.verify(password, hash).await? {
            return Err(AccountsError::EmailTaken);
        }
        match self.open_session(scope, &known, Proof::Password).await? {
            LoggedIn::Done(signed_in) => Ok(*signed_in),
            LoggedIn::SecondStep(_) => Err(AccountsError::EmailTaken),
        }
    }

    async fn add_user(
        &self,
        scope: &Scope,
        email: Email,
        hash: &str,
        registration: Registration,
    ) -> Result<Added, AccountsError> {
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<User>(scope, "user.register", now)
            .await?
        {
            Once::Replayed(user) => return Ok(Added::Before(user)),
            Once::Fresh(tx) => tx,
        };
        let user = User {
            id: UserId::new(now),
            email,
            role: Role::User,
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
        Ok(Added::Now(tx.commit_with(user).await?))
    }
}
