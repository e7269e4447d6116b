//! Forgetting what nobody asks for any more: stored answers of repeated
//! requests and old webhooks.

use std::time::Duration;

use database::Database;
use kernel::{Fault, Job, Scope, Timestamp};
use serde::{Deserialize, Serialize};

use crate::queue::Queue;
use crate::registry::Registry;
use crate::schedule::Schedule;

/// How long the answer of a request with an idempotency key is kept.
const KEEP_ANSWERS: Duration = Duration::from_hours(48);
/// How long a webhook is kept.
const KEEP_WEBHOOKS: Duration = Duration::from_hours(2160);

/// Forgets what nobody asks for any more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sweep {}

impl Job for Sweep {
    const KIND: &'static str = "queue.sweep";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Names the handler.
pub fn register(registry: &mut Registry, database: &Database, queue: &Queue) {
    let (database, queue) = (database.clone(), queue.clone());
    registry.handle(move |context, Sweep {}| {
        let (database, now) = (database.clone(), queue.clock().now());
        async move { sweep(&database, &context.scope, now).await }
    });
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![Schedule::new(Duration::from_hours(1), Sweep {})]
}

async fn sweep(database: &Database, scope: &Scope, now: Timestamp) -> Result<(), Fault> {
    let tx = database.begin_write(scope, "queue.sweep").await?;
    let answers = tx
        .run(
            "DELETE FROM request_keys WHERE tenant_id = $1 AND created_at < $2",
            [now.minus(KEEP_ANSWERS).micros().into()],
        )
        .await?;
    let webhooks = tx
        .run(
            "DELETE FROM webhook_events WHERE tenant_id = $1 AND state <> 'received' AND received_at < $2",
            [now.minus(KEEP_WEBHOOKS).micros().into()],
        )
        .await?;
    tx.commit().await?;
    tracing::debug!(answers, webhooks, "forgot what is old");
    Ok(())
}
