//! What runs for customers.

use clusters_model::instance::{Instance, InstanceStatus, Next};
use clusters_model::template::Template;
use database::column::{Stored, to_json};
use database::{Conditions, Scoped, Transaction};
use kernel::{ClusterId, Fault, InstanceId, Page, PageRequest, Timestamp, UserId};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::rows::{INSTANCE, InstanceRow, Sealed};

/// Which instances.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of that user.
    pub owner: Option<UserId>,
    /// Only those of that cluster.
    pub cluster: Option<ClusterId>,
    /// Only those in that state.
    pub status: Option<InstanceStatus>,
    /// Only that of that subscription.
    pub subscription: Option<String>,
}

/// A page, newest first.
pub async fn list(
    db: &Scoped,
    filter: &Filter,
    page: PageRequest<InstanceId>,
) -> Result<Page<Instance, InstanceId>, Fault> {
    let mut conditions = Conditions::of_tenant("i.tenant_id");
    conditions.add_if("i.user_id = ?", filter.owner.map(UserId::uuid));
    conditions.add_if("i.cluster_id = ?", filter.cluster.map(ClusterId::uuid));
    conditions.add_if("i.status = ?", filter.status.map(<&'static str>::from));
    conditions.add_if("i.subscription = ?", filter.subscription.clone());
    conditions.add_if("i.id < ?", page.after.map(InstanceId::uuid));
    let limit = conditions.bind(i64::try_from(page.limit + 1).unwrap_or(i64::MAX));
    let (wanted, values) = conditions.into_parts();
    let sql = format!(
        "SELECT {INSTANCE} FROM service_instances i WHERE {wanted} ORDER BY i.id DESC LIMIT {limit}"
    );
    let rows: Vec<InstanceRow> = db.all(&sql, values).await?;
    let found = rows
        .into_iter()
        .map(Instance::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(found, page.limit, |one| one.id))
}

/// One.
pub async fn find(db: &Scoped, id: InstanceId) -> Result<Option<Instance>, Fault> {
    let sql =
        format!("SELECT {INSTANCE} FROM service_instances i WHERE i.tenant_id = $1 AND i.id = $2");
    let row: Option<InstanceRow> = db.one(&sql, [id.uuid().into()]).await?;
    row.map(Instance::try_from).transpose()
}

/// That of a subscription.
pub async fn of_subscription(db: &Scoped, subscription: &str) -> Result<Option<Instance>, Fault> {
    let sql = format!(
        "SELECT {INSTANCE} FROM service_instances i WHERE i.tenant_id = $1 AND i.subscription = $2"
    );
    let row: Option<InstanceRow> = db.one(&sql, [subscription.into()]).await?;
    row.map(Instance::try_from).transpose()
}

#[derive(FromQueryResult)]
struct SubscriptionRow {
    subscription: String,
}

/// The subscriptions for which something of a person's is to be somewhere.
pub async fn living(db: &Scoped, owner: UserId) -> Result<Vec<String>, Fault> {
    let rows: Vec<SubscriptionRow> = db
        .all(
            "SELECT subscription FROM service_instances \
             WHERE tenant_id = $1 AND user_id = $2 AND status NOT IN ('terminating', 'terminated') ORDER BY id",
            [owner.uuid().into()],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.subscription).collect())
}

#[derive(FromQueryResult)]
struct TemplateRow {
    template: Stored<Template>,
}

/// What of a person's is to be in a cluster.
pub async fn templates_at(
    db: &Scoped,
    cluster: ClusterId,
    owner: UserId,
) -> Result<Vec<Template>, Fault> {
    let rows: Vec<TemplateRow> = db
        .all(
            "SELECT template FROM service_instances \
             WHERE tenant_id = $1 AND cluster_id = $2 AND user_id = $3 AND status NOT IN ('terminating', 'terminated')",
            [cluster.uuid().into(), owner.uuid().into()],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.template.0).collect())
}

/// Adds one, unless its subscription has one; whether it was added.
pub async fn insert(
    tx: &Transaction,
    new: &Instance,
    sealed: Option<Vec<u8>>,
    next_at: Timestamp,
) -> Result<bool, Fault> {
    let (provisioner, status): (&'static str, &'static str) =
        (new.provisioner.into(), new.status.into());
    let touched = tx
        .run(
            "INSERT INTO service_instances (tenant_id, id, subscription, user_id, name, provisioner, template, \
             reserved_cpu_milli, reserved_memory_bytes, status, stopped, suspended, restarts, failures, has_credentials, \
             credentials, wished_at, status_at, next_at, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9, $9, 0, 0, $10, $11, $12, $12, $13, 1, $12, $12) \
             ON CONFLICT (tenant_id, subscription) DO NOTHING",
            [
                new.id.uuid().into(),
                new.subscription.clone().into(),
                new.owner.uuid().into(),
                new.name.clone().into(),
                provisioner.into(),
                to_json(&new.template).into(),
                status.into(),
                false.into(),
                sealed.is_some().into(),
                sealed.into(),
                new.created_at.micros().into(),
                next_at.micros().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// The sealed secrets of an instance; none when they are not kept.
pub async fn sealed_credentials(db: &Scoped, id: InstanceId) -> Result<Option<Vec<u8>>, Fault> {
    let row: Option<Sealed> = db
        .one(
            "SELECT credentials AS sealed FROM service_instances WHERE tenant_id = $1 AND id = $2",
            [id.uuid().into()],
        )
        .await?;
    Ok(row.and_then(|row| row.sealed))
}

/// Forgets the secrets of an instance that has worked, as they are shown;
/// whether they were there until now.
pub async fn forget_credentials(
    tx: &Transaction,
    id: InstanceId,
    owner: UserId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE service_instances SET credentials = NULL, credentials_shown_at = $2 \
             WHERE tenant_id = $1 AND id = $3 AND user_id = $4 AND credentials IS NOT NULL AND ran_at IS NOT NULL",
            [now.micros().into(), id.uuid().into(), owner.uuid().into()],
        )
        .await?;
    Ok(touched == 1)
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

/// Those that should have been looked at by then and that nobody looks at, the
/// longest due first.
pub async fn overdue(db: &Scoped, by: Timestamp, limit: i64) -> Result<Vec<InstanceId>, Fault> {
    let rows: Vec<IdRow> = db
        .all(
            "SELECT id FROM service_instances WHERE tenant_id = $1 AND next_at <= $2 \
             AND (looked_until IS NULL OR looked_until <= $2) ORDER BY next_at, id LIMIT $3",
            [by.micros().into(), limit.into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| InstanceId::from_uuid(row.id))
        .collect())
}

/// Takes an instance that is due for a look, until then; whether nobody else
/// has it. What is wished of it in the meantime does not end the look.
pub async fn take(
    tx: &Transaction,
    id: InstanceId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE service_instances SET looked_until = $2 WHERE tenant_id = $1 AND id = $3 AND next_at <= $4 \
             AND (looked_until IS NULL OR looked_until <= $4)",
            [
                until.micros().into(),
                id.uuid().into(),
                now.micros().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Ends a look that was taken until then, and writes what was found out, if
/// nobody wished for anything else in the meantime.
pub async fn note(
    tx: &Transaction,
    before: &Instance,
    until: Timestamp,
    next: &Next,
    now: Timestamp,
) -> Result<bool, Fault> {
    let status: &'static str = next.status.into();
    let next_at = next.after.map(|after| now.plus(after).micros());
    let is_over = next.status == InstanceStatus::Terminated;
    let touched = tx
        .run(
            "UPDATE service_instances SET status = $2, reason = $3, trouble = $10, failures = $11, \
             status_at = CASE WHEN status = $2 THEN status_at ELSE $4 END, updated_at = $4, next_at = $5, \
             looked_until = NULL, ran_at = CASE WHEN $2 = 'running' THEN COALESCE(ran_at, $4) ELSE ran_at END, \
             cluster_id = CASE WHEN $6 THEN NULL ELSE cluster_id END, \
             credentials = CASE WHEN $6 THEN NULL ELSE credentials END \
             WHERE tenant_id = $1 AND id = $7 AND version = $8 AND status = $9 AND looked_until = $12",
            [
                status.into(),
                next.reason.clone().into(),
                now.micros().into(),
                next_at.into(),
                is_over.into(),
                before.id.uuid().into(),
                before.version.into(),
                <&'static str>::from(before.status).into(),
                next.trouble.clone().into(),
                next.failures.into(),
                until.micros().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Ends a look that was taken until then, and lets the instance be looked at
/// again at once.
pub async fn hurry(
    tx: &Transaction,
    id: InstanceId,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.run(
        "UPDATE service_instances SET next_at = $2, looked_until = NULL \
         WHERE tenant_id = $1 AND id = $3 AND looked_until = $4",
        [now.micros().into(), id.uuid().into(), until.micros().into()],
    )
    .await
    .map(|_| ())
}

/// Lets all instances of a cluster be looked at again soon.
pub async fn hurry_all(tx: &Transaction, cluster: ClusterId, now: Timestamp) -> Result<(), Fault> {
    tx.run(
        "UPDATE service_instances SET next_at = $2 WHERE tenant_id = $1 AND cluster_id = $3",
        [now.micros().into(), cluster.uuid().into()],
    )
    .await
    .map(|_| ())
}
