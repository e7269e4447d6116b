//! People.

use accounts_model::email::Email;
use accounts_model::user::{User, UserStatus};
use database::{OrFault as _, Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, Role, SellerId, Timestamp, UserId};
use sea_orm::{ActiveValue::Set, QueryFilter as _, QueryOrder as _, QuerySelect as _};

use crate::rows::user::{ActiveModel, COLUMN, Column, Entity, Model};

/// The unique key on the address, as faults name it.
pub const UNIQUE_EMAIL: &str = "users(email)";

/// A user and the hash of their password.
pub struct Credentials {
    /// Who.
    pub user: User,
    /// The hash, in PHC string format.
    pub password_hash: String,
}

impl TryFrom<Model> for Credentials {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        Ok(Self {
            password_hash: row.password_hash.clone(),
            user: row.try_into()?,
        })
    }
}

/// Adds a user.
pub async fn insert(tx: &Transaction, user: &User, password_hash: &str) -> Result<(), Fault> {
    let status: &'static str = user.status.into();
    tx.insert(ActiveModel {
        id: Set(user.id.uuid()),
        email: Set(user.email.as_str().to_owned()),
        password_hash: Set(password_hash.to_owned()),
        role: Set(user.role.name().to_owned()),
        status: Set(status.to_owned()),
        name: Set(user.name.clone()),
        phone: Set(user.phone.clone()),
        locale: Set(user.locale.clone()),
        email_verified_at: Set(user.email_verified_at.map(Timestamp::micros)),
        seller_id: Set(user.seller.map(SellerId::uuid)),
        version: Set(user.version),
        created_at: Set(user.created_at.micros()),
        updated_at: Set(user.updated_at.micros()),
        ..Default::default()
    })
    .await
}

/// One user.
pub async fn find(db: &Scoped, id: UserId) -> Result<Option<User>, Fault> {
    let row = db
        .find::<Entity>()
        .filter(COLUMN.id.eq(id.uuid()))
        .one(db)
        .await
        .or_fault()?;
    row.map(User::try_from).transpose()
}

/// The user with an address, and their password's hash.
pub async fn find_by_email(db: &Scoped, email: &Email) -> Result<Option<Credentials>, Fault> {
    let row = db
        .find::<Entity>()
        .filter(COLUMN.email.eq(email.as_str()))
        .one(db)
        .await
        .or_fault()?;
    row.map(Credentials::try_from).transpose()
}

/// A user whom nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: UserId) -> Result<Option<Credentials>, Fault> {
    let row = tx
        .find::<Entity>()
        .filter(COLUMN.id.eq(id.uuid()))
        .lock_exclusive()
        .one(&**tx)
        .await
        .or_fault()?;
    row.map(Credentials::try_from).transpose()
}

/// Writes name, telephone number, language, role, seller and status, if the stored
/// version is still the one before.
pub async fn update(tx: &Transaction, user: &User) -> Result<bool, Fault> {
    let status: &'static str = user.status.into();
    let changed = tx
        .run(
            "UPDATE users SET name = $2, phone = $3, locale = $4, role = $5, status = $6, version = $7, updated_at = $8, seller_id = $10 \
             WHERE tenant_id = $1 AND id = $9 AND version = $7 - 1",
            [
                user.name.clone().into(),
                user.phone.clone().into(),
                user.locale.clone().into(),
                user.role.name().into(),
                status.into(),
                user.version.into(),
                user.updated_at.micros().into(),
                user.id.uuid().into(),
                user.seller.map(SellerId::uuid).into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Replaces the password's hash.
pub async fn set_password(
    tx: &Transaction,
    id: UserId,
    password_hash: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.run(
        "UPDATE users SET password_hash = $2, updated_at = $3 WHERE tenant_id = $1 AND id = $4",
        [password_hash.into(), now.micros().into(), id.uuid().into()],
    )
    .await
    .map(|_| ())
}

/// Notes that the address was proven, unless it was already or is another one
/// by now.
pub async fn mark_verified(
    tx: &Transaction,
    id: UserId,
    email: &Email,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE users SET email_verified_at = COALESCE(email_verified_at, $2) \
             WHERE tenant_id = $1 AND id = $3 AND email = $4",
            [now.micros().into(), id.uuid().into(), email.as_str().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// Which users to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those with a role.
    pub role: Option<Role>,
    /// Only those with a status.
    pub status: Option<UserStatus>,
    /// Only the one with this address.
    pub email: Option<Email>,
    /// Only those who belong to a seller.
    pub seller: Option<SellerId>,
}

/// Users, newest first.
pub async fn list(
    db: &Scoped,
    filter: &Filter,
    page: PageRequest<UserId>,
) -> Result<Page<User, UserId>, Fault> {
    let mut query = db.find::<Entity>();
    if let Some(role) = filter.role {
        query = query.filter(COLUMN.role.eq(role.name()));
    }
    if let Some(status) = filter.status {
        let status: &'static str = status.into();
        query = query.filter(COLUMN.status.eq(status));
    }
    if let Some(email) = &filter.email {
        query = query.filter(COLUMN.email.eq(email.as_str()));
    }
    if let Some(seller) = filter.seller {
        query = query.filter(COLUMN.seller_id.eq(seller.uuid()));
    }
    if let Some(after) = page.after {
        query = query.filter(COLUMN.id.lt(after.uuid()));
    }
    let rows = query
        .order_by_desc(Column::Id)
        .limit(page.limit + 1)
        .all(db)
        .await
        .or_fault()?;
    let users = rows
        .into_iter()
        .map(User::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(users, page.limit, |user| user.id))
}
