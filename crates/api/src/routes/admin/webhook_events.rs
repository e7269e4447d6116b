//! Received webhooks.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use kernel::{Timestamp, WebhookEventId};
use queue::QueueError;
use queue::admin::WebhookFilter;
use queue::inbox::{WebhookEvent, WebhookState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::extract::{Caller, List, Listed, Query, id, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// What became of a webhook.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookState)]
pub(crate) enum WebhookStateDto {
    /// Waits for its job.
    Received,
    /// Had its effect.
    Processed,
    /// Has none.
    Ignored,
    /// Could not be processed.
    Failed,
}

impl From<WebhookState> for WebhookStateDto {
    fn from(state: WebhookState) -> Self {
        match state {
            WebhookState::Received => Self::Received,
            WebhookState::Processed => Self::Processed,
            WebhookState::Ignored => Self::Ignored,
            WebhookState::Failed => Self::Failed,
        }
    }
}

impl From<WebhookStateDto> for WebhookState {
    fn from(dto: WebhookStateDto) -> Self {
        match dto {
            WebhookStateDto::Received => Self::Received,
            WebhookStateDto::Processed => Self::Processed,
            WebhookStateDto::Ignored => Self::Ignored,
            WebhookStateDto::Failed => Self::Failed,
        }
    }
}

/// A webhook that was received.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEvent)]
pub(crate) struct WebhookEventDto {
    /// Which.
    #[schema(value_type = String, example = "whe_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: WebhookEventId,
    /// Who sent it.
    #[schema(example = "stripe")]
    source: String,
    /// The sender's id of the event.
    #[schema(example = "evt_1PgafyB7WZ01zgkW")]
    external_id: String,
    /// The sender's name of what happened.
    #[schema(example = "checkout.session.completed")]
    kind: String,
    /// What became of it.
    state: WebhookStateDto,
    /// Why it was ignored or failed.
    note: Option<String>,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    /// When it was processed.
    #[schema(value_type = Option<String>, format = DateTime)]
    processed_at: Option<Timestamp>,
}

impl From<&WebhookEvent> for WebhookEventDto {
    fn from(event: &WebhookEvent) -> Self {
        Self {
            id: event.id,
            source: event.source.clone(),
            external_id: event.external_id.clone(),
            kind: event.kind.clone(),
            state: event.state.into(),
            note: event.note.clone(),
            received_at: event.received_at,
            processed_at: event.processed_at,
        }
    }
}

/// A webhook with its body.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookEventDetail)]
pub(crate) struct WebhookEventDetailDto {
    #[serde(flatten)]
    event: WebhookEventDto,
    /// The body, byte for byte.
    payload: String,
}

impl From<WebhookEvent> for WebhookEventDetailDto {
    fn from(event: WebhookEvent) -> Self {
        Self {
            event: (&event).into(),
            payload: event.payload,
        }
    }
}

/// Which webhooks, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhooksQuery {
    /// Of a sender.
    #[validate(length(max = 40))]
    source: Option<String>,
    /// What became of them.
    #[param(inline)]
    state: Option<WebhookStateDto>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List received webhooks
#[utoipa::path(tag = "admin: jobs", params(WebhooksQuery), responses(
    (status = 200, description = "Webhooks, newest first.", body = List<WebhookEventDto>),
))]
#[get("/api/admin/webhook-events")]
pub(crate) async fn list_webhook_events(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<WebhooksQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = WebhookFilter {
        source: query.source,
        state: query.state.map(Into::into),
    };
    let page = state.queue.webhooks(&caller.0, &filter, page).await?;
    let to_dto = |event| WebhookEventDto::from(&event);
    Ok(Listed::new(&state, &caller.0, &request, page, to_dto)?.response())
}

/// See a received webhook
#[utoipa::path(tag = "admin: jobs", params(("webhook_event_id" = String, Path, description = "The webhook.")), responses(
    (status = 200, description = "The webhook with its body.", body = WebhookEventDetailDto),
))]
#[get("/api/admin/webhook-events/{webhook_event_id}")]
pub(crate) async fn get_webhook_event(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QueueError::WebhookNotFound)?;
    let event = state.queue.webhook(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(WebhookEventDetailDto::from(event)))
}

/// Process a received webhook again
///
/// Safe at any time: what had its effect has none again.
#[utoipa::path(tag = "admin: jobs", params(("webhook_event_id" = String, Path, description = "The webhook.")), responses(
    (status = 200, description = "The webhook, waiting for its job.", body = WebhookEventDetailDto),
))]
#[post("/api/admin/webhook-events/{webhook_event_id}/replay")]
pub(crate) async fn replay_webhook_event(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QueueError::WebhookNotFound)?;
    let event = state.queue.replay(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(WebhookEventDetailDto::from(event)))
}
