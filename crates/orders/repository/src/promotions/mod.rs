//! Promotions, their codes, and who uses them.

pub mod coupons;
pub mod redemptions;

use std::sync::LazyLock;

use database::column::{Stored, currency, to_json, word};
use database::{Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, PromotionId, Timestamp};
use orders_model::promotion::{MAX_AUTOMATIC, Promotion, PromotionStatus, Rule};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

#[derive(FromQueryResult)]
pub(crate) struct Row {
    id: Uuid,
    name: String,
    needs_coupon: bool,
    status: String,
    rule: Stored<Rule>,
    currency: String,
    starts_at: Option<i64>,
    ends_at: Option<i64>,
    total_limit: Option<i64>,
    customer_limit: Option<i64>,
    used: i64,
    position: i64,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

pub(crate) const COLUMNS: &str = "p.id, p.name, p.needs_coupon, p.status, p.rule, p.currency, p.starts_at, p.ends_at, \
     p.total_limit, p.customer_limit, p.used, p.position, p.version, p.created_at, p.updated_at";

pub(crate) fn read(row: Row) -> Result<Promotion, Fault> {
    Ok(Promotion {
        id: PromotionId::from_uuid(row.id),
        name: row.name,
        needs_coupon: row.needs_coupon,
        status: word("promotions.status", &row.status)?,
        rule: row.rule.0,
        currency: currency("promotions.currency", &row.currency)?,
        starts_at: row.starts_at.map(Timestamp::from_micros),
        ends_at: row.ends_at.map(Timestamp::from_micros),
        total_limit: row.total_limit,
        customer_limit: row.customer_limit,
        used: row.used,
        position: row.position,
        version: row.version,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

fn read_all(rows: Vec<Row>) -> Result<Vec<Promotion>, Fault> {
    rows.into_iter().map(read).collect()
}

/// Which promotions to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those that stand there.
    pub status: Option<PromotionStatus>,
    /// Only those that need a code, or only those that need none.
    pub needs_coupon: Option<bool>,
}

/// Promotions, newest first.
pub async fn list(
    db: &Scoped,
    filter: &Filter,
    page: PageRequest<PromotionId>,
) -> Result<Page<Promotion, PromotionId>, Fault> {
    static LIST: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {COLUMNS} FROM promotions p WHERE p.tenant_id = $1 AND ($2 IS NULL OR p.status = $2) \
               AND ($3 IS NULL OR p.needs_coupon = $3) AND ($4 IS NULL OR p.id < $4) ORDER BY p.id DESC LIMIT $5"
        )
    });
    let status = filter.status.map(<&'static str>::from);
    let rows = db
        .all(
            &LIST,
            [
                status.into(),
                filter.needs_coupon.into(),
                page.after.map(PromotionId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    Ok(Page::from_rows(read_all(rows)?, page.limit, |one| one.id))
}

/// The active promotions that need no code.
pub async fn automatic(db: &Scoped) -> Result<Vec<Promotion>, Fault> {
    static AUTOMATIC: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {COLUMNS} FROM promotions p WHERE p.tenant_id = $1 AND p.status = 'active' AND NOT p.needs_coupon \
             ORDER BY p.position, p.id"
        )
    });
    read_all(db.all(&AUTOMATIC, []).await?)
}

/// Some promotions, in any order.
pub async fn of(db: &Scoped, ids: &[PromotionId]) -> Result<Vec<Promotion>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..ids.len()).map(|n| format!("${}", n + 2)).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM promotions p WHERE p.tenant_id = $1 AND p.id IN ({})",
        places.join(", ")
    );
    let values: Vec<Value> = ids.iter().map(|id| id.uuid().into()).collect();
    read_all(db.all(&sql, values).await?)
}

/// One promotion.
pub async fn find(db: &Scoped, id: PromotionId) -> Result<Option<Promotion>, Fault> {
    static FIND: LazyLock<String> = LazyLock::new(|| {
        format!("SELECT {COLUMNS} FROM promotions p WHERE p.tenant_id = $1 AND p.id = $2")
    });
    let row: Option<Row> = db.one(&FIND, [id.uuid().into()]).await?;
    row.map(read).transpose()
}

/// Adds a promotion.
pub async fn insert(tx: &Transaction, new: &Promotion) -> Result<(), Fault> {
    let status: &'static str = new.status.into();
    tx.run(
            "INSERT INTO promotions (tenant_id, id, name, needs_coupon, status, rule, currency, starts_at, ends_at, \
               total_limit, customer_limit, used, position, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            [
                new.id.uuid().into(),
                new.name.clone().into(),
                new.needs_coupon.into(),
                status.into(),
                to_json(&new.rule).into(),
                new.currency.code().into(),
                new.starts_at.map(Timestamp::micros).into(),
                new.ends_at.map(Timestamp::micros).into(),
                new.total_limit.into(),
                new.customer_limit.into(),
                new.used.into(),
                new.position.into(),
                new.version.into(),
                new.created_at.micros().into(),
                new.updated_at.micros().into(),
            ],
        )
        .await
        .map(|_| ())
}

/// Writes a promotion, if the stored version is still the one before. How
/// often it is used is not touched.
pub async fn update(tx: &Transaction, changed: &Promotion) -> Result<bool, Fault> {
    let status: &'static str = changed.status.into();
    let touched = tx
        .run(
            "UPDATE promotions SET name = $2, status = $3, rule = $4, starts_at = $5, ends_at = $6, total_limit = $7, \
                    customer_limit = $8, position = $9, version = $10, updated_at = $11 \
             WHERE tenant_id = $1 AND id = $12 AND version = $10 - 1",
            [
                changed.name.clone().into(),
                status.into(),
                to_json(&changed.rule).into(),
                changed.starts_at.map(Timestamp::micros).into(),
                changed.ends_at.map(Timestamp::micros).into(),
                changed.total_limit.into(),
                changed.customer_limit.into(),
                changed.position.into(),
                changed.version.into(),
                changed.updated_at.micros().into(),
                changed.id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// The constraint that holds the total limit, as faults name it.
pub const LIMIT: &str = "ck_promotions_used";

#[derive(FromQueryResult)]
struct Count {
    number: i64,
}

/// Whether there are more active promotions without a code than there may be.
/// Others that are being added are not seen: a few more do no harm.
pub async fn too_many(tx: &Transaction) -> Result<bool, Fault> {
    let count: Option<Count> = tx
        .one(
            "SELECT count(*) AS number FROM promotions \
             WHERE tenant_id = $1 AND status = 'active' AND NOT needs_coupon",
            [],
        )
        .await?;
    let most = i64::try_from(MAX_AUTOMATIC).unwrap_or(i64::MAX);
    Ok(count.is_some_and(|count| count.number > most))
}
