//! Moves events from the outbox to their subscribers.

use std::sync::Arc;
use std::time::Duration;

use database::{Backend, Database};
use kernel::{EventId, Fault, TenantId, Timestamp};
use sea_orm::FromQueryResult;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::queue::Queue;
use crate::registry::{Delivery, NewJob, Registry};
use crate::store::{self, Addition};

/// How many events are moved in one transaction.
const BATCH: usize = 500;
/// What is published within this time after a turn waits for the next one, so
/// that a busy relay moves several events with one commit. An idle one moves
/// them at once.
const PACE: Duration = Duration::from_millis(50);
/// The PostgreSQL channel on which nodes tell each other what is stale.
const CHANNEL: &str = "sutler_stale";
/// PostgreSQL takes less than 8,000 bytes a notification.
const MAX_NOTIFICATION: usize = 7_500;

/// Turns events into jobs and announcements. Any number may run: each event
/// is taken by one of them, in one transaction with the jobs it gives rise to.
pub struct Relay {
    database: Database,
    registry: Arc<Registry>,
    queue: Queue,
    poll_interval: Duration,
}

#[derive(FromQueryResult)]
struct Row {
    tenant_id: Uuid,
    id: Uuid,
    kind: String,
    payload: serde_json::Value,
    request_id: String,
    created_at: i64,
}

/// What one node tells the others.
#[derive(Serialize, Deserialize)]
struct Announcement {
    tenant: TenantId,
    tags: Vec<String>,
}

impl Relay {
    /// A relay of this process.
    pub fn new(
        database: Database,
        registry: Arc<Registry>,
        queue: Queue,
        poll_interval: Duration,
    ) -> Self {
        Self {
            database,
            registry,
            queue,
            poll_interval,
        }
    }

    /// Moves events until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let signal = self.queue.events_signal();
        while !stop.is_cancelled() {
            match self.turn().await {
                Ok(BATCH) => {}
                Ok(moved) => {
                    if moved > 0 {
                        tokio::time::sleep(PACE).await;
                    }
                    tokio::select! {
                        () = signal.notified() => {}
                        () = tokio::time::sleep(self.poll_interval) => {}
                        () = stop.cancelled() => {}
                    }
                }
                Err(fault) => {
                    tracing::warn!(cause = fault.chain(), "events could not be relayed");
                    tokio::select! {
                        () = tokio::time::sleep(self.poll_interval) => {}
                        () = stop.cancelled() => {}
                    }
                }
            }
        }
    }

    /// Moves one batch; how many events it held.
    pub async fn turn(&self) -> Result<usize, Fault> {
        let tx = self.database.begin_system("relay.turn").await?;
        let skip = match tx.backend() {
            Backend::Postgres => " FOR UPDATE SKIP LOCKED",
            Backend::Sqlite => "",
        };
        let mut rows: Vec<Row> = tx
            .all(
                &format!(
                    "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT $1{skip}) \
                     RETURNING tenant_id, id, kind, payload, request_id, created_at"
                ),
                [i64::try_from(BATCH).unwrap_or(i64::MAX).into()],
            )
            .await?;
        if rows.is_empty() {
            return Ok(0);
        }
        rows.sort_by_key(|row| row.id);
        let count = rows.len();
        let now = self.queue.clock().now();
        let mut additions = Vec::new();
        let mut announcements: Vec<Announcement> = Vec::new();
        for row in rows {
            let delivery = Delivery {
                tenant: TenantId::from_uuid(row.tenant_id),
                id: EventId::from_uuid(row.id),
                kind: row.kind,
                at: Timestamp::from_micros(row.created_at),
                payload: row.payload,
            };
            for job in self.jobs_for(&delivery) {
                additions.push(Addition {
                    tenant: delivery.tenant,
                    job,
                    single: None,
                    request_id: row.request_id.clone(),
                });
            }
            let tags = self.registry.tags_for(&delivery);
            if !tags.is_empty() {
                merge(&mut announcements, delivery.tenant, tags);
            }
        }
        let added = store::add(&tx, additions, now).await?;
        if tx.backend() == Backend::Postgres {
            for text in notifications(&announcements) {
                tx.run("SELECT pg_notify($1, $2)", [CHANNEL.into(), text.into()])
                    .await?;
            }
        }
        tx.commit().await?;
        for announcement in &announcements {
            self.queue
                .stale_tags()
                .announce(announcement.tenant, &announcement.tags);
        }
        if added > 0 {
            self.queue.jobs_signal().notify_one();
        }
        metrics::counter!("sutler_events_relayed_total").increment(count as u64);
        Ok(count)
    }

    /// The jobs of an event. One that cannot be turned into jobs must neither
    /// be lost nor hold up the others: it becomes a job that nobody handles,
    /// and so a dead letter.
    fn jobs_for(&self, delivery: &Delivery) -> Vec<NewJob> {
        match self.registry.jobs_for(delivery) {
            Ok(jobs) => jobs,
            Err(fault) => {
                let (kind, cause) = (&delivery.kind, fault.chain());
                tracing::error!(kind, cause, "an event cannot be delivered");
                vec![NewJob {
                    kind: "events.undeliverable",
                    payload: serde_json::json!(delivery),
                    max_attempts: 1,
                }]
            }
        }
    }

    /// Listens on PostgreSQL to what other nodes announce, until told to stop.
    /// After a lost connection everything counts as stale, because something
    /// may have been missed.
    pub async fn listen(database: Database, queue: Queue, stop: CancellationToken) {
        if database.backend() == Backend::Sqlite {
            return;
        }
        while !stop.is_cancelled() {
            tokio::select! {
                result = hear(&queue, &database) => {
                    if let Err(fault) = result {
                        tracing::warn!(cause = fault.chain(), "announcements of other nodes are not heard");
                    }
                    queue.stale_tags().announce_everything();
                    tokio::select! {
                        () = tokio::time::sleep(Duration::from_secs(1)) => {}
                        () = stop.cancelled() => {}
                    }
                }
                () = stop.cancelled() => {}
            }
        }
    }
}

async fn hear(queue: &Queue, database: &Database) -> Result<(), Fault> {
    let Some(mut listener) = database.listener().await? else {
        return Ok(());
    };
    let failed = |error| Fault::transient("listen to notifications").caused_by(error);
    listener.listen(CHANNEL).await.map_err(failed)?;
    // Only from now on nothing is missed.
    queue.stale_tags().announce_everything();
    while let Some(notification) = listener.try_recv().await.map_err(failed)? {
        match serde_json::from_str::<Announcement>(notification.payload()) {
            Ok(announcement) => queue
                .stale_tags()
                .announce(announcement.tenant, &announcement.tags),
            Err(error) => tracing::warn!(%error, "an announcement cannot be read"),
        }
    }
    Err(Fault::transient("the connection that listens was lost"))
}

fn merge(announcements: &mut Vec<Announcement>, tenant: TenantId, tags: Vec<String>) {
    let index = announcements
        .iter()
        .position(|announcement| announcement.tenant == tenant)
        .unwrap_or_else(|| {
            announcements.push(Announcement {
                tenant,
                tags: Vec::new(),
            });
            announcements.len() - 1
        });
    let known = &mut announcements[index].tags;
    for tag in tags {
        if !known.contains(&tag) {
            known.push(tag);
        }
    }
}

/// The announcements as texts that fit a notification. Tags with an id are
/// divided over several where they have to be; those without come with each.
fn notifications(announcements: &[Announcement]) -> Vec<String> {
    let mut texts = Vec::new();
    for announcement in announcements {
        let (own, general): (Vec<String>, Vec<String>) = announcement
            .tags
            .iter()
            .cloned()
            .partition(|tag| tag.contains(':'));
        let length = |tags: &[String]| tags.iter().map(|tag| tag.len() + 3).sum::<usize>();
        let room = MAX_NOTIFICATION.saturating_sub(100 + length(&general));
        let mut parts = vec![general.clone()];
        let mut left = room;
        for tag in own {
            let needed = tag.len() + 3;
            if needed > left {
                parts.push(general.clone());
                left = room;
            }
            left = left.saturating_sub(needed);
            if let Some(part) = parts.last_mut() {
                part.push(tag);
            }
        }
        texts.extend(parts.into_iter().filter_map(|tags| {
            let tenant = announcement.tenant;
            serde_json::to_string(&Announcement { tenant, tags }).ok()
        }));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_tags_are_split_into_notifications_that_fit() {
        let tenant = TenantId::new(Timestamp::from_micros(0));
        let mut tags: Vec<String> = (0..1000).map(|n| format!("product:prod_{n:026}")).collect();
        tags.push("products".to_owned());
        let texts = notifications(&[Announcement {
            tenant,
            tags: tags.clone(),
        }]);
        assert!(texts.len() > 1);
        let mut heard = Vec::new();
        for text in texts {
            assert!(text.len() < 8000);
            let part = serde_json::from_str::<Announcement>(&text).unwrap().tags;
            assert_eq!(
                part[0], "products",
                "who hears of products hears what of them"
            );
            heard.extend_from_slice(&part[1..]);
        }
        tags.pop();
        assert_eq!(heard, tags);
    }
}
