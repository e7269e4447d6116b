//! Visitors of a day, as hashes.

use std::fmt::Write as _;

use database::Transaction;
use jiff::civil::Date;
use kernel::Fault;
use sea_orm::{FromQueryResult, Value};

/// Rows of one statement.
const AT_ONCE: usize = 500;

#[derive(FromQueryResult)]
struct SaltRow {
    salt: Vec<u8>,
}

/// The salt of a day: this one, unless there is one already.
pub async fn salt(tx: &Transaction, day: Date, new: &[u8]) -> Result<Vec<u8>, Fault> {
    tx.run(
        "INSERT INTO visitor_salts (tenant_id, day, salt) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        [day.to_string().into(), new.to_vec().into()],
    )
    .await?;
    let row: Option<SaltRow> = tx
        .one(
            "SELECT salt FROM visitor_salts WHERE tenant_id = $1 AND day = $2",
            [day.to_string().into()],
        )
        .await?;
    row.map(|row| row.salt)
        .ok_or_else(|| Fault::transient("the salt of the day was deleted just now"))
}

/// Notes how far visitors came; the hashes in rising order, each once.
pub async fn note(tx: &Transaction, day: Date, seen: &[(Vec<u8>, u8)]) -> Result<(), Fault> {
    for some in seen.chunks(AT_ONCE) {
        let mut sql = "INSERT INTO visitors (tenant_id, day, hash, stages) VALUES ".to_owned();
        let mut values: Vec<Value> = vec![day.to_string().into()];
        for (n, (hash, stages)) in some.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            let (first, second) = (values.len() + 2, values.len() + 3);
            let _ = write!(sql, "{comma}($1, $2, ${first}, ${second})");
            values.push(hash.clone().into());
            values.push(i64::from(*stages).into());
        }
        sql.push_str(
            " ON CONFLICT (tenant_id, day, hash) DO UPDATE SET stages = visitors.stages | excluded.stages",
        );
        tx.run(&sql, values).await?;
    }
    Ok(())
}

/// Counts the visitors of all days that are still known.
pub async fn count(tx: &Transaction) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO insight_visits (tenant_id, day, visitors, viewers, carts, checkouts) \
         SELECT tenant_id, day, count(*), CAST(SUM((stages & 2) / 2) AS bigint), \
           CAST(SUM((stages & 4) / 4) AS bigint), CAST(SUM((stages & 8) / 8) AS bigint) \
         FROM visitors WHERE tenant_id = $1 GROUP BY tenant_id, day \
         ON CONFLICT (tenant_id, day) DO UPDATE SET visitors = excluded.visitors, viewers = excluded.viewers, \
           carts = excluded.carts, checkouts = excluded.checkouts \
         WHERE excluded.visitors >= insight_visits.visitors",
        [],
    )
    .await
    .map(|_| ())
}

/// Forgets the visitors of all days before one, and what their hashes were
/// made with.
pub async fn forget(tx: &Transaction, before: Date) -> Result<(), Fault> {
    for table in ["visitors", "visitor_salts"] {
        tx.run(
            &format!("DELETE FROM {table} WHERE tenant_id = $1 AND day < $2"),
            [before.to_string().into()],
        )
        .await?;
    }
    Ok(())
}
