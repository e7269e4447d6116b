//! Plans of hosted services.

use std::collections::BTreeMap;

use catalog_model::hosting::plan::{Interval, Plan};
use catalog_model::hosting::template::Resources;
use database::column::{Stored, currency, to_json, to_maybe, word};
use database::{Scoped, Transaction};
use kernel::{Fault, Money, PlanId, ServiceId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// The unique key on the slug, as faults name it.
pub const UNIQUE_SLUG: &str = "service_plans(service_id,slug)";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    service_id: Uuid,
    slug: String,
    name: String,
    tier: String,
    price: i64,
    currency: String,
    interval_unit: String,
    interval_count: i64,
    trial_days: i64,
    features: Stored<Vec<String>>,
    limits: Stored<BTreeMap<String, i64>>,
    resources: Option<Stored<Resources>>,
    status: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

const SELECT: &str = "SELECT id, service_id, slug, name, tier, price, currency, interval_unit, interval_count, trial_days, features, \
            limits, resources, status, version, created_at, updated_at FROM service_plans WHERE tenant_id = $1";

fn read(row: Row) -> Result<Plan, Fault> {
    Ok(Plan {
        id: PlanId::from_uuid(row.id),
        service: ServiceId::from_uuid(row.service_id),
        slug: row.slug,
        name: row.name,
        tier: word("service_plans.tier", &row.tier)?,
        price: Money::new(
            row.price,
            currency("service_plans.currency", &row.currency)?,
        ),
        interval: Interval {
            unit: word("service_plans.interval_unit", &row.interval_unit)?,
            count: row.interval_count,
        },
        trial_days: row.trial_days,
        features: row.features.0,
        limits: row.limits.0,
        resources: row.resources.map(|stored| stored.0),
        status: word("service_plans.status", &row.status)?,
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// The plans of a service, the least first; with archived ones if wanted.
pub async fn of(db: &Scoped, service: ServiceId, archived: bool) -> Result<Vec<Plan>, Fault> {
    let rows: Vec<Row> = db
        .all(
            &format!("{SELECT} AND service_id = $2 AND ($3 = 1 OR status = 'active') ORDER BY price, id LIMIT 500"),
            [service.uuid().into(), i64::from(archived).into()],
        )
        .await?;
    let mut plans = rows
        .into_iter()
        .map(read)
        .collect::<Result<Vec<Plan>, Fault>>()?;
    plans.sort_by_key(|plan| (plan.tier, plan.interval.days()));
    Ok(plans)
}

/// Some plans, by their ids.
pub async fn some(db: &Scoped, ids: &[PlanId]) -> Result<Vec<Plan>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..ids.len()).map(|n| format!("${}", n + 2)).collect();
    let values: Vec<Value> = ids.iter().map(|id| id.uuid().into()).collect();
    let sql = format!("{SELECT} AND id IN ({})", places.join(", "));
    let rows: Vec<Row> = db.all(&sql, values).await?;
    rows.into_iter().map(read).collect()
}

/// One plan.
pub async fn find(db: &Scoped, id: PlanId) -> Result<Option<Plan>, Fault> {
    let row: Option<Row> = db
        .one(&format!("{SELECT} AND id = $2"), [id.uuid().into()])
        .await?;
    row.map(read).transpose()
}

/// One plan that nobody edits until the transaction ends.
pub async fn share(tx: &Transaction, id: PlanId) -> Result<Option<Plan>, Fault> {
    let sql = format!("{SELECT} AND id = $2{}", super::shared(tx));
    let row: Option<Row> = tx.one(&sql, [id.uuid().into()]).await?;
    row.map(read).transpose()
}

#[derive(FromQueryResult)]
struct Count {
    number: i64,
}

/// How many plans of a service are not archived.
pub async fn active(tx: &Transaction, service: ServiceId) -> Result<i64, Fault> {
    let count: Option<Count> = tx
        .one(
            "SELECT count(*) AS number FROM service_plans WHERE tenant_id = $1 AND service_id = $2 AND status = 'active'",
            [service.uuid().into()],
        )
        .await?;
    Ok(count.map_or(0, |count| count.number))
}

/// Adds a plan.
pub async fn insert(tx: &Transaction, new: &Plan) -> Result<(), Fault> {
    let (tier, unit, status): (&'static str, &'static str, &'static str) =
        (new.tier.into(), new.interval.unit.into(), new.status.into());
    tx.run(
        "INSERT INTO service_plans (tenant_id, id, service_id, slug, name, tier, price, currency, interval_unit, \
           interval_count, trial_days, features, limits, resources, status, version, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        [
            new.id.uuid().into(),
            new.service.uuid().into(),
            new.slug.clone().into(),
            new.name.clone().into(),
            tier.into(),
            new.price.minor.into(),
            new.price.currency.code().into(),
            unit.into(),
            new.interval.count.into(),
            new.trial_days.into(),
            to_json(&new.features).into(),
            to_json(&new.limits).into(),
            to_maybe(new.resources.as_ref()).into(),
            status.into(),
            new.version.into(),
            new.created_at.micros().into(),
            new.updated_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Writes a plan, if the stored version is still the one before.
pub async fn update(tx: &Transaction, changed: &Plan) -> Result<bool, Fault> {
    let status: &'static str = changed.status.into();
    let touched = tx
        .run(
            "UPDATE service_plans SET slug = $2, name = $3, price = $4, trial_days = $5, features = $6, limits = $7, \
                    resources = $8, status = $9, version = $10, updated_at = $11 \
             WHERE tenant_id = $1 AND id = $12 AND version = $10 - 1",
            [
                changed.slug.clone().into(),
                changed.name.clone().into(),
                changed.price.minor.into(),
                changed.trial_days.into(),
                to_json(&changed.features).into(),
                to_json(&changed.limits).into(),
                to_maybe(changed.resources.as_ref()).into(),
                status.into(),
                changed.version.into(),
                changed.updated_at.micros().into(),
                changed.id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}
