//! Who waits for a quota.

use credits_model::quota::waiter::{Waiter, WaiterStatus};
use database::column::word;
use database::{Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, PlanId, QuotaId, Timestamp, UserId, WaiterId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// The unique key of who waits once, as faults name it.
pub const UNIQUE_USER: &str = "quota_waiters(quota_id,user_id)";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    quota_id: Uuid,
    plan_id: Uuid,
    user_id: Uuid,
    status: String,
    place: Option<i64>,
    told_at: Option<i64>,
    created_at: i64,
}

fn read(row: &Row) -> Result<Waiter, Fault> {
    Ok(Waiter {
        id: WaiterId::from_uuid(row.id),
        quota: QuotaId::from_uuid(row.quota_id),
        plan: PlanId::from_uuid(row.plan_id),
        user: UserId::from_uuid(row.user_id),
        status: word("quota_waiters.status", &row.status)?,
        place: row.place,
        told_at: row.told_at.map(Timestamp::from_micros),
        created_at: Timestamp::from_micros(row.created_at),
    })
}

/// What is read of one or a few; each counts who is before it.
const SELECT: &str = "SELECT w.id, w.quota_id, q.plan_id, w.user_id, w.status, \
       CASE WHEN w.status = 'waiting' THEN (SELECT count(*) FROM quota_waiters b WHERE b.tenant_id = $1 \
         AND b.quota_id = w.quota_id AND b.status = 'waiting' AND b.place <= w.place) END AS place, \
       w.told_at, w.created_at \
     FROM quota_waiters w JOIN quotas q ON q.tenant_id = $1 AND q.id = w.quota_id WHERE w.tenant_id = $1";

#[derive(FromQueryResult)]
struct Place {
    id: Uuid,
    last_place: i64,
}

/// The next place in the list of a plan, if nothing is left of it.
pub async fn next_place(tx: &Transaction, plan: PlanId) -> Result<Option<(QuotaId, i64)>, Fault> {
    let row: Option<Place> = tx
        .one(
            "UPDATE quotas SET last_place = last_place + 1 WHERE tenant_id = $1 AND plan_id = $2 \
               AND total IS NOT NULL AND used >= total RETURNING id, last_place",
            [plan.uuid().into()],
        )
        .await?;
    Ok(row.map(|row| (QuotaId::from_uuid(row.id), row.last_place)))
}

/// Adds somebody at a place.
pub async fn insert(
    tx: &Transaction,
    id: WaiterId,
    quota: QuotaId,
    user: UserId,
    place: i64,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO quota_waiters (tenant_id, id, quota_id, user_id, place, status, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $6)",
        [
            id.uuid().into(),
            quota.uuid().into(),
            user.uuid().into(),
            place.into(),
            now.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// One place in a list.
pub async fn find(db: &Scoped, id: WaiterId) -> Result<Option<Waiter>, Fault> {
    let row: Option<Row> = db
        .one(&format!("{SELECT} AND w.id = $2"), [id.uuid().into()])
        .await?;
    row.as_ref().map(read).transpose()
}

/// The places of somebody, newest first.
pub async fn of(
    db: &Scoped,
    user: UserId,
    page: PageRequest<WaiterId>,
) -> Result<Page<Waiter, WaiterId>, Fault> {
    let rows: Vec<Row> = db
        .all(
            &format!("{SELECT} AND w.user_id = $2 AND ($3 IS NULL OR w.id < $3) ORDER BY w.id DESC LIMIT $4"),
            [
                user.uuid().into(),
                page.after.map(WaiterId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let all = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(all, page.limit, |one| one.id))
}

#[derive(FromQueryResult)]
struct Queued {
    #[sea_orm(nested)]
    waiter: Row,
    number: i64,
}

/// Who waits for a quota, the first in line first, after a number: it is
/// theirs for good, while their place is counted. Those before the page are
/// counted once.
pub async fn list(
    db: &Scoped,
    quota: QuotaId,
    page: PageRequest<i64>,
) -> Result<Page<Waiter, i64>, Fault> {
    let rows: Vec<Queued> = db
        .all(
            "SELECT w.id, w.quota_id, q.plan_id, w.user_id, w.status, w.told_at, w.created_at, w.place AS number, \
               row_number() OVER (ORDER BY w.place) + (SELECT count(*) FROM quota_waiters b WHERE b.tenant_id = $1 \
                 AND b.quota_id = $2 AND b.status = 'waiting' AND b.place <= $3) AS place \
             FROM quota_waiters w JOIN quotas q ON q.tenant_id = $1 AND q.id = w.quota_id \
             WHERE w.tenant_id = $1 AND w.quota_id = $2 AND w.status = 'waiting' AND w.place > $3 \
             ORDER BY w.place LIMIT $4",
            [
                quota.uuid().into(),
                page.after.unwrap_or(0).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let page = Page::from_rows(rows, page.limit, |row| row.number);
    let items = page.items.iter().map(|row| read(&row.waiter));
    Ok(Page {
        items: items.collect::<Result<_, _>>()?,
        next: page.next,
    })
}

/// Ends a wait, if it stands as it should.
pub async fn end(
    tx: &Transaction,
    id: WaiterId,
    from: &[WaiterStatus],
    to: WaiterStatus,
    now: Timestamp,
) -> Result<bool, Fault> {
    let to: &'static str = to.into();
    let mut values: Vec<Value> = vec![to.into(), now.micros().into(), id.uuid().into()];
    let mut places = Vec::new();
    for status in from {
        values.push(<&'static str>::from(*status).into());
        places.push(format!("${}", values.len() + 1));
    }
    let sql = format!(
        "UPDATE quota_waiters SET status = $2, updated_at = $3 WHERE tenant_id = $1 AND id = $4 AND status IN ({})",
        places.join(", ")
    );
    Ok(tx.run(&sql, values).await? == 1)
}

/// Ends the waits of somebody for a plan, because they have it now.
pub async fn served(
    tx: &Transaction,
    plan: PlanId,
    user: UserId,
    now: Timestamp,
) -> Result<(), Fault> {
    tx.run(
        "UPDATE quota_waiters SET status = 'served', updated_at = $2 WHERE tenant_id = $1 AND user_id = $3 \
           AND status IN ('waiting', 'told') \
           AND quota_id = (SELECT q.id FROM quotas q WHERE q.tenant_id = $1 AND q.plan_id = $4)",
        [
            now.micros().into(),
            user.uuid().into(),
            plan.uuid().into(),
        ],
    )
    .await
    .map(|_| ())
}

#[derive(FromQueryResult)]
struct Count {
    number: i64,
}

/// How many were told of a quota's room since then and have not come.
pub async fn told_since(db: &Scoped, quota: QuotaId, since: Timestamp) -> Result<i64, Fault> {
    let count: Option<Count> = db
        .one(
            "SELECT count(*) AS number FROM quota_waiters WHERE tenant_id = $1 AND quota_id = $2 AND status = 'told' \
               AND told_at > $3",
            [quota.uuid().into(), since.micros().into()],
        )
        .await?;
    Ok(count.map_or(0, |count| count.number))
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// Marks the first in line of a locked quota as told: who they are.
pub async fn tell(
    tx: &Transaction,
    quota: QuotaId,
    number: i64,
    now: Timestamp,
) -> Result<Vec<WaiterId>, Fault> {
    let rows: Vec<Id> = tx
        .all(
            "UPDATE quota_waiters SET status = 'told', told_at = $2, updated_at = $2 WHERE tenant_id = $1 AND id IN \
               (SELECT w.id FROM quota_waiters w WHERE w.tenant_id = $1 AND w.quota_id = $3 AND w.status = 'waiting' \
                ORDER BY w.place LIMIT $4) AND status = 'waiting' RETURNING id",
            [
                now.micros().into(),
                quota.uuid().into(),
                number.into(),
            ],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| WaiterId::from_uuid(row.id))
        .collect())
}

/// Quotas that somebody waits for and that have room, after one.
pub async fn with_room(
    db: &Scoped,
    after: Option<QuotaId>,
    limit: i64,
) -> Result<Vec<QuotaId>, Fault> {
    let rows: Vec<Id> = db
        .all(
            "SELECT q.id FROM quotas q WHERE q.tenant_id = $1 AND (q.total IS NULL OR q.used < q.total) \
             AND q.id > $2 AND EXISTS (SELECT 1 FROM quota_waiters w WHERE w.tenant_id = $1 \
               AND w.quota_id = q.id AND w.status = 'waiting') ORDER BY q.id LIMIT $3",
            [
                after.map_or(Uuid::nil(), QuotaId::uuid).into(),
                limit.into(),
            ],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| QuotaId::from_uuid(row.id))
        .collect())
}

/// Forgets that somebody waited.
pub async fn forget(tx: &Transaction, user: UserId) -> Result<(), Fault> {
    tx.run(
        "DELETE FROM quota_waiters WHERE tenant_id = $1 AND user_id = $2",
        [user.uuid().into()],
    )
    .await
    .map(|_| ())
}
