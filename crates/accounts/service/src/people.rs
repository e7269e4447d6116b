//! All that is known about a person, over all domains: handing it out, and
//! forgetting it.
//!
//! Each domain knows its own part, as [`PersonalData`]; the composition root
//! gives them to [`People`] in an order in which rows can go.

use std::sync::Arc;
use std::time::Duration;

use accounts_model::AccountsError;
use accounts_model::email::Email;
use accounts_model::events::{AccessChanged, UserErased};
use accounts_model::jobs::FinishErasure;
use accounts_model::two_factor::is_staff;
use accounts_model::user::User;
use accounts_repository::{api_keys, erasures, sessions, two_factors, users};
use database::{Transaction, retrying};
use kernel::{
    AuditEntry, DomainError, Fault, Permission, Role, Scope, Snapshot, Timestamp, UserId,
};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::Accounts;

/// After which time what requests in flight may have left is erased, too.
const AGAIN: Duration = Duration::from_hours(1);
/// How long an erasure waits that something stands in the way of.
const LATER: Duration = Duration::from_hours(24);

/// Somebody whose data is asked for.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their account.
    pub id: UserId,
    /// Their address, if they have proven that it is theirs: by it belongs to
    /// them what they did as a guest.
    pub proven_email: Option<Email>,
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            proven_email: user.email_verified_at.is_some().then(|| user.email.clone()),
        }
    }
}

/// Why a domain cannot forget a person.
#[derive(Debug)]
pub enum NotErased {
    /// Something has to end before; a sentence that says what.
    InProgress(String),
    /// It failed.
    Fault(Fault),
}

impl From<Fault> for NotErased {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl NotErased {
    /// A use case of a domain failed, which is nothing that whoever erases
    /// could change.
    pub fn failed(what: &'static str, error: &impl DomainError) -> Self {
        let fault = match error.fault() {
            Some(cause) if cause.is_transient() => Fault::transient(what).caused_by(cause.chain()),
            Some(cause) => Fault::permanent(what).caused_by(cause.chain()),
            None => Fault::permanent(what).caused_by(error.to_string()),
        };
        Self::Fault(fault)
    }
}

impl From<NotErased> for AccountsError {
    fn from(why: NotErased) -> Self {
        match why {
            NotErased::InProgress(what) => Self::ErasureBlocked(what),
            NotErased::Fault(fault) => fault.into(),
        }
    }
}

/// A domain's part of what is known about people.
#[async_trait::async_trait]
pub trait PersonalData: Send + Sync {
    /// What the part is called in exports.
    fn part(&self) -> &'static str;

    /// Everything the domain knows about a person.
    async fn export(&self, scope: &Scope, person: &Person) -> Result<Value, Fault>;

    /// Forgets a person, but for what has to be kept by law. Again is no
    /// error.
    async fn erase_in_tx(&self, tx: &Transaction, person: &Person) -> Result<(), NotErased>;
}

/// The use cases that are about all that is known about a person.
pub struct People {
    accounts: Arc<Accounts>,
    parts: Vec<Arc<dyn PersonalData>>,
}

impl People {
    /// Over the parts of all other domains, the last domain first.
    pub fn new(accounts: Arc<Accounts>, parts: Vec<Arc<dyn PersonalData>>) -> Self {
        Self { accounts, parts }
    }

    /// All that is known about the signed-in user.
    pub async fn export_own(&self, scope: &Scope) -> Result<Value, AccountsError> {
        scope.require_session()?;
        let user = self.accounts.me(scope).await?;
        self.export_all(scope, &user).await
    }

    /// All that is known about a user, for somebody who was asked for it.
    pub async fn export(&self, scope: &Scope, id: UserId) -> Result<Value, AccountsError> {
        // More than to see accounts: it tells what they bought, and where.
        scope.require(Permission::UsersWrite)?;
        let accounts = &self.accounts;
        let tx = accounts.database.begin_write(scope, "user.export").await?;
        let user = users::find(&tx, id)
            .await?
            .ok_or(AccountsError::UserNotFound)?;
        // What they do in the installation is no matter of one tenant.
        if user.role == Role::Operator && scope.require(Permission::TenantsManage).is_err() {
            return Err(AccountsError::OperatorAccount);
        }
        let entry = AuditEntry::new("user.export", id).after(&user);
        accounts.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        self.export_all(scope, &user).await
    }

    async fn export_all(&self, scope: &Scope, user: &User) -> Result<Value, AccountsError> {
        let person = Person::from(user);
        let mut all = Map::new();
        all.insert("exported_at".to_owned(), json!(self.accounts.now()));
        all.insert(
            "account".to_owned(),
            self.accounts.export_account(scope, user).await?,
        );
        for part in &self.parts {
            let known = part.export(scope, &person).await?;
            all.insert(part.part().to_owned(), known);
        }
        Ok(all.into())
    }

    /// Forgets the signed-in user, who gave their password for it.
    pub async fn erase_own(
        &self,
        scope: &Scope,
        password: &SecretString,
    ) -> Result<(), AccountsError> {
        let user = self.accounts.prove_password(scope, password).await?;
        retrying("user.erase", || self.erase_user(scope, user.id)).await
    }

    /// Forgets a user.
    pub async fn erase(&self, scope: &Scope, id: UserId) -> Result<(), AccountsError> {
        scope.require(Permission::UsersWrite)?;
        if scope.user() == Some(id) {
            return Err(AccountsError::OwnAccount);
        }
        retrying("user.erase", || self.erase_user(scope, id)).await
    }

    async fn erase_user(&self, scope: &Scope, id: UserId) -> Result<(), AccountsError> {
        let accounts = &self.accounts;
        let now = accounts.now();
        let tx = accounts.database.begin_write(scope, "user.erase").await?;
        let user = users::lock(&tx, id)
            .await?
            .ok_or(AccountsError::UserNotFound)?
            .user;
        if is_staff(user.role) {
            return Err(AccountsError::StaffErasure);
        }
        if !erasures::insert(&tx, id, &scope.actor().label(), now).await? {
            // They are forgotten already.
            return Ok(());
        }
        self.erase_parts(&tx, &Person::from(&user)).await?;
        let again = FinishErasure { user: id };
        let queue = &accounts.queue;
        queue.enqueue_at(&tx, &again, now.plus(AGAIN)).await?;
        queue.publish(&tx, &UserErased { user: id }).await?;
        queue.publish(&tx, &AccessChanged { user: id }).await?;
        let after = Snapshot::new().with("erased", true);
        let entry = AuditEntry::new("user.erase", id);
        let entry = entry.before(&user).after(&after);
        accounts.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn erase_parts(&self, tx: &Transaction, person: &Person) -> Result<(), AccountsError> {
        for part in &self.parts {
            part.erase_in_tx(tx, person).await?;
        }
        self.accounts.erase_account(tx, person.id).await?;
        Ok(())
    }

    /// Erases what requests that were in flight may have left; called by its
    /// job. What stands in the way is waited for.
    pub async fn finish_erasure(&self, scope: &Scope, id: UserId) -> Result<(), AccountsError> {
        let accounts = &self.accounts;
        let person = Person {
            id,
            proven_email: None,
        };
        let tx = accounts
            .database
            .begin_write(scope, "user.finish_erasure")
            .await?;
        match self.erase_parts(&tx, &person).await {
            Ok(()) => tx.commit().await?,
            Err(AccountsError::ErasureBlocked(why)) => {
                tx.rollback().await?;
                tracing::info!(user = %id, why, "an erasure waits");
                let tx = accounts
                    .database
                    .begin_write(scope, "user.erase_later")
                    .await?;
                let again = FinishErasure { user: id };
                let at = accounts.now().plus(LATER);
                accounts.queue.enqueue_at(&tx, &again, at).await?;
                tx.commit().await?;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Accounts {
    /// What accounts know about a user: no secrets, nor their hashes.
    async fn export_account(&self, scope: &Scope, user: &User) -> Result<Value, AccountsError> {
        let db = self.database.read(scope).await?;
        let sessions = sessions::all_of(&db, user.id).await?;
        let keys = api_keys::all_of(&db, user.id).await?;
        let standing = two_factors::standing(&db, user.id).await?;
        let enabled = standing.and_then(|standing| standing.confirmed_at);
        Ok(json!({
            "profile": user,
            "sessions": sessions.iter().map(|session| json!({
                "id": session.id,
                "user_agent": session.user_agent,
                "address": session.address,
                "created_at": session.created_at,
                "last_used_at": session.last_used_at,
                "expires_at": session.expires_at,
                "ended_at": session.revoked_at,
            })).collect::<Vec<_>>(),
            "api_keys": keys,
            "two_factor_since": enabled.map(Timestamp::from_micros),
        }))
    }

    /// Forgets who a user was: the row stays, because orders refer to it, and
    /// says nothing any more.
    async fn erase_account(&self, tx: &Transaction, id: UserId) -> Result<(), Fault> {
        for key in api_keys::all_of(tx, id).await? {
            tx.forget_answers_of(&key.id.to_string()).await?;
        }
        tx.forget_answers_of(&id.to_string()).await?;
        erasures::erase_account(tx, id, self.now()).await
    }
}
