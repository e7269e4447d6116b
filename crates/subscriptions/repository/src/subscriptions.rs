//! Subscriptions.

use database::column::{Stored, currency, to_maybe, word};
use database::{Backend, Conditions, Scoped, Transaction};
use kernel::{
    Fault, Money, Page, PageRequest, PlanId, ServiceId, SubscriptionCouponId, SubscriptionId,
    Timestamp, UserId,
};
use sea_orm::{FromQueryResult, Value};
use subscriptions_model::coupon::Discount;
use subscriptions_model::subscription::{Interval, Subscription, SubscriptionStatus};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    service_id: Uuid,
    plan_id: Uuid,
    next_plan_id: Option<Uuid>,
    status: String,
    auto_renew: bool,
    canceled_at: Option<i64>,
    price: i64,
    currency: String,
    period_price: i64,
    discount: Option<Stored<Discount>>,
    coupon_id: Option<Uuid>,
    time_zone: String,
    interval_unit: String,
    interval_count: i64,
    anchor_at: i64,
    anchor_period: i64,
    period: i64,
    period_start: i64,
    period_end: i64,
    due_at: i64,
    past_due_since: Option<i64>,
    reminders: i64,
    suspended_at: Option<i64>,
    ended_at: Option<i64>,
    end_reason: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

const COLUMNS: &str = "id, user_id, service_id, plan_id, next_plan_id, status, auto_renew, canceled_at, price, currency, \
     period_price, discount, coupon_id, time_zone, interval_unit, interval_count, anchor_at, anchor_period, period, \
     period_start, period_end, due_at, past_due_since, reminders, suspended_at, ended_at, end_reason, version, \
     created_at, updated_at";

fn read(row: Row) -> Result<Subscription, Fault> {
    let at = Timestamp::from_micros;
    let reason = row.end_reason.as_deref();
    Ok(Subscription {
        id: SubscriptionId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        service: ServiceId::from_uuid(row.service_id),
        plan: PlanId::from_uuid(row.plan_id),
        next_plan: row.next_plan_id.map(PlanId::from_uuid),
        status: word("subscriptions.status", &row.status)?,
        auto_renew: row.auto_renew,
        canceled_at: row.canceled_at.map(at),
        price: Money::new(
            row.price,
            currency("subscriptions.currency", &row.currency)?,
        ),
        period_price: row.period_price,
        discount: row.discount.map(|stored| stored.0),
        coupon: row.coupon_id.map(SubscriptionCouponId::from_uuid),
        time_zone: row.time_zone,
        interval: Interval {
            unit: word("subscriptions.interval_unit", &row.interval_unit)?,
            count: row.interval_count,
        },
        anchor_at: at(row.anchor_at),
        anchor_period: row.anchor_period,
        period: row.period,
        period_start: at(row.period_start),
        period_end: at(row.period_end),
        due_at: at(row.due_at),
        past_due_since: row.past_due_since.map(at),
        reminders: row.reminders,
        suspended_at: row.suspended_at.map(at),
        ended_at: row.ended_at.map(at),
        end_reason: reason
            .map(|reason| word("subscriptions.end_reason", reason))
            .transpose()?,
        version: row.version,
        created_at: at(row.created_at),
        updated_at: at(row.updated_at),
    })
}

/// What a change can touch, in the order of its placeholders from `$2`.
fn values(one: &Subscription) -> Vec<Value> {
    let status: &'static str = one.status.into();
    let unit: &'static str = one.interval.unit.into();
    let reason = one.end_reason.map(<&'static str>::from);
    let micros = |at: Option<Timestamp>| Value::from(at.map(Timestamp::micros));
    vec![
        one.plan.uuid().into(),
        one.next_plan.map(PlanId::uuid).into(),
        status.into(),
        one.auto_renew.into(),
        micros(one.canceled_at),
        one.price.minor.into(),
        one.period_price.into(),
        to_maybe(one.discount.as_ref()).into(),
        unit.into(),
        one.interval.count.into(),
        one.anchor_at.micros().into(),
        one.anchor_period.into(),
        one.period.into(),
        one.period_start.micros().into(),
        one.period_end.micros().into(),
        one.due_at.micros().into(),
        micros(one.past_due_since),
        one.reminders.into(),
        micros(one.suspended_at),
        micros(one.ended_at),
        reason.into(),
        one.version.into(),
        one.updated_at.micros().into(),
        one.id.uuid().into(),
    ]
}

/// Adds a subscription.
pub async fn insert(tx: &Transaction, new: &Subscription) -> Result<(), Fault> {
    let mut all = values(new);
    all.extend([
        new.user.uuid().into(),
        new.service.uuid().into(),
        new.price.currency.code().into(),
        new.coupon.map(SubscriptionCouponId::uuid).into(),
        new.time_zone.clone().into(),
        new.created_at.micros().into(),
    ]);
    tx.run(
        "INSERT INTO subscriptions (tenant_id, plan_id, next_plan_id, status, auto_renew, canceled_at, price, \
           period_price, discount, interval_unit, interval_count, anchor_at, anchor_period, period, period_start, \
           period_end, due_at, past_due_since, reminders, suspended_at, ended_at, end_reason, version, updated_at, id, \
           user_id, service_id, currency, coupon_id, time_zone, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
           $23, $24, $25, $26, $27, $28, $29, $30, $31)",
        all,
    )
    .await
    .map(|_| ())
}

/// Writes a subscription that is locked, if the stored version is still the
/// one before.
pub async fn update(tx: &Transaction, changed: &Subscription) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE subscriptions SET plan_id = $2, next_plan_id = $3, status = $4, auto_renew = $5, canceled_at = $6, \
                    price = $7, period_price = $8, discount = $9, interval_unit = $10, interval_count = $11, \
                    anchor_at = $12, anchor_period = $13, period = $14, period_start = $15, period_end = $16, \
                    due_at = $17, past_due_since = $18, reminders = $19, suspended_at = $20, ended_at = $21, \
                    end_reason = $22, version = $23, updated_at = $24 \
             WHERE tenant_id = $1 AND id = $25 AND version = $23 - 1",
            values(changed),
        )
        .await?;
    Ok(touched == 1)
}

/// One subscription.
pub async fn find(db: &Scoped, id: SubscriptionId) -> Result<Option<Subscription>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM subscriptions WHERE tenant_id = $1 AND id = $2");
    let row: Option<Row> = db.one(&sql, [id.uuid().into()]).await?;
    row.map(read).transpose()
}

/// One subscription that nobody else changes until the transaction ends.
pub async fn lock(tx: &Transaction, id: SubscriptionId) -> Result<Option<Subscription>, Fault> {
    let lock = locking(tx);
    let sql = format!("SELECT {COLUMNS} FROM subscriptions WHERE tenant_id = $1 AND id = $2{lock}");
    let row: Option<Row> = tx.one(&sql, [id.uuid().into()]).await?;
    row.map(read).transpose()
}

/// The subscriptions of somebody that have not ended, which nobody else
/// changes until the transaction ends.
pub async fn lock_live(tx: &Transaction, user: UserId) -> Result<Vec<Subscription>, Fault> {
    let lock = locking(tx);
    let sql = format!(
        "SELECT {COLUMNS} FROM subscriptions WHERE tenant_id = $1 AND user_id = $2 AND status <> 'ended' \
         ORDER BY id{lock}"
    );
    let rows: Vec<Row> = tx.all(&sql, [user.uuid().into()]).await?;
    rows.into_iter().map(read).collect()
}

/// Whether somebody has a plan, or is promised it.
pub async fn has_plan(db: &Scoped, user: UserId, plan: PlanId) -> Result<bool, Fault> {
    let rows = db
        .rows(
            "SELECT 1 AS one FROM subscriptions WHERE tenant_id = $1 AND user_id = $2 AND status <> 'ended' \
             AND (plan_id = $3 OR next_plan_id = $3) LIMIT 1",
            [user.uuid().into(), plan.uuid().into()],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// What locks the rows that are read. On SQLite nobody else writes anyway.
fn locking(tx: &Transaction) -> &'static str {
    match tx.backend() {
        Backend::Postgres => " FOR NO KEY UPDATE",
        Backend::Sqlite => "",
    }
}

/// Which subscriptions to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only those of somebody.
    pub user: Option<UserId>,
    /// Only those to a service.
    pub service: Option<ServiceId>,
    /// Only those in a plan.
    pub plan: Option<PlanId>,
    /// Only those that stand there.
    pub status: Option<SubscriptionStatus>,
}

/// Subscriptions, newest first.
pub async fn list(
    db: &Scoped,
    filter: Filter,
    page: PageRequest<SubscriptionId>,
) -> Result<Page<Subscription, SubscriptionId>, Fault> {
    let mut conditions = Conditions::of_tenant("tenant_id");
    conditions.add_if("user_id = ?", filter.user.map(UserId::uuid));
    conditions.add_if("service_id = ?", filter.service.map(ServiceId::uuid));
    conditions.add_if("plan_id = ?", filter.plan.map(PlanId::uuid));
    conditions.add_if("status = ?", filter.status.map(<&'static str>::from));
    conditions.add_if("id < ?", page.after.map(SubscriptionId::uuid));
    let limit = conditions.bind(i64::try_from(page.limit + 1).unwrap_or(i64::MAX));
    let (wanted, values) = conditions.into_parts();
    let sql = format!(
        "SELECT {COLUMNS} FROM subscriptions WHERE {wanted} ORDER BY id DESC LIMIT {limit}"
    );
    let rows: Vec<Row> = db.all(&sql, values).await?;
    let all = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(all, page.limit, |one| one.id))
}

#[derive(FromQueryResult)]
struct DueRow {
    id: Uuid,
    due_at: i64,
}

/// Where a list of what is due goes on.
pub type DueAfter = (i64, Uuid);

/// Subscriptions that are due, the longest due first, after one of them.
pub async fn due(
    db: &Scoped,
    now: Timestamp,
    after: Option<DueAfter>,
    limit: i64,
) -> Result<Vec<(SubscriptionId, DueAfter)>, Fault> {
    let (at, id) = after.unwrap_or((i64::MIN, Uuid::nil()));
    let rows: Vec<DueRow> = db
        .all(
            "SELECT id, due_at FROM subscriptions WHERE tenant_id = $1 AND status <> 'ended' AND due_at <= $2 \
             AND (due_at > $3 OR (due_at = $3 AND id > $4)) ORDER BY due_at, id LIMIT $5",
            [now.micros().into(), at.into(), id.into(), limit.into()],
        )
        .await?;
    let one = |row: DueRow| (SubscriptionId::from_uuid(row.id), (row.due_at, row.id));
    Ok(rows.into_iter().map(one).collect())
}

/// How many subscriptions of somebody have not ended.
#[derive(FromQueryResult)]
pub struct Live {
    /// To whatever service.
    pub number: i64,
    /// To the service that was asked for: none or one.
    pub to_service: i64,
}

/// How many subscriptions of somebody have not ended, and how many of them are
/// to a service. Nobody adds one until the transaction ends.
pub async fn count_live(tx: &Transaction, user: UserId, service: ServiceId) -> Result<Live, Fault> {
    if tx.backend() == Backend::Postgres {
        tx.run(
            "SELECT pg_advisory_xact_lock(hashtextextended('subscriptions/' || $1::text || '/' || $2::text, 0))",
            [user.uuid().into()],
        )
        .await?;
    }
    let live: Option<Live> = tx
        .one(
            "SELECT count(*) AS number, count(CASE WHEN service_id = $3 THEN 1 END) AS to_service \
             FROM subscriptions WHERE tenant_id = $1 AND user_id = $2 AND status <> 'ended'",
            [user.uuid().into(), service.uuid().into()],
        )
        .await?;
    live.ok_or_else(|| Fault::permanent("a count has no row"))
}

/// Notes that somebody tries a service; false when they did before.
pub async fn begin_trial(
    tx: &Transaction,
    user: UserId,
    service: ServiceId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let added = tx
        .run(
            "INSERT INTO subscription_trials (tenant_id, user_id, service_id, begun_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            [
                user.uuid().into(),
                service.uuid().into(),
                now.micros().into(),
            ],
        )
        .await?;
    Ok(added == 1)
}

#[derive(FromQueryResult)]
struct PlanRow {
    id: Uuid,
    plan_id: Uuid,
    next_plan_id: Option<Uuid>,
}

/// A live subscription, its plan, and the one it changes to: it holds units of
/// both.
pub type Holder = (SubscriptionId, PlanId, Option<PlanId>);

fn holder(row: &PlanRow) -> Holder {
    (
        SubscriptionId::from_uuid(row.id),
        PlanId::from_uuid(row.plan_id),
        row.next_plan_id.map(PlanId::from_uuid),
    )
}

/// Live subscriptions and their plans, after one, in order.
pub async fn holders(
    db: &Scoped,
    after: Option<SubscriptionId>,
    limit: i64,
) -> Result<Vec<Holder>, Fault> {
    let rows: Vec<PlanRow> = db
        .all(
            "SELECT id, plan_id, next_plan_id FROM subscriptions WHERE tenant_id = $1 AND status <> 'ended' \
             AND id > $2 ORDER BY id LIMIT $3",
            [
                after.map_or(Uuid::nil(), SubscriptionId::uuid).into(),
                limit.into(),
            ],
        )
        .await?;
    Ok(rows.iter().map(holder).collect())
}

/// Those of some subscriptions that live, and their plans.
pub async fn holders_among(db: &Scoped, ids: &[SubscriptionId]) -> Result<Vec<Holder>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..ids.len()).map(|n| format!("${}", n + 2)).collect();
    let values: Vec<Value> = ids.iter().map(|id| id.uuid().into()).collect();
    let sql = format!(
        "SELECT id, plan_id, next_plan_id FROM subscriptions WHERE tenant_id = $1 AND status <> 'ended' \
         AND id IN ({})",
        places.join(", ")
    );
    let rows: Vec<PlanRow> = db.all(&sql, values).await?;
    Ok(rows.iter().map(holder).collect())
}
