//! Where one is signed in.

use accounts_model::AccountsError;
use accounts_model::session::Session;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use kernel::{SessionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::extract::{Caller, List, Listed, Query, id, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionsQuery {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A device that is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedInDevice)]
pub(crate) struct DeviceDto {
    /// Which.
    #[schema(value_type = String, example = "ses_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: SessionId,
    /// Whether it is the one that asks.
    current: bool,
    /// What it called itself when it signed in.
    #[schema(required = true)]
    user_agent: Option<String>,
    /// Where it was when it signed in.
    #[schema(required = true, example = "203.0.113.7")]
    address: Option<String>,
    /// When it signed in.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// About when it was last used, or refreshed.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Timestamp,
    /// Until when it stays signed in if it is not refreshed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

impl DeviceDto {
    fn new(session: Session, current: SessionId) -> Self {
        Self {
            current: session.id == current,
            id: session.id,
            user_agent: session.user_agent,
            address: session.address.map(|address| address.to_string()),
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
        }
    }
}

/// How many sessions were ended.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedSessions)]
pub(crate) struct EndedDto {
    /// So many.
    #[schema(minimum = 0)]
    ended: u64,
}

/// List where you are signed in
///
/// Sessions that go on, newest first.
#[utoipa::path(tag = "sessions", params(SessionsQuery), responses(
    (status = 200, description = "Your sessions.", body = List<DeviceDto>),
))]
#[get("/api/auth/sessions")]
pub(crate) async fn list_sessions(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<SessionsQuery>,
) -> Result<HttpResponse, ApiError> {
    let (_, current) = caller.0.require_session()?;
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.accounts.sessions(&caller.0, page).await?;
    let to_dto = |session| DeviceDto::new(session, current);
    Ok(Listed::new(&state, &caller.0, &request, page, to_dto)?.response())
}

/// Sign a device out
///
/// Its tokens stop working at once.
#[utoipa::path(tag = "sessions", params(("auth_session_id" = String, Path, description = "The session.")), responses(
    (status = 204, description = "It is signed out."),
))]
#[delete("/api/auth/sessions/{auth_session_id}")]
pub(crate) async fn revoke_session(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, AccountsError::SessionNotFound)?;
    state.accounts.revoke_session(&caller.0, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sign all other devices out
#[utoipa::path(tag = "sessions", responses(
    (status = 200, description = "Only this one is signed in.", body = EndedDto),
))]
#[post("/api/auth/sessions/revoke-others")]
pub(crate) async fn revoke_other_sessions(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let ended = state.accounts.revoke_other_sessions(&caller.0).await?;
    Ok(HttpResponse::Ok().json(EndedDto { ended }))
}
