//! Tenants and their hosts.

use accounts_model::tenant::{Tenant, TenantSettings};
use database::column::{Stored, to_json, word};
use database::{Scoped, SystemTransaction, Transaction};
use kernel::{Fault, TenantId, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

/// The unique keys, as faults name them.
pub const UNIQUE_SLUG: &str = "tenants(slug)";
/// The key of hosts: SQLite names its column, PostgreSQL its index.
pub const UNIQUE_HOST: [&str; 2] = ["tenant_hosts(host)", "tenant_hosts_pkey"];

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    slug: String,
    name: String,
    status: String,
    is_default: bool,
    settings: Stored<TenantSettings>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

#[derive(FromQueryResult)]
struct HostRow {
    host: String,
    tenant_id: Uuid,
}

const COLUMNS: &str =
    "id, slug, name, status, is_default, settings, version, created_at, updated_at";

fn tenant(row: Row, hosts: Vec<String>) -> Result<Tenant, Fault> {
    Ok(Tenant {
        id: TenantId::from_uuid(row.id),
        slug: row.slug,
        name: row.name,
        status: word("tenants.status", &row.status)?,
        is_default: row.is_default,
        settings: row.settings.0,
        hosts,
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// All tenants with their hosts, oldest first. There are few: they are kept in
/// memory as a directory.
pub async fn all(tx: &SystemTransaction) -> Result<Vec<Tenant>, Fault> {
    let rows: Vec<Row> = tx
        .all(&format!("SELECT {COLUMNS} FROM tenants ORDER BY id"), [])
        .await?;
    let hosts: Vec<HostRow> = tx
        .all("SELECT host, tenant_id FROM tenant_hosts ORDER BY host", [])
        .await?;
    rows.into_iter()
        .map(|row| {
            let own = hosts
                .iter()
                .filter(|host| host.tenant_id == row.id)
                .map(|host| host.host.clone())
                .collect();
            tenant(row, own)
        })
        .collect()
}

/// The tenant of the scope.
pub async fn own(db: &Scoped) -> Result<Tenant, Fault> {
    let row: Option<Row> = db
        .one(&format!("SELECT {COLUMNS} FROM tenants WHERE id = $1"), [])
        .await?;
    let hosts: Vec<HostRow> = db
        .all(
            "SELECT host, tenant_id FROM tenant_hosts WHERE tenant_id = $1 ORDER BY host",
            [],
        )
        .await?;
    let row = row.ok_or_else(|| Fault::permanent("the tenant of the scope is not stored"))?;
    tenant(row, hosts.into_iter().map(|host| host.host).collect())
}

/// Adds a tenant, without hosts.
pub async fn insert(tx: &Transaction, tenant: &Tenant) -> Result<(), Fault> {
    let status: &'static str = tenant.status.into();
    tx.run_as_system(
        "INSERT INTO tenants (id, slug, name, status, is_default, settings, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            tenant.id.uuid().into(),
            tenant.slug.clone().into(),
            tenant.name.clone().into(),
            status.into(),
            tenant.is_default.into(),
            to_json(&tenant.settings).into(),
            tenant.version.into(),
            tenant.created_at.micros().into(),
            tenant.updated_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Adds the default tenant unless there is one. False when there was.
pub async fn insert_default(tx: &SystemTransaction, tenant: &Tenant) -> Result<bool, Fault> {
    let status: &'static str = tenant.status.into();
    let inserted = tx
        .run(
            "INSERT INTO tenants (id, slug, name, status, is_default, settings, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            [
                tenant.id.uuid().into(),
                tenant.slug.clone().into(),
                tenant.name.clone().into(),
                status.into(),
                true.into(),
                to_json(&tenant.settings).into(),
                tenant.version.into(),
                tenant.created_at.micros().into(),
                tenant.updated_at.micros().into(),
            ],
        )
        .await?;
    Ok(inserted == 1)
}

/// Writes name, slug and status, if the stored version is still the one
/// before.
pub async fn update(tx: &Transaction, tenant: &Tenant) -> Result<bool, Fault> {
    let status: &'static str = tenant.status.into();
    let changed = tx
        .run_as_system(
            "UPDATE tenants SET slug = $1, name = $2, status = $3, version = $4, updated_at = $5 \
             WHERE id = $6 AND version = $4 - 1",
            [
                tenant.slug.clone().into(),
                tenant.name.clone().into(),
                status.into(),
                tenant.version.into(),
                tenant.updated_at.micros().into(),
                tenant.id.uuid().into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Replaces the hosts of a tenant.
pub async fn set_hosts(
    tx: &Transaction,
    id: TenantId,
    hosts: &[String],
    now: Timestamp,
) -> Result<(), Fault> {
    tx.run_as_system(
        "DELETE FROM tenant_hosts WHERE tenant_id = $1",
        [id.uuid().into()],
    )
    .await?;
    for host in hosts {
        tx.run_as_system(
            "INSERT INTO tenant_hosts (host, tenant_id, created_at) VALUES ($1, $2, $3)",
            [host.clone().into(), id.uuid().into(), now.micros().into()],
        )
        .await?;
    }
    Ok(())
}

/// Writes the settings and the name of the scope's tenant, if the stored
/// version is still the one before.
pub async fn update_settings(
    tx: &Transaction,
    name: &str,
    settings: &TenantSettings,
    version: i64,
    now: Timestamp,
) -> Result<bool, Fault> {
    let changed = tx
        .run(
            "UPDATE tenants SET name = $2, settings = $3, version = $4, updated_at = $5 \
             WHERE id = $1 AND version = $4 - 1",
            [
                name.into(),
                to_json(settings).into(),
                version.into(),
                now.micros().into(),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Locks the scope's tenant until the transaction ends, for changes that must
/// see each other, such as moves in a tree. On SQLite there is one writer
/// anyway.
pub async fn lock(tx: &Transaction) -> Result<(), Fault> {
    if tx.backend() == database::Backend::Postgres {
        tx.run("SELECT id FROM tenants WHERE id = $1 FOR UPDATE", [])
            .await?;
    }
    Ok(())
}
