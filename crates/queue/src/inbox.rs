//! Received webhooks: stored first, then processed by a job.

use database::Transaction;
use kernel::{Audited, Fault, Snapshot, Timestamp, WebhookEventId};
use sea_orm::{FromQueryResult, Value};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};
use uuid::Uuid;

/// A webhook whose signature was checked.
#[derive(Debug, Clone)]
pub struct Received {
    /// Who sent it: `stripe`.
    pub source: &'static str,
    /// The sender's id of the event.
    pub external_id: String,
    /// The sender's name of what happened.
    pub kind: String,
    /// The body, byte for byte.
    pub payload: String,
}

/// What became of a received webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum WebhookState {
    /// Waits for its job.
    Received,
    /// Had its effect.
    Processed,
    /// Has none: unknown kind, nothing of ours, or an illegal transition.
    Ignored,
    /// Could not be processed; see the dead letter.
    Failed,
}

/// A webhook in the inbox.
#[derive(Debug, Clone)]
pub struct WebhookEvent {
    /// Which.
    pub id: WebhookEventId,
    /// Who sent it.
    pub source: String,
    /// The sender's id of the event.
    pub external_id: String,
    /// The sender's name of what happened.
    pub kind: String,
    /// The body, byte for byte.
    pub payload: String,
    /// What became of it.
    pub state: WebhookState,
    /// Why it was ignored or failed.
    pub note: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was processed.
    pub processed_at: Option<Timestamp>,
}

/// The body and what was noted may name somebody and stay out.
impl Audited for WebhookEvent {
    fn snapshot(&self) -> Snapshot {
        let state: &'static str = self.state.into();
        Snapshot::new()
            .with_public_text("source", Some(&self.source))
            .with_public_text("kind", Some(&self.kind))
            .with("state", state)
            .with("processed_at", self.processed_at)
    }
}

#[derive(FromQueryResult)]
pub(crate) struct Row {
    id: Uuid,
    source: String,
    external_id: String,
    kind: String,
    payload: String,
    state: String,
    note: Option<String>,
    received_at: i64,
    processed_at: Option<i64>,
}

pub(crate) const COLUMNS: &str =
    "id, source, external_id, kind, payload, state, note, received_at, processed_at";

impl TryFrom<Row> for WebhookEvent {
    type Error = Fault;

    fn try_from(row: Row) -> Result<Self, Fault> {
        Ok(Self {
            id: WebhookEventId::from_uuid(row.id),
            source: row.source,
            external_id: row.external_id,
            kind: row.kind,
            payload: row.payload,
            state: row
                .state
                .parse()
                .map_err(|error| Fault::permanent("state of a webhook").caused_by(error))?,
            note: row.note,
            received_at: Timestamp::from_micros(row.received_at),
            processed_at: row.processed_at.map(Timestamp::from_micros),
        })
    }
}

/// Stores a webhook. `None` when the same event of the same source is there
/// already: it was delivered twice.
pub async fn store(
    tx: &Transaction,
    received: Received,
    now: Timestamp,
) -> Result<Option<WebhookEventId>, Fault> {
    let id = WebhookEventId::new(now);
    let inserted = tx
        .run(
            "INSERT INTO webhook_events (tenant_id, id, source, external_id, kind, payload, state, received_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 'received', $7) ON CONFLICT DO NOTHING",
            [
                id.uuid().into(),
                received.source.into(),
                received.external_id.into(),
                received.kind.into(),
                received.payload.into(),
                now.micros().into(),
            ],
        )
        .await?;
    Ok((inserted == 1).then_some(id))
}

/// Loads a webhook to process it.
pub async fn load(
    db: &database::Scoped,
    id: WebhookEventId,
) -> Result<Option<WebhookEvent>, Fault> {
    let row: Option<Row> = db
        .one(
            &format!("SELECT {COLUMNS} FROM webhook_events WHERE tenant_id = $1 AND id = $2"),
            [id.uuid().into()],
        )
        .await?;
    row.map(WebhookEvent::try_from).transpose()
}

/// The write that records what became of a webhook. One that is replayed after
/// it had its effect has none the second time, and stays processed.
pub fn conclude(
    id: WebhookEventId,
    state: WebhookState,
    note: Option<String>,
    now: Timestamp,
) -> (&'static str, Vec<Value>) {
    let name: &'static str = state.into();
    (
        "UPDATE webhook_events SET processed_at = $4, \
           state = CASE WHEN $2 = 'ignored' AND state IN ('received', 'processed') AND processed_at IS NOT NULL THEN 'processed' ELSE $2 END, \
           note = CASE WHEN $2 = 'ignored' AND state IN ('received', 'processed') AND processed_at IS NOT NULL THEN NULL ELSE $3 END \
         WHERE tenant_id = $1 AND id = $5",
        vec![
            name.into(),
            note.into(),
            now.micros().into(),
            id.uuid().into(),
        ],
    )
}
