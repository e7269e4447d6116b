//! Quotas.

use std::sync::LazyLock;

use credits_model::quota::{Health, Quota, QuotaProof};
use database::{Backend, Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, PlanId, QuotaId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    plan_id: Uuid,
    total: Option<i64>,
    used: i64,
    warning_percent: i64,
    critical_percent: i64,
    waiting: i64,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

/// What a quota itself has.
const OWN: &str = "quotas.id, quotas.plan_id, quotas.total, quotas.used, quotas.warning_percent, quotas.critical_percent, \
     quotas.version, quotas.created_at, quotas.updated_at";

/// How many wait for it.
const WAITING: &str = "(SELECT count(*) FROM quota_waiters w WHERE w.tenant_id = $1 AND w.quota_id = quotas.id \
     AND w.status = 'waiting') AS waiting";

/// The health of a quota, as [`Quota::health`] has it.
const HEALTH: &str = "CASE WHEN quotas.total IS NULL THEN 'ok' WHEN quotas.used >= quotas.total THEN 'exhausted' \
     WHEN quotas.used * 100 >= quotas.total * quotas.critical_percent THEN 'critical' \
     WHEN quotas.used * 100 >= quotas.total * quotas.warning_percent THEN 'warning' ELSE 'ok' END";

fn read(row: &Row) -> Quota {
    Quota {
        id: QuotaId::from_uuid(row.id),
        plan: PlanId::from_uuid(row.plan_id),
        total: row.total,
        used: row.used,
        warning_percent: row.warning_percent,
        critical_percent: row.critical_percent,
        waiting: row.waiting,
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    }
}

/// Which quotas to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only those that are like that.
    pub health: Option<Health>,
    /// Only that of a plan.
    pub plan: Option<PlanId>,
}

/// Quotas, newest first.
pub async fn list(
    db: &Scoped,
    filter: Filter,
    page: PageRequest<QuotaId>,
) -> Result<Page<Quota, QuotaId>, Fault> {
    static LIST: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {OWN}, {WAITING} FROM quotas WHERE quotas.tenant_id = $1 AND ($2 IS NULL OR {HEALTH} = $2) \
             AND ($3 IS NULL OR quotas.plan_id = $3) AND ($4 IS NULL OR quotas.id < $4) ORDER BY quotas.id DESC LIMIT $5"
        )
    });
    let health = filter.health.map(<&'static str>::from);
    let rows: Vec<Row> = db
        .all(
            &LIST,
            [
                health.into(),
                filter.plan.map(PlanId::uuid).into(),
                page.after.map(QuotaId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let all = rows.iter().map(read).collect();
    Ok(Page::from_rows(all, page.limit, |one: &Quota| one.id))
}

/// One quota.
pub async fn find(db: &Scoped, id: QuotaId) -> Result<Option<Quota>, Fault> {
    let sql = format!(
        "SELECT {OWN}, {WAITING} FROM quotas WHERE quotas.tenant_id = $1 AND quotas.id = $2"
    );
    let row: Option<Row> = db.one(&sql, [id.uuid().into()]).await?;
    Ok(row.as_ref().map(read))
}

/// The quotas of some plans.
pub async fn of(db: &Scoped, plans: &[PlanId]) -> Result<Vec<Quota>, Fault> {
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..plans.len()).map(|n| format!("${}", n + 2)).collect();
    let sql = format!(
        "SELECT {OWN}, {WAITING} FROM quotas WHERE quotas.tenant_id = $1 AND quotas.plan_id IN ({})",
        places.join(", ")
    );
    let values: Vec<Value> = plans.iter().map(|id| id.uuid().into()).collect();
    let rows: Vec<Row> = db.all(&sql, values).await?;
    Ok(rows.iter().map(read).collect())
}

/// One quota that nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: QuotaId) -> Result<Option<Quota>, Fault> {
    if tx.backend() == Backend::Postgres {
        tx.run(
            "SELECT 1 FROM quotas WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE",
            [id.uuid().into()],
        )
        .await?;
    }
    find(tx, id).await
}

/// Adds a quota.
pub async fn insert(tx: &Transaction, new: &Quota) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO quotas (tenant_id, id, plan_id, total, used, ceiling, warning_percent, critical_percent, last_place, \
           version, created_at, updated_at) VALUES ($1, $2, $3, $4, 0, $4, $5, $6, 0, $7, $8, $9)",
        [
            new.id.uuid().into(),
            new.plan.uuid().into(),
            new.total.into(),
            new.warning_percent.into(),
            new.critical_percent.into(),
            new.version.into(),
            new.created_at.micros().into(),
            new.updated_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes what is set of a quota, if the stored version is still the one
/// before. What is given stays given.
pub async fn update(tx: &Transaction, changed: &Quota) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE quotas SET total = $2, ceiling = CASE WHEN used > $2 THEN used ELSE $2 END, warning_percent = $3, \
                    critical_percent = $4, version = $5, updated_at = $6 \
             WHERE tenant_id = $1 AND id = $7 AND version = $5 - 1",
            [
                changed.total.into(),
                changed.warning_percent.into(),
                changed.critical_percent.into(),
                changed.version.into(),
                changed.updated_at.micros().into(),
                changed.id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// Gives units of the quota of a plan, if there are so many; the quota then.
/// Who waits for it is not counted: nobody is told of what is given.
pub async fn give(
    tx: &Transaction,
    plan: PlanId,
    units: i64,
    now: Timestamp,
) -> Result<Option<Quota>, Fault> {
    static GIVE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "UPDATE quotas SET used = used + $2, updated_at = $3 \
             WHERE quotas.tenant_id = $1 AND quotas.plan_id = $4 \
               AND (quotas.total IS NULL OR quotas.used + $2 <= quotas.total) \
             RETURNING {OWN}, CAST(0 AS bigint) AS waiting"
        )
    });
    let row: Option<Row> = tx
        .one(
            &GIVE,
            [units.into(), now.micros().into(), plan.uuid().into()],
        )
        .await?;
    Ok(row.as_ref().map(read))
}

/// Takes units back; the quota then. What was given beyond a lowered total
/// cannot be given again.
pub async fn take_back(
    tx: &Transaction,
    quota: QuotaId,
    units: i64,
    now: Timestamp,
) -> Result<Option<Quota>, Fault> {
    static TAKE: LazyLock<String> = LazyLock::new(|| {
        format!(
            "UPDATE quotas SET used = used - $2, \
                    ceiling = CASE WHEN used - $2 > total THEN used - $2 ELSE total END, updated_at = $3 \
             WHERE quotas.tenant_id = $1 AND quotas.id = $4 AND quotas.used >= $2 RETURNING {OWN}, {WAITING}"
        )
    });
    let row: Option<Row> = tx
        .one(
            &TAKE,
            [units.into(), now.micros().into(), quota.uuid().into()],
        )
        .await?;
    Ok(row.as_ref().map(read))
}

/// Puts right what is cached of a locked quota.
pub async fn mend(tx: &Transaction, proof: &QuotaProof, now: Timestamp) -> Result<(), Fault> {
    tx.run(
        "UPDATE quotas SET used = $2, ceiling = CASE WHEN $2 > total THEN $2 ELSE total END, updated_at = $3 \
         WHERE tenant_id = $1 AND id = $4",
        [
            proof.allocated.into(),
            now.micros().into(),
            proof.quota.uuid().into(),
        ],
    )
    .await
    .map(|_| ())
}

#[derive(FromQueryResult)]
struct ProofRow {
    id: Uuid,
    used: i64,
    allocated: i64,
}

const PROOF: &str = "SELECT quotas.id, quotas.used, (SELECT CAST(COALESCE(sum(a.units), 0) AS bigint) FROM quota_allocations a \
       WHERE a.tenant_id = $1 AND a.quota_id = quotas.id AND a.released_at IS NULL) AS allocated \
     FROM quotas WHERE quotas.tenant_id = $1";

fn read_proof(row: &ProofRow) -> QuotaProof {
    QuotaProof {
        quota: QuotaId::from_uuid(row.id),
        used: row.used,
        allocated: row.allocated,
    }
}

/// What is cached of a quota, and what its live allocations add up to.
pub async fn proof(db: &Scoped, id: QuotaId) -> Result<Option<QuotaProof>, Fault> {
    let sql = format!("{PROOF} AND quotas.id = $2");
    let row: Option<ProofRow> = db.one(&sql, [id.uuid().into()]).await?;
    Ok(row.as_ref().map(read_proof))
}

/// The same of some quotas after one, in order.
pub async fn proofs(
    db: &Scoped,
    after: Option<QuotaId>,
    limit: i64,
) -> Result<Vec<QuotaProof>, Fault> {
    let sql = format!("{PROOF} AND quotas.id > $2 ORDER BY quotas.id LIMIT $3");
    let after = after.map_or(Uuid::nil(), QuotaId::uuid);
    let rows: Vec<ProofRow> = db.all(&sql, [after.into(), limit.into()]).await?;
    Ok(rows.iter().map(read_proof).collect())
}
