//! Waiting for a plan of which nothing is left.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use credits_model::quota::QuotaError;
use kernel::PlanId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::quota::WaiterDto;
use crate::extract::{Caller, Json, List, Listed, Query, id, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(list_own_waits);
    config.service(join_waiting_list);
    config.service(get_own_wait);
    config.service(leave_waiting_list);
}

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct WaitsQuery {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What to wait for.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct WaitRequest {
    /// The plan.
    #[schema(value_type = String, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    plan_id: PlanId,
}

/// List where you wait
#[utoipa::path(tag = "services", params(WaitsQuery), responses(
    (status = 200, description = "Your places in waiting lists, newest first.", body = List<WaiterDto>),
))]
#[get("/api/waiting-list")]
pub(crate) async fn list_own_waits(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<WaitsQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.quotas.own_waits(&caller.0, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, WaiterDto::from)?.response())
}

/// Wait for a plan
///
/// Only where nothing is left of it, and not for a plan you have or are
/// promised. When there is room, those who are first
/// in line get a mail, once; the room is not kept for them.
#[utoipa::path(tag = "services", request_body = WaitRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "Your place.", body = WaiterDto),
))]
#[post("/api/waiting-list")]
pub(crate) async fn join_waiting_list(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<WaitRequest>,
) -> Result<HttpResponse, ApiError> {
    let waiter = state
        .subscriptions
        .wait_for_plan(&caller.0, body.0.plan_id)
        .await?;
    Ok(HttpResponse::Created()
        .insert_header(("location", format!("/api/waiting-list/{}", waiter.id)))
        .json(WaiterDto::from(waiter)))
}

/// See your place in a waiting list
#[utoipa::path(tag = "services", params(("waiter_id" = String, Path, description = "The place.")), responses(
    (status = 200, description = "Your place.", body = WaiterDto),
))]
#[get("/api/waiting-list/{waiter_id}")]
pub(crate) async fn get_own_wait(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QuotaError::WaiterNotFound)?;
    let waiter = state.quotas.own_wait(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(WaiterDto::from(waiter)))
}

/// Leave a waiting list
#[utoipa::path(tag = "services", params(("waiter_id" = String, Path, description = "The place.")), responses(
    (status = 200, description = "You do not wait any more.", body = WaiterDto),
))]
#[delete("/api/waiting-list/{waiter_id}")]
pub(crate) async fn leave_waiting_list(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QuotaError::WaiterNotFound)?;
    let waiter = state.quotas.leave_waiting_list(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(WaiterDto::from(waiter)))
}
