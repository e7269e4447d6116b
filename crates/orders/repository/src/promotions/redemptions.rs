//! Who uses which promotion. The limits hold by conditional updates, with
//! CHECKs behind them; rows are locked in the order of promotions, codes,
//! customers, each sorted.

use database::{Backend, Scoped, Transaction};
use kernel::{CouponId, Fault, OrderId, PromotionId, Timestamp, UserId};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// The names by which uses of one customer are counted: their account and
/// their mail address.
#[derive(Debug, Clone, Default)]
pub struct Customers {
    user: Option<UserId>,
    email: Option<String>,
}

impl Customers {
    /// A customer with these.
    pub fn new(user: Option<UserId>, email: Option<&str>) -> Self {
        Self {
            user,
            email: email.map(str::to_lowercase),
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.user.map(|user| user.to_string()).into_iter().collect();
        names.extend(self.email.clone());
        names.sort_unstable();
        names
    }

    /// Two values to compare with; null where there is none.
    pub(super) fn values(&self) -> Vec<Value> {
        vec![
            self.user.map(|user| user.to_string()).into(),
            self.email.clone().into(),
        ]
    }
}

#[derive(FromQueryResult)]
struct UsedRow {
    promotion_id: Uuid,
    used: i64,
}

/// How many orders of a customer use each of these promotions.
pub async fn of_customer(
    db: &Scoped,
    promotions: &[PromotionId],
    customers: &Customers,
) -> Result<Vec<(PromotionId, i64)>, Fault> {
    let places: Vec<String> = (0..promotions.len())
        .map(|n| format!("${}", n + 4))
        .collect();
    let sql = format!(
        "SELECT promotion_id, max(used) AS used FROM promotion_customers \
         WHERE tenant_id = $1 AND customer IN ($2, $3) AND promotion_id IN ({}) GROUP BY promotion_id",
        places.join(", ")
    );
    let mut values = customers.values();
    values.extend(promotions.iter().map(|id| Value::from(id.uuid())));
    let rows: Vec<UsedRow> = db.all(&sql, values).await?;
    Ok(rows
        .into_iter()
        .map(|row| (PromotionId::from_uuid(row.promotion_id), row.used))
        .collect())
}

/// A use to count.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// Of which promotion.
    pub promotion: PromotionId,
    /// By which code.
    pub coupon: Option<CouponId>,
    /// How many orders of one customer may use it.
    pub customer_limit: Option<i64>,
}

/// What came of counting.
#[derive(Debug, Default)]
pub struct Counted {
    /// Promotions that could not be used any more. When there are any, the
    /// transaction must be rolled back.
    pub refused: Vec<PromotionId>,
    /// Whether one of them was used for the last time.
    pub exhausted: bool,
}

#[derive(FromQueryResult)]
struct TakenRow {
    id: Uuid,
    is_last: bool,
}

/// Counts uses by an order of a customer, as far as the limits allow.
pub async fn count(
    tx: &Transaction,
    uses: &[Use],
    customers: &Customers,
) -> Result<Counted, Fault> {
    let mut counted = Counted::default();
    let promotions: Vec<Uuid> = uses.iter().map(|one| one.promotion.uuid()).collect();
    let taken = take(tx, "promotions", "total_limit", &promotions).await?;
    counted.exhausted = taken.iter().any(|row| row.is_last);
    let coupons: Vec<Uuid> = uses
        .iter()
        .filter_map(|one| Some(one.coupon?.uuid()))
        .collect();
    let codes = take(tx, "coupons", "use_limit", &coupons).await?;
    let customers = take_of_customer(tx, uses, customers).await?;
    for one in uses {
        let has = |rows: &[TakenRow], id: Uuid| rows.iter().any(|row| row.id == id);
        let all = has(&taken, one.promotion.uuid())
            && one.coupon.is_none_or(|coupon| has(&codes, coupon.uuid()))
            && !customers.contains(&one.promotion);
        if !all {
            counted.refused.push(one.promotion);
        }
    }
    Ok(counted)
}

/// Adds one to `used` of each row that is active and below its limit.
async fn take(
    tx: &Transaction,
    table: &str,
    limit: &str,
    ids: &[Uuid],
) -> Result<Vec<TakenRow>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places: Vec<String> = (0..ids.len()).map(|n| format!("${}", n + 2)).collect();
    let places = places.join(", ");
    let set = format!(
        "UPDATE {table} SET used = used + 1 WHERE tenant_id = $1 AND status = 'active' \
           AND ({limit} IS NULL OR used < {limit})"
    );
    let returning = format!("RETURNING id, COALESCE(used >= {limit}, false) AS is_last");
    let sql = match tx.backend() {
        Backend::Postgres => format!(
            "WITH locked AS MATERIALIZED (SELECT id FROM {table} \
               WHERE tenant_id = $1 AND id IN ({places}) ORDER BY id FOR UPDATE) \
             {set} AND id IN (SELECT id FROM locked) {returning}"
        ),
        Backend::Sqlite => format!("{set} AND id IN ({places}) {returning}"),
    };
    tx.all(&sql, ids.iter().map(|id| Value::from(*id))).await
}

/// Counts uses of a customer; the promotions of which they have had enough.
async fn take_of_customer(
    tx: &Transaction,
    uses: &[Use],
    customers: &Customers,
) -> Result<Vec<PromotionId>, Fault> {
    let names = customers.names();
    let mut sorted: Vec<&Use> = uses.iter().collect();
    sorted.sort_by_key(|one| one.promotion);
    let mut values: Vec<Value> = Vec::new();
    let mut rows = Vec::new();
    for one in &sorted {
        for name in &names {
            let first = values.len() + 2;
            rows.push(format!("($1, ${first}, ${}, 1, ${})", first + 1, first + 2));
            values.extend([
                one.promotion.uuid().into(),
                name.clone().into(),
                one.customer_limit.unwrap_or(i64::MAX).into(),
            ]);
        }
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "INSERT INTO promotion_customers (tenant_id, promotion_id, customer, used, allowed) VALUES {} \
         ON CONFLICT (tenant_id, promotion_id, customer) \
         DO UPDATE SET used = promotion_customers.used + 1, allowed = excluded.allowed \
         WHERE promotion_customers.used < excluded.allowed RETURNING promotion_id, used",
        rows.join(", ")
    );
    let taken: Vec<UsedRow> = tx.all(&sql, values).await?;
    let times = |promotion: PromotionId| {
        let own = taken
            .iter()
            .filter(|row| row.promotion_id == promotion.uuid());
        own.count()
    };
    Ok(sorted
        .iter()
        .map(|one| one.promotion)
        .filter(|promotion| times(*promotion) < names.len())
        .collect())
}

/// The write that notes who uses what, for the batch that adds the order, after
/// it. There must be something.
pub fn insert(
    order: OrderId,
    user: Option<UserId>,
    email: &str,
    uses: impl IntoIterator<Item = (PromotionId, Option<CouponId>)>,
    now: Timestamp,
) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![
        order.uuid().into(),
        user.map(UserId::uuid).into(),
        email.to_lowercase().into(),
        now.micros().into(),
    ];
    let mut rows = Vec::new();
    for (promotion, coupon) in uses {
        let first = values.len() + 2;
        rows.push(format!("($1, $2, $3, $4, $5, ${first}, ${})", first + 1));
        values.extend([promotion.uuid().into(), coupon.map(CouponId::uuid).into()]);
    }
    (
        format!(
            "INSERT INTO promotion_redemptions (tenant_id, order_id, user_id, email, created_at, promotion_id, coupon_id) \
             VALUES {}",
            rows.join(", ")
        ),
        values,
    )
}

#[derive(FromQueryResult)]
struct ReleasedRow {
    promotion_id: Uuid,
    coupon_id: Option<Uuid>,
    user_id: Option<Uuid>,
    email: String,
}

/// Gives back what an order uses: all of it, or some promotions. Again is no
/// error: then there is nothing to give back. The order is locked.
pub async fn release(
    tx: &Transaction,
    order: OrderId,
    only: Option<&[PromotionId]>,
    now: Timestamp,
) -> Result<bool, Fault> {
    let rows: Vec<ReleasedRow> = tx
        .all(
            "SELECT promotion_id, coupon_id, user_id, email FROM promotion_redemptions \
             WHERE tenant_id = $1 AND order_id = $2 AND released_at IS NULL ORDER BY promotion_id",
            [order.uuid().into()],
        )
        .await?;
    let is_meant = |row: &ReleasedRow| {
        only.is_none_or(|only| only.contains(&PromotionId::from_uuid(row.promotion_id)))
    };
    let rows: Vec<ReleasedRow> = rows.into_iter().filter(is_meant).collect();
    for row in &rows {
        give_back(tx, order, row, now).await?;
    }
    Ok(!rows.is_empty())
}

async fn give_back(
    tx: &Transaction,
    order: OrderId,
    row: &ReleasedRow,
    now: Timestamp,
) -> Result<(), Fault> {
    let noted = tx
        .run(
            "UPDATE promotion_redemptions SET released_at = $2 \
             WHERE tenant_id = $1 AND order_id = $3 AND promotion_id = $4 AND released_at IS NULL",
            [
                now.micros().into(),
                order.uuid().into(),
                row.promotion_id.into(),
            ],
        )
        .await?;
    if noted == 0 {
        return Ok(());
    }
    tx.run(
        "UPDATE promotions SET used = used - 1 WHERE tenant_id = $1 AND id = $2",
        [row.promotion_id.into()],
    )
    .await?;
    if let Some(coupon) = row.coupon_id {
        tx.run(
            "UPDATE coupons SET used = used - 1 WHERE tenant_id = $1 AND id = $2",
            [coupon.into()],
        )
        .await?;
    }
    let customers = Customers::new(row.user_id.map(UserId::from_uuid), Some(&row.email));
    let mut values = vec![row.promotion_id.into()];
    values.extend(customers.values());
    tx.run(
        "UPDATE promotion_customers SET used = used - 1 \
         WHERE tenant_id = $1 AND promotion_id = $2 AND customer IN ($3, $4)",
        values,
    )
    .await?;
    Ok(())
}
