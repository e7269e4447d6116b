//! Coupons for subscriptions.

use database::{Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, SubscriptionCouponId, Timestamp, UserId};
use sea_orm::FromQueryResult;
use subscriptions_model::coupon::SubscriptionCoupon;
use uuid::Uuid;

/// The unique key on the code, as faults name it.
pub const UNIQUE_CODE: &str = "subscription_coupons(code)";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    code: String,
    basis_points: i64,
    periods: Option<i64>,
    total_limit: Option<i64>,
    used: i64,
    expires_at: Option<i64>,
    archived: bool,
    created_at: i64,
}

const COLUMNS: &str =
    "id, code, basis_points, periods, total_limit, used, expires_at, archived, created_at";

fn read(row: Row) -> SubscriptionCoupon {
    SubscriptionCoupon {
        id: SubscriptionCouponId::from_uuid(row.id),
        code: row.code,
        basis_points: row.basis_points,
        periods: row.periods,
        total_limit: row.total_limit,
        used: row.used,
        expires_at: row.expires_at.map(Timestamp::from_micros),
        archived: row.archived,
        created_at: Timestamp::from_micros(row.created_at),
    }
}

/// One coupon.
pub async fn find(
    db: &Scoped,
    id: SubscriptionCouponId,
) -> Result<Option<SubscriptionCoupon>, Fault> {
    let sql =
        format!("SELECT {COLUMNS} FROM subscription_coupons WHERE tenant_id = $1 AND id = $2");
    let row: Option<Row> = db.one(&sql, [id.uuid().into()]).await?;
    Ok(row.map(read))
}

/// Whether there is a coupon with that code.
pub async fn exists(db: &Scoped, code: &str) -> Result<bool, Fault> {
    let sql =
        format!("SELECT {COLUMNS} FROM subscription_coupons WHERE tenant_id = $1 AND code = $2");
    let row: Option<Row> = db.one(&sql, [code.into()]).await?;
    Ok(row.is_some())
}

/// Uses a coupon once more, if it can be used; the coupon then.
pub async fn take(
    tx: &Transaction,
    code: &str,
    now: Timestamp,
) -> Result<Option<SubscriptionCoupon>, Fault> {
    let sql = format!(
        "UPDATE subscription_coupons SET used = used + 1 WHERE tenant_id = $1 AND code = $2 AND NOT archived \
           AND (expires_at IS NULL OR expires_at > $3) AND (total_limit IS NULL OR used < total_limit) \
         RETURNING {COLUMNS}"
    );
    let row: Option<Row> = tx.one(&sql, [code.into(), now.micros().into()]).await?;
    Ok(row.map(read))
}

/// Notes who used it; false when they did before.
pub async fn note_use(
    tx: &Transaction,
    id: SubscriptionCouponId,
    user: UserId,
    now: Timestamp,
) -> Result<bool, Fault> {
    let added = tx
        .run(
            "INSERT INTO subscription_coupon_uses (tenant_id, coupon_id, user_id, used_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
            [
                id.uuid().into(),
                user.uuid().into(),
                now.micros().into(),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Coupons, newest first.
pub async fn list(
    db: &Scoped,
    page: PageRequest<SubscriptionCouponId>,
) -> Result<Page<SubscriptionCoupon, SubscriptionCouponId>, Fault> {
    let rows: Vec<Row> = db
        .all(
            &format!(
                "SELECT {COLUMNS} FROM subscription_coupons WHERE tenant_id = $1 AND ($2 IS NULL OR id < $2) \
                 ORDER BY id DESC LIMIT $3"
            ),
            [
                page.after.map(SubscriptionCouponId::uuid).into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let all = rows.into_iter().map(read).collect();
    Ok(Page::from_rows(
        all,
        page.limit,
        |one: &SubscriptionCoupon| one.id,
    ))
}

/// Adds a coupon.
pub async fn insert(tx: &Transaction, new: &SubscriptionCoupon) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO subscription_coupons (tenant_id, id, code, basis_points, periods, total_limit, used, expires_at, \
           archived, created_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)",
        [
            new.id.uuid().into(),
            new.code.clone().into(),
            new.basis_points.into(),
            new.periods.into(),
            new.total_limit.into(),
            new.expires_at.map(Timestamp::micros).into(),
            new.archived.into(),
            new.created_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Archives a coupon; who used it keeps the discount.
pub async fn archive(tx: &Transaction, id: SubscriptionCouponId) -> Result<(), Fault> {
    tx.run(
        "UPDATE subscription_coupons SET archived = $2 WHERE tenant_id = $1 AND id = $3",
        [true.into(), id.uuid().into()],
    )
    .await
    .map(|_| ())
}
