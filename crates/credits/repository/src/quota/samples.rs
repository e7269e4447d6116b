//! How much of quotas was given, hour by hour.

use credits_model::quota::Sample;
use database::{Scoped, Transaction};
use kernel::{Fault, Page, PageRequest, QuotaId, Timestamp};
use sea_orm::FromQueryResult;

#[derive(FromQueryResult)]
struct Row {
    hour: i64,
    used: i64,
    total: Option<i64>,
}

fn read(row: &Row) -> Sample {
    Sample {
        hour: Timestamp::from_micros(row.hour),
        used: row.used,
        total: row.total,
    }
}

/// Notes how much of all quotas is given in an hour; the last one of an hour
/// stays.
pub async fn take(tx: &Transaction, hour: Timestamp) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO quota_samples (tenant_id, quota_id, hour, used, total) \
         SELECT $1, q.id, $2, q.used, q.total FROM quotas q WHERE q.tenant_id = $1 \
         ON CONFLICT (tenant_id, quota_id, hour) DO UPDATE SET used = excluded.used, total = excluded.total",
        [hour.micros().into()],
    )
    .await
    .map(|_| ())
}

/// Forgets what is older.
pub async fn forget_before(tx: &Transaction, hour: Timestamp) -> Result<(), Fault> {
    tx.run(
        "DELETE FROM quota_samples WHERE tenant_id = $1 AND hour < $2",
        [hour.micros().into()],
    )
    .await
    .map(|_| ())
}

/// The samples of a quota from an hour on, in order.
pub async fn since(
    db: &Scoped,
    quota: QuotaId,
    from: Timestamp,
    limit: i64,
) -> Result<Vec<Sample>, Fault> {
    let rows: Vec<Row> = db
        .all(
            "SELECT hour, used, total FROM quota_samples WHERE tenant_id = $1 AND quota_id = $2 AND hour >= $3 \
             ORDER BY hour LIMIT $4",
            [quota.uuid().into(), from.micros().into(), limit.into()],
        )
        .await?;
    Ok(rows.iter().map(read).collect())
}

/// The samples of a quota in a time, newest first.
pub async fn list(
    db: &Scoped,
    quota: QuotaId,
    between: (Option<Timestamp>, Option<Timestamp>),
    page: PageRequest<i64>,
) -> Result<Page<Sample, i64>, Fault> {
    let rows: Vec<Row> = db
        .all(
            "SELECT hour, used, total FROM quota_samples WHERE tenant_id = $1 AND quota_id = $2 \
             AND ($3 IS NULL OR hour >= $3) AND ($4 IS NULL OR hour < $4) AND ($5 IS NULL OR hour < $5) \
             ORDER BY hour DESC LIMIT $6",
            [
                quota.uuid().into(),
                between.0.map(Timestamp::micros).into(),
                between.1.map(Timestamp::micros).into(),
                page.after.into(),
                i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
            ],
        )
        .await?;
    let all = rows.iter().map(read).collect();
    Ok(Page::from_rows(all, page.limit, |one: &Sample| {
        one.hour.micros()
    }))
}
