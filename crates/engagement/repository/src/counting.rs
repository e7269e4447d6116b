//! Counting facts: each once, and the sums with it.

use database::Transaction;
use engagement_model::insight::{Fact, FactKind};
use jiff::civil::Date;
use kernel::{Fault, ProductId, Timestamp};
use sea_orm::{FromQueryResult, Value};
use uuid::Uuid;

/// Lets nobody else count in the tenant until the transaction ends.
pub async fn lock(tx: &Transaction, now: Timestamp) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO insight_locks (tenant_id, counted_at) VALUES ($1, $2) \
         ON CONFLICT (tenant_id) DO UPDATE SET counted_at = excluded.counted_at",
        [now.micros().into()],
    )
    .await
    .map(|_| ())
}

fn values(fact: &Fact) -> Vec<Value> {
    let kind: &'static str = fact.kind.into();
    let product = fact.product.as_ref();
    vec![
        kind.into(),
        Uuid::from_u128(fact.object).into(),
        fact.day.to_string().into(),
        fact.amount.currency.code().into(),
        fact.amount.minor.into(),
        fact.quantity.into(),
        product.map(|(id, _)| ProductId::uuid(*id)).into(),
        product.map(|(_, name)| name.clone()).into(),
    ]
}

/// Adds a fact; false when it was there.
pub async fn add(tx: &Transaction, fact: &Fact) -> Result<bool, Fault> {
    let inserted = tx
        .run(
            "INSERT INTO insight_facts (tenant_id, kind, object_id, day, currency, amount, quantity, product_id, name) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            values(fact),
        )
        .await?;
    Ok(inserted == 1)
}

#[derive(FromQueryResult)]
struct DayRow {
    day: String,
}

/// Adds a fact, or corrects it; the day it had before.
pub async fn put(tx: &Transaction, fact: &Fact) -> Result<Option<Date>, Fault> {
    let kind: &'static str = fact.kind.into();
    let before: Option<DayRow> = tx
        .one(
            "SELECT day FROM insight_facts WHERE tenant_id = $1 AND kind = $2 AND object_id = $3",
            [kind.into(), Uuid::from_u128(fact.object).into()],
        )
        .await?;
    tx.run(
        "INSERT INTO insight_facts (tenant_id, kind, object_id, day, currency, amount, quantity, product_id, name) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (tenant_id, kind, object_id) DO UPDATE SET day = excluded.day, currency = excluded.currency, \
           amount = excluded.amount, quantity = excluded.quantity, product_id = excluded.product_id, name = excluded.name",
        values(fact),
    )
    .await?;
    Ok(before.and_then(|row| row.day.parse().ok()))
}

/// Adds a fact to the sums of its day.
pub async fn sum_up(tx: &Transaction, fact: &Fact) -> Result<(), Fault> {
    let (one, amount) = (Value::from(1i64), Value::from(fact.amount.minor));
    let zero = || Value::from(0i64);
    let day: Value = fact.day.to_string().into();
    let currency: Value = fact.amount.currency.code().into();
    // Orders, revenue, refunds, refunded, reminders, recovered, their revenue.
    let figures = match fact.kind {
        FactKind::Order => [one, amount, zero(), zero(), zero(), zero(), zero()],
        FactKind::Refund => [zero(), zero(), one, amount, zero(), zero(), zero()],
        FactKind::Reminder => [zero(), zero(), zero(), zero(), one, zero(), zero()],
        FactKind::Recovered => [zero(), zero(), zero(), zero(), zero(), one, amount],
        FactKind::Line => {
            let Some((product, name)) = &fact.product else {
                return Ok(());
            };
            tx.run(
                "INSERT INTO insight_products (tenant_id, day, product_id, currency, name, quantity, revenue) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, day, product_id, currency) \
                 DO UPDATE SET name = CASE WHEN excluded.name > insight_products.name THEN excluded.name \
                     ELSE insight_products.name END, \
                   quantity = insight_products.quantity + excluded.quantity, \
                   revenue = insight_products.revenue + excluded.revenue",
                [
                    day,
                    product.uuid().into(),
                    currency,
                    name.clone().into(),
                    fact.quantity.into(),
                    amount,
                ],
            )
            .await?;
            return Ok(());
        }
    };
    let values = [day, currency].into_iter().chain(figures);
    tx.run(
        "INSERT INTO insight_days (tenant_id, day, currency, orders, revenue, refunds, refunded, reminders, recovered, \
           recovered_revenue) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
         ON CONFLICT (tenant_id, day, currency) DO UPDATE SET \
           orders = insight_days.orders + excluded.orders, revenue = insight_days.revenue + excluded.revenue, \
           refunds = insight_days.refunds + excluded.refunds, refunded = insight_days.refunded + excluded.refunded, \
           reminders = insight_days.reminders + excluded.reminders, \
           recovered = insight_days.recovered + excluded.recovered, \
           recovered_revenue = insight_days.recovered_revenue + excluded.recovered_revenue",
        values.collect::<Vec<_>>(),
    )
    .await
    .map(|_| ())
}

/// Makes the sums of a day anew from its facts.
pub async fn sum_day_anew(tx: &Transaction, day: Date) -> Result<(), Fault> {
    let day = || Value::from(day.to_string());
    for table in ["insight_days", "insight_products"] {
        tx.run(
            &format!("DELETE FROM {table} WHERE tenant_id = $1 AND day = $2"),
            [day()],
        )
        .await?;
    }
    let count =
        |kind: &str| format!("CAST(SUM(CASE WHEN kind = '{kind}' THEN 1 ELSE 0 END) AS bigint)");
    let sum = |kind: &str| {
        format!("CAST(SUM(CASE WHEN kind = '{kind}' THEN amount ELSE 0 END) AS bigint)")
    };
    let sql = format!(
        "INSERT INTO insight_days (tenant_id, day, currency, orders, revenue, refunds, refunded, reminders, recovered, \
           recovered_revenue) \
         SELECT tenant_id, day, currency, {}, {}, {}, {}, {}, {}, {} FROM insight_facts \
         WHERE tenant_id = $1 AND day = $2 AND kind <> 'line' GROUP BY tenant_id, day, currency",
        count("order"),
        sum("order"),
        count("refund"),
        sum("refund"),
        count("reminder"),
        count("recovered"),
        sum("recovered"),
    );
    tx.run(&sql, [day()]).await?;
    tx.run(
        "INSERT INTO insight_products (tenant_id, day, product_id, currency, name, quantity, revenue) \
         SELECT tenant_id, day, product_id, currency, MAX(name), CAST(SUM(quantity) AS bigint), \
           CAST(SUM(amount) AS bigint) FROM insight_facts \
         WHERE tenant_id = $1 AND day = $2 AND kind = 'line' GROUP BY tenant_id, day, product_id, currency",
        [day()],
    )
    .await
    .map(|_| ())
}

/// Notes what is in stock on a day.
pub async fn put_stock(
    tx: &Transaction,
    day: Date,
    pieces: i64,
    value: kernel::Money,
) -> Result<(), Fault> {
    tx.run(
        "INSERT INTO insight_stock (tenant_id, day, currency, pieces, value) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, day, currency) DO UPDATE SET pieces = excluded.pieces, value = excluded.value",
        [
            day.to_string().into(),
            value.currency.code().into(),
            pieces.into(),
            value.minor.into(),
        ],
    )
    .await
    .map(|_| ())
}
