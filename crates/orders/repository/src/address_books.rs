//! The addresses accounts keep. A book is a row that counts its addresses and
//! names the defaults, so that limit and defaults hold by that row alone.

use std::sync::LazyLock;

use database::column::{Stored, to_json};
use database::{Scoped, Transaction};
use kernel::{Fault, SavedAddressId, Timestamp, UserId};
use orders_model::address::Address;
use orders_model::address_book::SavedAddress;
use orders_model::delivery::MAX_ADDRESSES;
use sea_orm::FromQueryResult;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    label: Option<String>,
    address: Stored<Address>,
    default_shipping: Option<Uuid>,
    default_billing: Option<Uuid>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl From<Row> for SavedAddress {
    fn from(row: Row) -> Self {
        Self {
            id: SavedAddressId::from_uuid(row.id),
            user: UserId::from_uuid(row.user_id),
            label: row.label,
            address: row.address.0,
            default_shipping: row.default_shipping == Some(row.id),
            default_billing: row.default_billing == Some(row.id),
            version: row.version,
            created_at: Timestamp::from_micros(row.created_at),
            updated_at: Timestamp::from_micros(row.updated_at),
        }
    }
}

const SELECT: &str = "SELECT a.id, a.user_id, a.label, a.address, b.default_shipping, b.default_billing, a.version, \
       a.created_at, a.updated_at \
     FROM saved_addresses a JOIN address_books b ON b.tenant_id = $1 AND b.user_id = a.user_id \
     WHERE a.tenant_id = $1 AND a.user_id = $2";

/// The addresses of an account, oldest first; at most as many as a book has.
pub async fn of(db: &Scoped, user: UserId) -> Result<Vec<SavedAddress>, Fault> {
    static OF: LazyLock<String> = LazyLock::new(|| format!("{SELECT} ORDER BY a.id"));
    let rows: Vec<Row> = db.all(&OF, [user.uuid().into()]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// One address of an account.
pub async fn find(
    db: &Scoped,
    user: UserId,
    id: SavedAddressId,
) -> Result<Option<SavedAddress>, Fault> {
    static FIND: LazyLock<String> = LazyLock::new(|| format!("{SELECT} AND a.id = $3"));
    let row: Option<Row> = db
        .one(&FIND, [user.uuid().into(), id.uuid().into()])
        .await?;
    Ok(row.map(Into::into))
}

/// The addresses that new carts of an account begin with.
pub async fn defaults(db: &Scoped, user: UserId) -> Result<Vec<SavedAddress>, Fault> {
    static DEFAULTS: LazyLock<String> = LazyLock::new(|| {
        format!("{SELECT} AND (a.id = b.default_shipping OR a.id = b.default_billing)")
    });
    let rows: Vec<Row> = db.all(&DEFAULTS, [user.uuid().into()]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Makes room in an account's book. False when it is full.
pub async fn make_room(tx: &Transaction, user: UserId) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "INSERT INTO address_books (tenant_id, user_id, size) VALUES ($1, $2, 1) \
             ON CONFLICT (tenant_id, user_id) DO UPDATE SET size = address_books.size + 1 \
             WHERE address_books.size < $3",
            [user.uuid().into(), MAX_ADDRESSES.into()],
        )
        .await?;
    Ok(touched == 1)
}

/// Adds an address, for which there is room.
pub async fn insert(tx: &Transaction, new: &SavedAddress) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO saved_addresses (tenant_id, id, user_id, label, address, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            new.id.uuid().into(),
            new.user.uuid().into(),
            new.label.clone().into(),
            to_json(&new.address).into(),
            new.version.into(),
            new.created_at.micros().into(),
            new.updated_at.micros().into(),
        ],
    )
    .await?;
    set_defaults(tx, new).await
}

/// Writes an address, if the stored version is still the one before.
pub async fn update(tx: &Transaction, changed: &SavedAddress) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE saved_addresses SET label = $2, address = $3, version = $4, updated_at = $5 \
             WHERE tenant_id = $1 AND user_id = $6 AND id = $7 AND version = $4 - 1",
            [
                changed.label.clone().into(),
                to_json(&changed.address).into(),
                changed.version.into(),
                changed.updated_at.micros().into(),
                changed.user.uuid().into(),
                changed.id.uuid().into(),
            ],
        )
        .await?;
    if touched == 0 {
        return Ok(false);
    }
    set_defaults(tx, changed).await?;
    Ok(true)
}

/// Makes an address the default or not; what another one is stays, unless
/// this one takes its place.
async fn set_defaults(tx: &Transaction, address: &SavedAddress) -> Result<(), Fault> {
    tx.run(
        "UPDATE address_books SET \
           default_shipping = CASE WHEN $4 THEN $3 WHEN default_shipping = $3 THEN NULL ELSE default_shipping END, \
           default_billing = CASE WHEN $5 THEN $3 WHEN default_billing = $3 THEN NULL ELSE default_billing END \
         WHERE tenant_id = $1 AND user_id = $2",
        [
            address.user.uuid().into(),
            address.id.uuid().into(),
            address.default_shipping.into(),
            address.default_billing.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Deletes an address. False when there is none.
pub async fn delete(tx: &Transaction, user: UserId, id: SavedAddressId) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "DELETE FROM saved_addresses WHERE tenant_id = $1 AND user_id = $2 AND id = $3",
            [user.uuid().into(), id.uuid().into()],
        )
        .await?;
    if touched == 0 {
        return Ok(false);
    }
    tx.run(
        "UPDATE address_books SET size = size - 1, \
           default_shipping = CASE WHEN default_shipping = $3 THEN NULL ELSE default_shipping END, \
           default_billing = CASE WHEN default_billing = $3 THEN NULL ELSE default_billing END \
         WHERE tenant_id = $1 AND user_id = $2",
        [user.uuid().into(), id.uuid().into()],
    )
    .await?;
    Ok(true)
}
