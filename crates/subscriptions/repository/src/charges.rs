//! What was charged for subscriptions.

use database::column::{currency, word};
use database::{Scoped, Transaction};
use kernel::{ChargeId, Fault, Money, PlanId, SubscriptionId, Timestamp, TransferId};
use sea_orm::FromQueryResult;
use subscriptions_model::charge::Charge;
use uuid::Uuid;

/// The unique key of what is paid once, as faults name it.
pub const UNIQUE_PERIOD: &str = "subscription_charges(subscription_id,period)";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    subscription_id: Uuid,
    period: i64,
    kind: String,
    plan_id: Uuid,
    amount: i64,
    currency: String,
    transfer_id: Option<Uuid>,
    refunded: i64,
    created_at: i64,
}

fn read(row: &Row) -> Result<Charge, Fault> {
    let currency = currency("subscription_charges.currency", &row.currency)?;
    Ok(Charge {
        id: ChargeId::from_uuid(row.id),
        subscription: SubscriptionId::from_uuid(row.subscription_id),
        period: row.period,
        kind: word("subscription_charges.kind", &row.kind)?,
        plan: PlanId::from_uuid(row.plan_id),
        amount: Money::new(row.amount, currency),
        transfer: row.transfer_id.map(TransferId::from_uuid),
        refunded: Money::new(row.refunded, currency),
        created_at: Timestamp::from_micros(row.created_at),
    })
}

/// Adds a charge.
pub async fn insert(tx: &Transaction, new: &Charge) -> Result<(), Fault> {
    let kind: &'static str = new.kind.into();
    tx.run(
        "INSERT INTO subscription_charges (tenant_id, id, subscription_id, period, kind, plan_id, amount, currency, \
           transfer_id, refunded, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10)",
        [
            new.id.uuid().into(),
            new.subscription.uuid().into(),
            new.period.into(),
            kind.into(),
            new.plan.uuid().into(),
            new.amount.minor.into(),
            new.amount.currency.code().into(),
            new.transfer.map(TransferId::uuid).into(),
            new.created_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}

/// The charges of a subscription, newest first; those before one of them.
pub async fn of(
    db: &Scoped,
    subscription: SubscriptionId,
    before: Option<&Charge>,
    limit: i64,
) -> Result<Vec<Charge>, Fault> {
    let rows: Vec<Row> = db
        .all(
            "SELECT id, subscription_id, period, kind, plan_id, amount, currency, transfer_id, refunded, created_at \
             FROM subscription_charges WHERE tenant_id = $1 AND subscription_id = $2 \
               AND ($3 IS NULL OR period < $3 OR (period = $3 AND id < $4)) \
             ORDER BY period DESC, id DESC LIMIT $5",
            [
                subscription.uuid().into(),
                before.map(|charge| charge.period).into(),
                before.map(|charge| charge.id.uuid()).into(),
                limit.into(),
            ],
        )
        .await?;
    rows.iter().map(read).collect()
}

/// Notes that so much more of a charge went back; false when it was less.
pub async fn refund(tx: &Transaction, id: ChargeId, amount: i64) -> Result<bool, Fault> {
    let touched = tx
        .run(
            "UPDATE subscription_charges SET refunded = refunded + $2 \
             WHERE tenant_id = $1 AND id = $3 AND refunded + $2 <= amount",
            [amount.into(), id.uuid().into()],
        )
        .await?;
    Ok(touched == 1)
}
