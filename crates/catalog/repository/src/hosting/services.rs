//! Hosted services.

use std::sync::LazyLock;

use catalog_model::hosting::service::{Service, ServiceRef, ServiceStatus};
use catalog_model::hosting::template::ServiceTemplate;
use database::column::{Stored, to_json, word};
use database::{Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, ServiceCategoryId, ServiceId, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// The unique key on the slug, as faults name it.
pub const UNIQUE_SLUG: &str = "services(slug)";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    category_id: Option<Uuid>,
    slug: String,
    name: String,
    description: String,
    status: String,
    template: Stored<ServiceTemplate>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

const SELECT: &str = "SELECT s.id, s.category_id, s.slug, s.name, s.description, s.status, s.template, s.version, \
            s.created_at, s.updated_at FROM services s WHERE s.tenant_id = $1";

/// The group of a service that is shown is shown, too.
const SHOWN: &str = "s.status = 'active' AND NOT EXISTS (SELECT 1 FROM service_categories c \
     WHERE c.tenant_id = $1 AND c.id = s.category_id AND c.status <> 'active')";

fn read(row: Row) -> Result<Service, Fault> {
    Ok(Service {
        id: ServiceId::from_uuid(row.id),
        category: row.category_id.map(ServiceCategoryId::from_uuid),
        slug: row.slug,
        name: row.name,
        description: row.description,
        status: word("services.status", &row.status)?,
        template: row.template.0,
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// Which services to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of that status.
    pub status: Option<ServiceStatus>,
    /// Only those of a group, by its slug.
    pub category: Option<String>,
    /// Only those that the public sees.
    pub shown: bool,
}

/// Services, newest first.
pub async fn list(
    db: &Scoped,
    filter: &Filter,
    page: PageRequest<ServiceId>,
) -> Result<Page<Service, ServiceId>, Fault> {
    static LIST: LazyLock<String> = LazyLock::new(|| {
        format!(
            "{SELECT} AND ($2 IS NULL OR s.status = $2) AND ($3 IS NULL OR s.category_id = \
               (SELECT k.id FROM service_categories k WHERE k.tenant_id = $1 AND k.slug = $3)) \
             AND ($4 = 0 OR ({SHOWN})) AND ($5 IS NULL OR s.id < $5) ORDER BY s.id DESC LIMIT $6"
        )
    });
    let status = filter.status.map(<&'static str>::from);
    let rows: Vec<Row> = db
        .all(
            &LIST,
            [
                status.into(),
                filter.category.clone().into(),
                i64::from(filter.shown).into(),
                page.after.map(ServiceId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let all: Result<Vec<Service>, Fault> = rows.into_iter().map(read).collect();
    Ok(Page::from_rows(all?, page.limit, |one| one.id))
}

/// One service.
pub async fn find(db: &Scoped, id: ServiceId) -> Result<Option<Service>, Fault> {
    let row: Option<Row> = db
        .one(&format!("{SELECT} AND s.id = $2"), [id.uuid().into()])
        .await?;
    row.map(read).transpose()
}

/// One service that nobody edits until the transaction ends.
pub async fn share(tx: &Transaction, id: ServiceId) -> Result<Option<Service>, Fault> {
    let sql = format!("{SELECT} AND s.id = $2{}", super::shared(tx));
    let row: Option<Row> = tx.one(&sql, [id.uuid().into()]).await?;
    row.map(read).transpose()
}

/// One service that the public sees.
pub async fn shown(db: &Scoped, which: &ServiceRef) -> Result<Option<Service>, Fault> {
    let (column, value) = match which {
        ServiceRef::Id(id) => ("id", id.uuid().into()),
        ServiceRef::Slug(slug) => ("slug", slug.clone().into()),
    };
    let sql = format!("{SELECT} AND s.{column} = $2 AND {SHOWN}");
    let row: Option<Row> = db.one(&sql, [value]).await?;
    row.map(read).transpose()
}

/// Adds a service.
pub async fn insert(tx: &Transaction, new: &Service) -> Result<(), Fault> {
    let status: &'static str = new.status.into();
    tx.run(
        "INSERT INTO services (tenant_id, id, category_id, slug, name, description, status, template, version, created_at, \
           updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            new.id.uuid().into(),
            new.category.map(ServiceCategoryId::uuid).into(),
            new.slug.clone().into(),
            new.name.clone().into(),
            new.description.clone().into(),
            status.into(),
            to_json(&new.template).into(),
            new.version.into(),
            new.created_at.micros().into(),
            new.updated_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes a service, if the stored version is still the one before.
pub async fn update(tx: &Transaction, changed: &Service) -> Result<bool, Fault> {
    let status: &'static str = changed.status.into();
    let touched = tx
        .run(
            "UPDATE services SET category_id = $2, slug = $3, name = $4, description = $5, status = $6, template = $7, \
                    version = $8, updated_at = $9 WHERE tenant_id = $1 AND id = $10 AND version = $8 - 1",
            [
                changed.category.map(ServiceCategoryId::uuid).into(),
                changed.slug.clone().into(),
                changed.name.clone().into(),
                changed.description.clone().into(),
                status.into(),
                to_json(&changed.template).into(),
                changed.version.into(),
                changed.updated_at.micros().into(),
                changed.id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}
