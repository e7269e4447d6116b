//! What is asked of those who run instances.

use database::Transaction;
use database::column::to_maybe;
use kernel::Fault;
use subscriptions_model::instance::InstanceRequest;

/// Adds a request.
pub async fn insert(tx: &Transaction, new: &InstanceRequest) -> Result<(), Fault> {
    let wish: &'static str = new.wish.into();
    tx.run(
        "INSERT INTO instance_requests (tenant_id, id, subscription_id, wish, plan_id, template, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            new.id.uuid().into(),
            new.subscription.uuid().into(),
            wish.into(),
            new.plan.uuid().into(),
            to_maybe(new.template.as_ref()).into(),
            new.created_at.micros().into(),
        ],
    )
    .await
    .map(|_| ())
}
