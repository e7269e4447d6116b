//! How far behind the work is.

use kernel::{Fault, Permission, Scope, Timestamp};
use sea_orm::FromQueryResult;

use super::{QueueAdmin, QueueError};

/// How far behind the work is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// Jobs that are due and wait.
    pub due: i64,
    /// Jobs that are due later.
    pub later: i64,
    /// Jobs that run.
    pub running: i64,
    /// Dead letters.
    pub dead: i64,
    /// For how long the oldest due job has been due, in microseconds.
    pub oldest_due_micros: i64,
    /// Webhooks that wait to be processed.
    pub webhooks: i64,
    /// For how long the oldest of them has waited, in microseconds.
    pub oldest_webhook_micros: i64,
    /// Events that wait to be relayed.
    pub events: i64,
}

impl QueueAdmin {
    /// How far behind the tenant's work is.
    pub async fn lag(&self, scope: &Scope) -> Result<Lag, QueueError> {
        scope.require(Permission::JobsRead)?;
        let db = self.database.read(scope).await?;
        let now = self.queue.clock().now();
        let row: Option<LagRow> = db
            .one(&lag_sql("tenant_id = $1", "$2"), [now.micros().into()])
            .await?;
        Ok(row.map(|row| row.at(now)).unwrap_or_default())
    }

    /// How far behind the work of all tenants is; for metrics.
    pub async fn lag_of_all(&self) -> Result<Lag, Fault> {
        let tx = self.database.read_system("queue.lag").await?;
        let now = self.queue.clock().now();
        let row: Option<LagRow> = tx
            .one(&lag_sql("true", "$1"), [now.micros().into()])
            .await?;
        Ok(row.map(|row| row.at(now)).unwrap_or_default())
    }
}

#[derive(FromQueryResult)]
struct LagRow {
    due: i64,
    later: i64,
    running: i64,
    dead: i64,
    oldest: Option<i64>,
    webhooks: i64,
    oldest_webhook: Option<i64>,
    events: i64,
}

impl LagRow {
    fn at(self, now: Timestamp) -> Lag {
        let age = |since: Option<i64>| since.map_or(0, |since| (now.micros() - since).max(0));
        Lag {
            due: self.due,
            later: self.later,
            running: self.running,
            dead: self.dead,
            oldest_due_micros: age(self.oldest),
            webhooks: self.webhooks,
            oldest_webhook_micros: age(self.oldest_webhook),
            events: self.events,
        }
    }
}

fn lag_sql(whose: &str, now: &str) -> String {
    let jobs =
        |condition: &str| format!("(SELECT count(*) FROM jobs WHERE {whose} AND {condition})");
    format!(
        "SELECT {} AS due, {} AS later, {} AS running, {} AS dead, \
         (SELECT min(available_at) FROM jobs WHERE {whose} AND state <> 'dead' AND available_at <= {now}) AS oldest, \
         (SELECT count(*) FROM webhook_events WHERE {whose} AND state = 'received') AS webhooks, \
         (SELECT min(received_at) FROM webhook_events WHERE {whose} AND state = 'received') AS oldest_webhook, \
         (SELECT count(*) FROM events WHERE {whose}) AS events",
        jobs(&format!("state <> 'dead' AND available_at <= {now}")),
        jobs(&format!("state = 'queued' AND available_at > {now}")),
        jobs(&format!("state = 'running' AND available_at > {now}")),
        jobs("state = 'dead'"),
    )
}
