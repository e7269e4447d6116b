//! What hosted services are sorted by.

use catalog_model::hosting::category::ServiceCategory;
use database::column::word;
use database::{Scoped, Transaction};
use kernel::{Fault, ServiceCategoryId, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// The unique key on the slug, as faults name it.
pub const UNIQUE_SLUG: &str = "service_categories(slug)";

/// How many are read at most: they are few.
const MOST: i64 = 1_000;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    slug: String,
    name: String,
    description: String,
    position: i64,
    status: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

const SELECT: &str = "SELECT id, slug, name, description, position, status, version, created_at, updated_at \
     FROM service_categories WHERE tenant_id = $1";

fn read(row: Row) -> Result<ServiceCategory, Fault> {
    Ok(ServiceCategory {
        id: ServiceCategoryId::from_uuid(row.id),
        slug: row.slug,
        name: row.name,
        description: row.description,
        position: row.position,
        status: word("service_categories.status", &row.status)?,
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// All of them, in order of position and name.
pub async fn all(db: &Scoped) -> Result<Vec<ServiceCategory>, Fault> {
    let rows: Vec<Row> = db
        .all(
            &format!("{SELECT} ORDER BY position, name, id LIMIT $2"),
            [MOST.into()],
        )
        .await?;
    rows.into_iter().map(read).collect()
}

/// One of them.
pub async fn find(db: &Scoped, id: ServiceCategoryId) -> Result<Option<ServiceCategory>, Fault> {
    let row: Option<Row> = db
        .one(&format!("{SELECT} AND id = $2"), [id.uuid().into()])
        .await?;
    row.map(read).transpose()
}

/// Adds one.
pub async fn insert(tx: &Transaction, new: &ServiceCategory) -> Result<(), Fault> {
    let status: &'static str = new.status.into();
    tx.run(
        "INSERT INTO service_categories (tenant_id, id, slug, name, description, position, status, version, created_at, \
           updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            new.id.uuid().into(),
            new.slug.clone().into(),
            new.name.clone().into(),
            new.description.clone().into(),
            new.position.into(),
            status.into(),
            new.version.into(),
            new.created_at.micros().into(),
            new.updated_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes one, if the stored version is still the one before.
pub async fn update(tx: &Transaction, changed: &ServiceCategory) -> Result<bool, Fault> {
    let status: &'static str = changed.status.into();
    let touched = tx
        .run(
            "UPDATE service_categories SET slug = $2, name = $3, description = $4, position = $5, status = $6, \
                    version = $7, updated_at = $8 WHERE tenant_id = $1 AND id = $9 AND version = $7 - 1",
            [
                changed.slug.clone().into(),
                changed.name.clone().into(),
                changed.description.clone().into(),
                changed.position.into(),
                status.into(),
                changed.version.into(),
                changed.updated_at.micros().into(),
                changed.id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}
