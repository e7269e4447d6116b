//! Who has units of a quota.

use credits_model::quota::Allocation;
use database::{Conditions, Scoped, Transaction};
use kernel::{AllocationId, Fault, Page, PageRequest, PlanId, QuotaId, Timestamp};
use sea_orm::FromQueryResult;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    quota_id: Uuid,
    reference: String,
    units: i64,
    created_at: i64,
}

fn read(row: Row) -> Allocation {
    Allocation {
        id: AllocationId::from_uuid(row.id),
        quota: QuotaId::from_uuid(row.quota_id),
        reference: row.reference,
        units: row.units,
        created_at: Timestamp::from_micros(row.created_at),
    }
}

const SELECT: &str = "SELECT a.id, a.quota_id, a.reference, a.units, a.created_at FROM quota_allocations a \
     WHERE a.tenant_id = $1 AND a.released_at IS NULL";

/// Notes units of a plan's quota under a name, unless there are some under
/// this name already or the plan has no quota.
pub async fn insert(
    tx: &Transaction,
    id: AllocationId,
    plan: PlanId,
    reference: &str,
    units: i64,
    now: Timestamp,
) -> Result<bool, Fault> {
    let added = tx
        .run(
            "INSERT INTO quota_allocations (tenant_id, id, quota_id, reference, units, created_at) \
             SELECT $1, $2, q.id, $3, $4, $5 FROM quotas q WHERE q.tenant_id = $1 AND q.plan_id = $6 \
             ON CONFLICT DO NOTHING",
            [
                id.uuid().into(),
                reference.into(),
                units.into(),
                now.micros().into(),
                plan.uuid().into(),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// What a name has of a plan's quota.
pub async fn find(db: &Scoped, plan: PlanId, reference: &str) -> Result<Option<Allocation>, Fault> {
    let row: Option<Row> = db
        .one(
            &format!(
                "{SELECT} AND a.reference = $2 AND a.quota_id = \
                   (SELECT q.id FROM quotas q WHERE q.tenant_id = $1 AND q.plan_id = $3)"
            ),
            [reference.into(), plan.uuid().into()],
        )
        .await?;
    Ok(row.map(read))
}

#[derive(FromQueryResult)]
struct Released {
    quota_id: Uuid,
    units: i64,
}

/// Takes away what a name has of a plan's quota: of which quota, how many
/// units. A second caller gets nothing.
pub async fn release(
    tx: &Transaction,
    plan: PlanId,
    reference: &str,
    now: Timestamp,
) -> Result<Option<(QuotaId, i64)>, Fault> {
    let row: Option<Released> = tx
        .one(
            "UPDATE quota_allocations SET released_at = $2 WHERE tenant_id = $1 AND reference = $3 AND released_at IS NULL \
               AND quota_id = (SELECT q.id FROM quotas q WHERE q.tenant_id = $1 AND q.plan_id = $4) \
             RETURNING quota_id, units",
            [now.micros().into(), reference.into(), plan.uuid().into()],
        )
        .await?;
    Ok(row.map(|row| (QuotaId::from_uuid(row.quota_id), row.units)))
}

/// What is given of a quota, newest first.
pub async fn list(
    db: &Scoped,
    quota: QuotaId,
    page: PageRequest<AllocationId>,
) -> Result<Page<Allocation, AllocationId>, Fault> {
    let rows: Vec<Row> = db
        .all(
            &format!(
                "{SELECT} AND a.quota_id = $2 AND ($3 IS NULL OR a.id < $3) ORDER BY a.id DESC LIMIT $4"
            ),
            [
                quota.uuid().into(),
                page.after.map(AllocationId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let all = rows.into_iter().map(read).collect();
    Ok(Page::from_rows(all, page.limit, |one: &Allocation| one.id))
}

#[derive(FromQueryResult)]
struct OwnedRow {
    id: Uuid,
    plan_id: Uuid,
    reference: String,
}

/// What is given of all quotas, after one, in order: the plans and names.
pub async fn all(
    db: &Scoped,
    after: Option<AllocationId>,
    limit: i64,
) -> Result<Vec<(AllocationId, PlanId, String)>, Fault> {
    let rows: Vec<OwnedRow> = db
        .all(
            "SELECT a.id, q.plan_id, a.reference FROM quota_allocations a \
             JOIN quotas q ON q.tenant_id = $1 AND q.id = a.quota_id \
             WHERE a.tenant_id = $1 AND a.released_at IS NULL AND a.id > $2 ORDER BY a.id LIMIT $3",
            [
                after.map_or(Uuid::nil(), AllocationId::uuid).into(),
                limit.into(),
            ],
        )
        .await?;
    let one = |row: OwnedRow| {
        (
            AllocationId::from_uuid(row.id),
            PlanId::from_uuid(row.plan_id),
            row.reference,
        )
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Which of some names have something of which of some plans.
pub async fn held(
    db: &Scoped,
    plans: &[PlanId],
    references: &[String],
) -> Result<Vec<(PlanId, String)>, Fault> {
    if plans.is_empty() || references.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::of_tenant("a.tenant_id");
    let plans: Vec<String> = plans
        .iter()
        .map(|plan| conditions.bind(plan.uuid()))
        .collect();
    let references: Vec<String> = references
        .iter()
        .map(|reference| conditions.bind(reference.as_str()))
        .collect();
    conditions.add("a.released_at IS NULL");
    conditions.add(format!("q.plan_id IN ({})", plans.join(", ")));
    conditions.add(format!("a.reference IN ({})", references.join(", ")));
    let (wanted, values) = conditions.into_parts();
    let sql = format!(
        "SELECT a.id, q.plan_id, a.reference FROM quota_allocations a \
         JOIN quotas q ON q.tenant_id = $1 AND q.id = a.quota_id WHERE {wanted}"
    );
    let rows: Vec<OwnedRow> = db.all(&sql, values).await?;
    let one = |row: OwnedRow| (PlanId::from_uuid(row.plan_id), row.reference);
    Ok(rows.into_iter().map(one).collect())
}
