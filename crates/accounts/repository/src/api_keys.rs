//! API keys.

use accounts_model::api_key::ApiKey;
use database::column::{to_json, word};
use database::{OrFault as _, Scoped, Transaction};
use kernel::{ApiKeyId, Fault, Page, PageRequest, Role, SellerId, Timestamp, UserId};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, FromQueryResult, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::rows::api_key::{ActiveModel, COLUMN, Column, Entity, Model};

/// Adds a key.
pub async fn insert(tx: &Transaction, key: &ApiKey, hash: [u8; 32]) -> Result<(), Fault> {
    tx.insert(ActiveModel {
        id: Set(key.id.uuid()),
        user_id: Set(key.owner.uuid()),
        name: Set(key.name.clone()),
        hint: Set(key.hint.clone()),
        hash: Set(hash.to_vec()),
        scopes: Set(to_json(&key.scopes)),
        created_at: Set(key.created_at.micros()),
        expires_at: Set(key.expires_at.map(Timestamp::micros)),
        last_used_at: Set(None),
        revoked_at: Set(None),
        ..Default::default()
    })
    .await
}

/// How many live keys a user has.
pub async fn count_live(db: &Scoped, owner: UserId) -> Result<u64, Fault> {
    db.find::<Entity>()
        .filter(COLUMN.user_id.eq(owner.uuid()))
        .filter(Column::RevokedAt.is_null())
        .count(db)
        .await
        .or_fault()
}

/// The keys of a user, newest first.
pub async fn list(
    db: &Scoped,
    owner: UserId,
    page: PageRequest<ApiKeyId>,
) -> Result<Page<ApiKey, ApiKeyId>, Fault> {
    let mut query = db.find::<Entity>().filter(COLUMN.user_id.eq(owner.uuid()));
    if let Some(after) = page.after {
        query = query.filter(COLUMN.id.lt(after.uuid()));
    }
    let rows = query
        .order_by_desc(Column::Id)
        .limit(page.limit + 1)
        .all(db)
        .await
        .or_fault()?;
    let keys = rows
        .into_iter()
        .map(ApiKey::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(keys, page.limit, |key| key.id))
}

/// All keys of a user, those that were revoked included.
pub async fn all_of(db: &Scoped, owner: UserId) -> Result<Vec<ApiKey>, Fault> {
    let rows = db
        .find::<Entity>()
        .filter(COLUMN.user_id.eq(owner.uuid()))
        .order_by_asc(Column::Id)
        .all(db)
        .await
        .or_fault()?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// Revokes a key of a user. False when there is none or it was revoked.
pub async fn revoke(
    tx: &Transaction,
    owner: UserId,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE api_keys SET revoked_at = $2 \
             WHERE tenant_id = $1 AND id = $3 AND user_id = $4 AND revoked_at IS NULL",
            [now.micros().into(), id.uuid().into(), owner.uuid().into()],
        )
        .await?;
    Ok(changed == 1)
}

/// A key as presented by a program, and what its owner is.
pub struct StoredKey {
    /// The key.
    pub key: ApiKey,
    /// The SHA-256 of the secret.
    pub hash: Vec<u8>,
    /// The owner's role.
    pub role: Role,
    /// The seller the owner belongs to.
    pub seller: Option<SellerId>,
    /// Whether the owner's account may be used.
    pub owner_active: bool,
}

#[derive(FromQueryResult)]
struct OwnerRow {
    role: String,
    seller_id: Option<Uuid>,
    status: String,
}

/// A key with what its owner is.
pub async fn find_with_owner(db: &Scoped, id: ApiKeyId) -> Result<Option<StoredKey>, Fault> {
    let row: Option<Model> = db
        .find::<Entity>()
        .filter(COLUMN.id.eq(id.uuid()))
        .one(db)
        .await
        .or_fault()?;
    let Some(row) = row else { return Ok(None) };
    let owner: Option<OwnerRow> = db
        .one(
            "SELECT role, seller_id, status FROM users WHERE tenant_id = $1 AND id = $2",
            [Uuid::into(row.user_id)],
        )
        .await?;
    let Some(owner) = owner else { return Ok(None) };
    Ok(Some(StoredKey {
        hash: row.hash.clone(),
        role: word("users.role", &owner.role)?,
        seller: owner.seller_id.map(SellerId::from_uuid),
        owner_active: owner.status == "active",
        key: row.try_into()?,
    }))
}

/// Notes that a key was used.
pub async fn touch(tx: &Transaction, id: ApiKeyId, now: Timestamp) -> Result<(), Fault> {
    tx.run(
        "UPDATE api_keys SET last_used_at = $2 WHERE tenant_id = $1 AND id = $3",
        [now.micros().into(), id.uuid().into()],
    )
    .await
    .map(|_| ())
}
