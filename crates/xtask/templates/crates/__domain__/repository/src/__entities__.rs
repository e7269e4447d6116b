//! The __entities_words__ of a tenant.

use __domain___model::__entity__::__Entity__;
use database::{OrFault as _, Scoped, Transaction};
use kernel::{__Entity__Id, Fault, Page, PageRequest};
use sea_orm::ActiveValue::Set;
use sea_orm::{QueryFilter as _, QueryOrder as _, QuerySelect as _};

use crate::rows::__entity__::{ActiveModel, COLUMN, Column, Entity};

/// The unique key on the name, as faults name it.
pub const UNIQUE_NAME: &str = "__entities__(name)";

/// All, newest first.
pub async fn list(
    db: &Scoped,
    page: PageRequest<__Entity__Id>,
) -> Result<Page<__Entity__, __Entity__Id>, Fault> {
    let mut query = db.find::<Entity>();
    if let Some(after) = page.after {
        query = query.filter(COLUMN.id.lt(after.uuid()));
    }
    let rows = query
        .order_by_desc(Column::Id)
        .limit(page.limit + 1)
        .all(db)
        .await
        .or_fault()?;
    let found = rows
        .into_iter()
        .map(__Entity__::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(found, page.limit, |one| one.id))
}

/// One.
pub async fn find(db: &Scoped, id: __Entity__Id) -> Result<Option<__Entity__>, Fault> {
    let row = db
        .find::<Entity>()
        .filter(COLUMN.id.eq(id.uuid()))
        .one(db)
        .await
        .or_fault()?;
    row.map(__Entity__::try_from).transpose()
}

/// Adds one.
pub async fn insert(tx: &Transaction, new: &__Entity__) -> Result<(), Fault> {
    let status: &'static str = new.status.into();
    tx.insert(ActiveModel {
        id: Set(new.id.uuid()),
        name: Set(new.name.clone()),
        status: Set(status.to_owned()),
        version: Set(new.version),
        created_at: Set(new.created_at.micros()),
        updated_at: Set(new.updated_at.micros()),
        ..Default::default()
    })
    .await
}

/// Writes one, if the stored version is still the one before.
pub async fn update(tx: &Transaction, changed: &__Entity__) -> Result<bool, Fault> {
    let status: &'static str = changed.status.into();
    let touched = tx
        .run(
            "UPDATE __entities__ SET name = $2, status = $3, version = $4, updated_at = $5 \
             WHERE tenant_id = $1 AND id = $6 AND version = $4 - 1",
            [
                changed.name.clone().into(),
                status.into(),
                changed.version.into(),
                changed.updated_at.micros().into(),
                changed.id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Deletes one, if it still has that version.
pub async fn delete(tx: &Transaction, id: __Entity__Id, version: i64) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "DELETE FROM __entities__ WHERE tenant_id = $1 AND id = $2 AND version = $3",
            [id.uuid().into(), version.into()],
        )
        .await?;
    Ok(touched == 1)
}
