//! The people of a tenant, as its administrators see them.

use accounts_model::AccountsError;
use accounts_model::email::Email;
use accounts_model::events::AccessChanged;
use accounts_model::password;
use accounts_model::user::{User, UserStatus};
use accounts_repository::{sessions, users};
use database::Once;
use kernel::{
    AuditEntry, Audited as _, Expected, Fault, Page, PageRequest, Permission, Role, Scope,
    Timestamp, UserId,
};
use secrecy::SecretString;

use crate::Accounts;

pub use accounts_repository::users::Filter as UserFilter;

/// A user to make without registration.
pub struct NewUser {
    /// The address, as typed.
    pub email: String,
    /// The password.
    pub password: SecretString,
    /// What they are called.
    pub name: String,
    /// What they are in the tenant.
    pub role: Role,
}

/// A change of a user; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserChange {
    /// Their role.
    pub role: Option<Role>,
    /// Whether the account may be used.
    pub status: Option<UserStatus>,
}

impl Accounts {
    /// Users, newest first.
    pub async fn users(
        &self,
        scope: &Scope,
        filter: &UserFilter,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, AccountsError> {
        scope.require(Permission::UsersRead)?;
        let db = self.database.read(scope).await?;
        Ok(users::list(&db, filter, page).await?)
    }

    /// One user.
    pub async fn user(&self, scope: &Scope, id: UserId) -> Result<User, AccountsError> {
        scope.require(Permission::UsersRead)?;
        let db = self.database.read(scope).await?;
        users::find(&db, id)
            .await?
            .ok_or(AccountsError::UserNotFound)
    }

    /// Changes role and status of another user. Their sessions notice at once.
    pub async fn change_user(
        &self,
        scope: &Scope,
        id: UserId,
        change: UserChange,
        expected: &Expected,
    ) -> Result<User, AccountsError> {
        scope.require(Permission::UsersWrite)?;
        if scope.user() == Some(id) {
            return Err(AccountsError::OwnAccount);
        }
        let now = self.now();
        let tx = self.database.begin_write(scope, "user.change").await?;
        let mut user = users::find(&tx, id)
            .await?
            .ok_or(AccountsError::UserNotFound)?;
        if !expected.is_met_by(user.version) {
            return Err(AccountsError::VersionMismatch);
        }
        if change == UserChange::default() {
            return Ok(user);
        }
        // Neither made an operator nor unmade, except by the command line.
        if user.role == Role::Operator {
            return Err(AccountsError::OperatorAccount);
        }
        if change.role == Some(Role::Operator) {
            return Err(AccountsError::OperatorRole);
        }
        // They belong to one of the sellers, who is not known here.
        if change.role == Some(Role::Seller) && user.role != Role::Seller {
            return Err(AccountsError::SellerRole);
        }
        let before = user.snapshot();
        user.role = change.role.unwrap_or(user.role);
        user.seller = user.seller.filter(|_| user.role == Role::Seller);
        user.status = change.status.unwrap_or(user.status);
        user.version += 1;
        user.updated_at = now;
        if !users::update(&tx, &user).await? {
            return Err(AccountsError::VersionMismatch);
        }
        if user.status == UserStatus::Disabled {
            sessions::revoke_all(&tx, id, "disabled", now).await?;
        }
        self.queue.publish(&tx, &AccessChanged { user: id }).await?;
        let entry = AuditEntry::new("user.change", id);
        let entry = entry.before(&before).after(&user);
        self.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// Makes a user without registration.
    pub async fn create_user(&self, scope: &Scope, new: NewUser) -> Result<User, AccountsError> {
        scope.require(Permission::UsersWrite)?;
        let (email, hash) = self.sign_in_of(&new).await?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<User>(scope, "user.create", now)
            .await?
        {
            Once::Replayed(user) => return Ok(user),
            Once::Fresh(tx) => tx,
        };
        let user = user_of(new, email, now);
        users::insert(&tx, &user, &hash)
            .await
            .map_err(email_taken)?;
        let entry = AuditEntry::new("user.create", user.id).after(&user);
        self.audit.record_in_tx(&tx, entry).await?;
        Ok(tx.commit_with(user).await?)
    }

    /// Makes a user without registration, or, if the address is known, gives
    /// them that password, and that role unless they have a higher one: for
    /// the command line.
    pub async fn ensure_user(&self, scope: &Scope, new: NewUser) -> Result<User, AccountsError> {
        scope.require(Permission::UsersWrite)?;
        let (email, hash) = self.sign_in_of(&new).await?;
        let now = self.now();
        let tx = self.database.begin_write(scope, "user.ensure").await?;
        let user = if let Some(known) = users::find_by_email(&tx, &email).await? {
            let mut user = known.user;
            // Never less than they are: the last operator would be gone.
            user.role = user.role.max(new.role);
            user.seller = user.seller.filter(|_| user.role == Role::Seller);
            user.status = UserStatus::Active;
            user.version += 1;
            user.updated_at = now;
            if !users::update(&tx, &user).await? {
                return Err(AccountsError::VersionMismatch);
            }
            users::set_password(&tx, user.id, &hash, now).await?;
            sessions::revoke_all(&tx, user.id, "password_set", now).await?;
            user
        } else {
            let user = user_of(new, email, now);
            users::insert(&tx, &user, &hash)
                .await
                .map_err(email_taken)?;
            user
        };
        self.queue
            .publish(&tx, &AccessChanged { user: user.id })
            .await?;
        let entry = AuditEntry::new("user.ensure", user.id).after(&user);
        self.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(user)
    }

    /// The address of a new user, and the hash of their password.
    async fn sign_in_of(&self, new: &NewUser) -> Result<(Email, String), AccountsError> {
        let email = Email::parse(&new.email)?;
        password::check(&new.password, &email)?;
        let hash = self.passwords.hash(&new.password).await?;
        Ok((email, hash))
    }
}

/// Whoever made them vouches for the address.
fn user_of(new: NewUser, email: Email, now: Timestamp) -> User {
    User {
        id: UserId::new(now),
        email,
        role: new.role,
        status: UserStatus::Active,
        name: new.name,
        phone: None,
        locale: None,
        email_verified_at: Some(now),
        seller: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// What it means when a user could not be added.
pub(crate) fn email_taken(fault: Fault) -> AccountsError {
    if fault.violates(users::UNIQUE_EMAIL) {
        AccountsError::EmailTaken
    } else {
        fault.into()
    }
}
