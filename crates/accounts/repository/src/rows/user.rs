//! `users`.

use accounts_model::email::Email;
use accounts_model::user::User;
use database::column::word;
use kernel::{Fault, SellerId, Timestamp, UserId};
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub email: String,
    pub password_hash: String,
    pub role: String,
    pub status: String,
    pub name: String,
    pub phone: Option<String>,
    pub locale: Option<String>,
    pub email_verified_at: Option<i64>,
    pub seller_id: Option<Uuid>,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}

impl TryFrom<Model> for User {
    type Error = Fault;

    fn try_from(row: Model) -> Result<Self, Fault> {
        Ok(Self {
            id: UserId::from_uuid(row.id),
            email: Email::from_stored(row.email),
            role: word("users.role", &row.role)?,
            status: word("users.status", &row.status)?,
            name: row.name,
            phone: row.phone,
            locale: row.locale,
            email_verified_at: row.email_verified_at.map(Timestamp::from_micros),
            seller: row.seller_id.map(SellerId::from_uuid),
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        })
    }
}
