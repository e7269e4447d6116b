//! The clusters of a tenant.

use clusters_model::cluster::{Cluster, Health, MAX_CLUSTERS};
use database::{OrFault as _, Scoped, Transaction};
use kernel::{ClusterId, Fault, Page, PageRequest};
use sea_orm::FromQueryResult as _;

use crate::rows::{CLUSTER, ClusterRow, Count};

/// The unique key on the name, as faults name it.
pub const UNIQUE_NAME: &str = "clusters(name)";

/// A page, newest first.
pub async fn list(
    db: &Scoped,
    page: PageRequest<ClusterId>,
) -> Result<Page<Cluster, ClusterId>, Fault> {
    let rows: Vec<ClusterRow> = db
        .all(
            &format!(
                "SELECT {CLUSTER} FROM clusters c WHERE c.tenant_id = $1 AND ($2 IS NULL OR c.id < $2) \
                 ORDER BY c.id DESC LIMIT $3"
            ),
            [
                page.after.map(ClusterId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let found = read(rows)?;
    Ok(Page::from_rows(found, page.limit, |one| one.id))
}

/// All of them, or that one, oldest first.
pub async fn all(db: &Scoped, only: Option<ClusterId>) -> Result<Vec<Cluster>, Fault> {
    let rows: Vec<ClusterRow> = match only {
        None => {
            let sql =
                format!("SELECT {CLUSTER} FROM clusters c WHERE c.tenant_id = $1 ORDER BY c.id");
            db.all(&sql, []).await?
        }
        Some(id) => {
            let sql =
                format!("SELECT {CLUSTER} FROM clusters c WHERE c.tenant_id = $1 AND c.id = $2");
            db.all(&sql, [id.uuid().into()]).await?
        }
    };
    read(rows)
}

fn read(rows: Vec<ClusterRow>) -> Result<Vec<Cluster>, Fault> {
    rows.into_iter().map(Cluster::try_from).collect()
}

/// One.
pub async fn find(db: &Scoped, id: ClusterId) -> Result<Option<Cluster>, Fault> {
    Ok(all(db, Some(id)).await?.into_iter().next())
}

/// All of them, or that one, oldest first, each with how it is got into,
/// sealed.
pub async fn with_access(
    db: &Scoped,
    only: Option<ClusterId>,
) -> Result<Vec<(Cluster, Vec<u8>)>, Fault> {
    let sql = format!(
        "SELECT {CLUSTER}, c.access FROM clusters c WHERE c.tenant_id = $1 AND ($2 IS NULL OR c.id = $2) ORDER BY c.id"
    );
    let rows = db.rows(&sql, [only.map(ClusterId::uuid).into()]).await?;
    rows.iter()
        .map(|row| {
            let cluster = ClusterRow::from_query_result(row, "").or_fault()?;
            let sealed = row.try_get("", "access").or_fault()?;
            Ok((Cluster::try_from(cluster)?, sealed))
        })
        .collect()
}

/// How many there are.
pub async fn count(db: &Scoped) -> Result<i64, Fault> {
    let row: Option<Count> = db
        .one(
            "SELECT count(*) AS number FROM clusters WHERE tenant_id = $1",
            [],
        )
        .await?;
    Ok(row.map_or(0, |row| row.number))
}

/// Adds one in the first slot that is free. Whether it was added: not when
/// there is none, or somebody took it at the same moment.
pub async fn insert(tx: &Transaction, new: &Cluster, sealed: Vec<u8>) -> Result<bool, Fault> {
    let kind: &'static str = new.access.into();
    let touched = tx
        .run(
            "INSERT INTO clusters (tenant_id, id, name, slot, access_kind, server, access, accepts_instances, instances, \
             reserved_cpu_milli, reserved_memory_bytes, version, created_at, updated_at) \
             SELECT $1, $2, $3, free.slot, $4, $5, $6, $7, 0, 0, 0, $8, $9, $10 FROM \
             (SELECT CASE WHEN EXISTS (SELECT 1 FROM clusters a WHERE a.tenant_id = $1 AND a.slot = 1) \
               THEN (SELECT min(b.slot) + 1 FROM clusters b WHERE b.tenant_id = $1 \
                 AND NOT EXISTS (SELECT 1 FROM clusters c WHERE c.tenant_id = $1 AND c.slot = b.slot + 1)) \
               ELSE 1 END AS slot) free WHERE free.slot <= $11 \
             ON CONFLICT (tenant_id, slot) DO NOTHING",
            [
                new.id.uuid().into(),
                new.name.clone().into(),
                kind.into(),
                new.server.clone().into(),
                sealed.into(),
                new.accepts_instances.into(),
                new.version.into(),
                new.created_at.micros().into(),
                new.updated_at.micros().into(),
                MAX_CLUSTERS.into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Writes what administrators say about one, if the stored version is still
/// the one before.
pub async fn update(
    tx: &Transaction,
    changed: &Cluster,
    sealed: Option<Vec<u8>>,
) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE clusters SET name = $2, server = $3, accepts_instances = $4, version = $5, updated_at = $6, \
             access = COALESCE($7, access), reachable = CASE WHEN $7 IS NULL THEN reachable END WHERE tenant_id = $1 AND id = $8 AND version = $5 - 1",
            [
                changed.name.clone().into(),
                changed.server.clone().into(),
                changed.accepts_instances.into(),
                changed.version.into(),
                changed.updated_at.micros().into(),
                sealed.into(),
                changed.id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Writes how one is, unless it is gone or the way into it is another one by
/// now.
pub async fn note_health(
    tx: &Transaction,
    id: ClusterId,
    version: i64,
    health: &Health,
) -> Result<bool, Fault> {
    let report = health.report.as_ref();
    let touched = tx
        .run(
            "UPDATE clusters SET reachable = $2, trouble = $3, checked_at = $4, seen_at = $5, kubernetes_version = $6, \
             nodes = $7, cpu_milli = $8, memory_bytes = $9 WHERE tenant_id = $1 AND id = $10 AND version = $11",
            [
                health.reachable.into(),
                health.trouble.clone().into(),
                health.checked_at.map(kernel::Timestamp::micros).into(),
                health.seen_at.map(kernel::Timestamp::micros).into(),
                report.map(|report| report.version.clone()).into(),
                report.map(|report| report.nodes).into(),
                report.map(|report| report.cpu_milli).into(),
                report.map(|report| report.memory_bytes).into(),
                id.uuid().into(),
                version.into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Deletes one that has that version and no instances.
pub async fn delete_unused(tx: &Transaction, id: ClusterId, version: i64) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "DELETE FROM clusters WHERE tenant_id = $1 AND id = $2 AND version = $3 AND instances = 0",
            [id.uuid().into(), version.into()],
        )
        .await?;
    Ok(touched == 1)
}
