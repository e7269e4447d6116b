//! Codes of promotions.

use std::sync::LazyLock;

use database::column::word;
use database::{OrFault as _, Scoped, Transaction};
use kernel::{CouponId, Fault, Page, PageRequest, PromotionId, Timestamp};
use orders_model::promotion::Promotion;
use orders_model::promotion::coupon::Coupon;
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

use super::redemptions::Customers;

/// The unique key on the code, as faults name it.
pub const UNIQUE_CODE: &str = "coupons(code)";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    promotion_id: Uuid,
    code: String,
    status: String,
    use_limit: Option<i64>,
    used: i64,
    created_at: i64,
    updated_at: i64,
}

const COLUMNS: &str = "id, promotion_id, code, status, use_limit, used, created_at, updated_at";

fn read(row: Row) -> Result<Coupon, Fault> {
    Ok(Coupon {
        id: CouponId::from_uuid(row.id),
        promotion: PromotionId::from_uuid(row.promotion_id),
        code: row.code,
        status: word("coupons.status", &row.status)?,
        use_limit: row.use_limit,
        used: row.used,
        created_at: Timestamp::from_micros(row.created_at),
        updated_at: Timestamp::from_micros(row.updated_at),
    })
}

/// The codes of a promotion, newest first.
pub async fn list(
    db: &Scoped,
    promotion: PromotionId,
    page: PageRequest<CouponId>,
) -> Result<Page<Coupon, CouponId>, Fault> {
    static LIST: LazyLock<String> = LazyLock::new(|| {
        format!(
            "SELECT {COLUMNS} FROM coupons WHERE tenant_id = $1 AND promotion_id = $2 AND ($3 IS NULL OR id < $3) \
             ORDER BY id DESC LIMIT $4"
        )
    });
    let rows: Vec<Row> = db
        .all(
            &LIST,
            [
                promotion.uuid().into(),
                page.after.map(CouponId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_rows(found, page.limit, |one| one.id))
}

/// Adds codes. A taken one violates [`UNIQUE_CODE`].
pub async fn insert(tx: &Transaction, new: &[Coupon]) -> Result<(), Fault> {
    for some in new.chunks(500) {
        let mut values: Vec<Value> = Vec::with_capacity(some.len() * 8);
        let mut rows = Vec::with_capacity(some.len());
        for coupon in some {
            let status: &'static str = coupon.status.into();
            let first = values.len() + 2;
            let places: Vec<String> = (first..first + 8).map(|n| format!("${n}")).collect();
            rows.push(format!("($1, {})", places.join(", ")));
            values.extend([
                coupon.id.uuid().into(),
                coupon.promotion.uuid().into(),
                coupon.code.clone().into(),
                status.into(),
                coupon.use_limit.into(),
                coupon.used.into(),
                coupon.created_at.micros().into(),
                coupon.updated_at.micros().into(),
            ]);
        }
        let sql = format!(
            "INSERT INTO coupons (tenant_id, {COLUMNS}) VALUES {}",
            rows.join(", ")
        );
        tx.run(&sql, values).await?;
    }
    Ok(())
}

/// Ends a code of a promotion. False when there is none.
pub async fn archive(
    tx: &Transaction,
    promotion: PromotionId,
    id: CouponId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE coupons SET status = 'archived', updated_at = $2 \
             WHERE tenant_id = $1 AND promotion_id = $3 AND id = $4",
            [
                now.micros().into(),
                promotion.uuid().into(),
                id.uuid().into(),
            ],
        )
        .await?;
    Ok(touched == 1)
}

/// A code with its promotion, and how often a customer used that.
pub struct Known {
    /// The code.
    pub coupon: Coupon,
    /// Its promotion.
    pub promotion: Promotion,
    /// How many orders of the customer use the promotion.
    pub customer_used: i64,
}

#[derive(FromQueryResult)]
struct Used {
    customer_used: i64,
}

/// What there is to know about codes, in one statement. Unknown ones are left
/// out.
pub async fn by_code(
    db: &Scoped,
    codes: &[String],
    customers: &Customers,
) -> Result<Vec<Known>, Fault> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..codes.len()).map(|n| format!("${}", n + 4)).collect();
    let own: Vec<String> = COLUMNS
        .split(", ")
        .map(|column| format!("c.{column} AS c_{column}"))
        .collect();
    let sql = format!(
        "SELECT {}, {}, CAST(COALESCE((SELECT max(u.used) FROM promotion_customers u \
             WHERE u.tenant_id = $1 AND u.promotion_id = p.id AND u.customer IN ($2, $3)), 0) AS bigint) AS customer_used \
         FROM coupons c JOIN promotions p ON p.tenant_id = $1 AND p.id = c.promotion_id \
         WHERE c.tenant_id = $1 AND c.code IN ({})",
        own.join(", "),
        super::COLUMNS,
        places.join(", ")
    );
    let mut values = customers.values();
    values.extend(codes.iter().map(|code| Value::from(code.clone())));
    let rows = db.rows(&sql, values).await?;
    rows.iter()
        .map(|row| {
            Ok(Known {
                coupon: read(Row::from_query_result(row, "c_").or_fault()?)?,
                promotion: super::read(super::Row::from_query_result(row, "").or_fault()?)?,
                customer_used: Used::from_query_result(row, "").or_fault()?.customer_used,
            })
        })
        .collect()
}
