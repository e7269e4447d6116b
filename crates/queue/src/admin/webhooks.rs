//! Received webhooks.

use kernel::{AuditEntry, Fault, Page, PageRequest, Permission, Scope, WebhookEventId};

use super::{QueueAdmin, QueueError};
use crate::inbox::{self, WebhookEvent, WebhookState};

/// Which webhooks to list.
#[derive(Debug, Clone, Default)]
pub struct WebhookFilter {
    /// Only those of a sender.
    pub source: Option<String>,
    /// Only those that stand there.
    pub state: Option<WebhookState>,
}

impl QueueAdmin {
    /// Received webhooks, newest first.
    pub async fn webhooks(
        &self,
        scope: &Scope,
        filter: &WebhookFilter,
        page: PageRequest<WebhookEventId>,
    ) -> Result<Page<WebhookEvent, WebhookEventId>, QueueError> {
        scope.require(Permission::JobsRead)?;
        let db = self.database.read(scope).await?;
        let state: Option<&'static str> = filter.state.map(Into::into);
        let rows: Vec<inbox::Row> = db
            .all(
                &format!(
                    "SELECT {} FROM webhook_events WHERE tenant_id = $1 \
                     AND ($2 IS NULL OR source = $2) AND ($3 IS NULL OR state = $3) \
                     AND ($4 IS NULL OR id < $4) ORDER BY id DESC LIMIT $5",
                    inbox::COLUMNS
                ),
                [
                    filter.source.clone().into(),
                    state.map(str::to_owned).into(),
                    page.after.map(WebhookEventId::uuid).into(),
                    i64::try_from(page.limit + 1).unwrap_or(i64::MAX).into(),
                ],
            )
            .await?;
        let events = rows
            .into_iter()
            .map(WebhookEvent::try_from)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_rows(events, page.limit, |event| event.id))
    }

    /// One received webhook.
    pub async fn webhook(
        &self,
        scope: &Scope,
        id: WebhookEventId,
    ) -> Result<WebhookEvent, QueueError> {
        scope.require(Permission::JobsRead)?;
        let db = self.database.read(scope).await?;
        inbox::load(&db, id)
            .await?
            .ok_or(QueueError::WebhookNotFound)
    }

    /// Processes a webhook again. Processing is idempotent, so this is safe at
    /// any time.
    pub async fn replay(
        &self,
        scope: &Scope,
        id: WebhookEventId,
    ) -> Result<WebhookEvent, QueueError> {
        scope.require(Permission::JobsWrite)?;
        let tx = self.database.begin_write(scope, "webhook.replay").await?;
        let before = inbox::load(&tx, id)
            .await?
            .ok_or(QueueError::WebhookNotFound)?;
        let (_, job) = self
            .replays
            .iter()
            .find(|(source, _)| *source == before.source)
            .ok_or_else(|| QueueError::NotReplayable(before.source.clone()))?;
        let job = job(id);
        let payload = job
            .payload
            .map_err(|error| Fault::permanent("write a payload").caused_by(error))?;
        self.queue
            .enqueue_raw(&tx, job.kind, job.max_attempts, payload)
            .await?;
        tx.run(
            "UPDATE webhook_events SET state = 'received', note = NULL, \
               processed_at = CASE WHEN state IN ('processed', 'received') THEN processed_at END \
             WHERE tenant_id = $1 AND id = $2",
            [id.uuid().into()],
        )
        .await?;
        let event = inbox::load(&tx, id)
            .await?
            .ok_or(QueueError::WebhookNotFound)?;
        let entry = AuditEntry::new("webhook_event.replay", id);
        let entry = entry.before(&before).after(&event);
        self.log.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(event)
    }
}
