//! The category tree.

use catalog_model::category::Category;
use database::{OrFault as _, Scoped, Transaction};
use kernel::{CategoryId, Fault};
use sea_orm::ActiveValue::Set;
use sea_orm::{QueryFilter as _, QueryOrder as _};

use crate::rows::category::{ActiveModel, COLUMN, Column, Entity};

/// The unique key on the slug, as faults name it.
pub const UNIQUE_SLUG: &str = "categories(slug)";

/// All categories, in order of position and name.
pub async fn all(db: &Scoped) -> Result<Vec<Category>, Fault> {
    db.find::<Entity>()
        .order_by_asc(Column::Position)
        .order_by_asc(Column::Name)
        .order_by_asc(Column::Id)
        .all(db)
        .await
        .or_fault()?
        .into_iter()
        .map(Category::try_from)
        .collect()
}

/// One category.
pub async fn find(db: &Scoped, id: CategoryId) -> Result<Option<Category>, Fault> {
    let row = db
        .find::<Entity>()
        .filter(COLUMN.id.eq(id.uuid()))
        .one(db)
        .await
        .or_fault()?;
    row.map(Category::try_from).transpose()
}

fn row(category: &Category) -> ActiveModel {
    let status: &'static str = category.status.into();
    ActiveModel {
        id: Set(category.id.uuid()),
        parent_id: Set(category.parent.map(CategoryId::uuid)),
        slug: Set(category.slug.clone()),
        name: Set(category.name.clone()),
        description: Set(category.description.clone()),
        position: Set(category.position),
        status: Set(status.to_owned()),
        version: Set(category.version),
        created_at: Set(category.created_at.micros()),
        updated_at: Set(category.updated_at.micros()),
        ..Default::default()
    }
}

/// Adds categories.
pub async fn insert(tx: &Transaction, categories: &[Category]) -> Result<(), Fault> {
    tx.insert_many(categories.iter().map(row)).await
}

/// Writes a category, if the stored version is still the one before.
pub async fn update(tx: &Transaction, category: &Category) -> Result<bool, Fault> {
    let status: &'static str = category.status.into();
    let changed = tx
        .run(
            "UPDATE categories SET parent_id = $2, slug = $3, name = $4, description = $5, position = $6, \
                    status = $7, version = $8, updated_at = $9 \
             WHERE tenant_id = $1 AND id = $10 AND version = $8 - 1",
            [
                category.parent.map(CategoryId::uuid).into(),
                category.slug.clone().into(),
                category.name.clone().into(),
                category.description.clone().into(),
                category.position.into(),
                status.into(),
                category.version.into(),
                category.updated_at.micros().into(),
                category.id.uuid().into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Locks the tree until the transaction ends, so that two moves see each
/// other. On SQLite there is one writer anyway.
pub async fn lock_tree(tx: &Transaction) -> Result<(), Fault> {
    if tx.backend() == database::Backend::Postgres {
        tx.run(
            "SELECT pg_advisory_xact_lock(hashtextextended('categories/' || $1::text, 0))",
            [],
        )
        .await?;
    }
    Ok(())
}
