//! One's own instances of services.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use clusters_model::ClustersError;
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::app::Routes;
use crate::dto::instance::{CredentialsDto, InstanceDto, InstanceStatusDto, LogsDto};
use crate::extract::{Caller, List, Listed, Query, id, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// How many lines of logs are shown when nobody says.
const LINES: u32 = 100;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(list_instances);
    config.service(get_instance);
    config.service(start_instance);
    config.service(stop_instance);
    config.service(restart_instance);
    config.service(get_instance_logs);
    config.service(show_instance_credentials);
}

/// Which instances, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstancesQuery {
    /// Only those in that state.
    #[param(inline)]
    status: Option<InstanceStatusDto>,
    /// Only that of that subscription.
    #[validate(length(max = 100))]
    #[param(max_length = 100, example = "sub_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    subscription_id: Option<String>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// How much of the logs.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct LogsQuery {
    /// How many lines at most.
    #[validate(range(min = 1, max = 1000))]
    #[param(minimum = 1, maximum = 1000, default = 100)]
    tail: Option<u32>,
}

/// List your instances
#[utoipa::path(tag = "instances", params(InstancesQuery), responses(
    (status = 200, description = "What runs for you, newest first.", body = List<InstanceDto>),
))]
#[get("/api/instances")]
pub(crate) async fn list_instances(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<InstancesQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let status = query.0.status.map(Into::into);
    let page = state
        .clusters
        .own_instances(&caller.0, status, query.0.subscription_id, page)
        .await?;
    Ok(Listed::new(&state, &caller.0, &request, page, InstanceDto::from)?.response())
}

/// See an instance of yours
#[utoipa::path(tag = "instances", params(("instance_id" = String, Path, description = "The instance.")), responses(
    (status = 200, description = "The instance.", body = InstanceDto),
))]
#[get("/api/instances/{instance_id}")]
pub(crate) async fn get_instance(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::InstanceNotFound)?;
    let found = state.clusters.own_instance(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(InstanceDto::from(found)))
}

/// Start an instance of yours
///
/// One that is not stopped stays as it is. Its state follows in a while.
#[utoipa::path(tag = "instances", params(
    ("instance_id" = String, Path, description = "The instance."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The instance.", body = InstanceDto),
))]
#[post("/api/instances/{instance_id}/start")]
pub(crate) async fn start_instance(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::InstanceNotFound)?;
    let changed = state.clusters.start_instance(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(InstanceDto::from(changed)))
}

/// Stop an instance of yours
///
/// What it stored is kept, and it is paid for as before. One that is stopped
/// stays as it is. Its state follows in a while.
#[utoipa::path(tag = "instances", params(
    ("instance_id" = String, Path, description = "The instance."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The instance.", body = InstanceDto),
))]
#[post("/api/instances/{instance_id}/stop")]
pub(crate) async fn stop_instance(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::InstanceNotFound)?;
    let changed = state.clusters.stop_instance(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(InstanceDto::from(changed)))
}

/// Restart an instance of yours
#[utoipa::path(tag = "instances", params(
    ("instance_id" = String, Path, description = "The instance."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The instance.", body = InstanceDto),
))]
#[post("/api/instances/{instance_id}/restart")]
pub(crate) async fn restart_instance(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::InstanceNotFound)?;
    let changed = state.clusters.restart_instance(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(InstanceDto::from(changed)))
}

/// See what an instance of yours wrote
///
/// Where its cluster does not show it, the answer says so with
/// `available: false`.
#[utoipa::path(tag = "instances", params(
    ("instance_id" = String, Path, description = "The instance."),
    LogsQuery,
), responses(
    (status = 200, description = "The last lines.", body = LogsDto),
))]
#[get("/api/instances/{instance_id}/logs")]
pub(crate) async fn get_instance_logs(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    query: Query<LogsQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::InstanceNotFound)?;
    let lines = query.0.tail.unwrap_or(LINES);
    let logs = state.clusters.logs(&caller.0, id, lines).await?;
    Ok(HttpResponse::Ok().json(LogsDto::from(logs)))
}

/// See the credentials of an instance of yours, once
///
/// They are forgotten as they are shown; keep them. They can be seen as soon
/// as the instance has worked. With an idempotency key, a request whose answer
/// was lost can be repeated.
#[utoipa::path(tag = "instances", params(
    ("instance_id" = String, Path, description = "The instance."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request show the same."),
), responses(
    (status = 200, description = "The credentials.", body = CredentialsDto),
))]
#[post("/api/instances/{instance_id}/credentials")]
pub(crate) async fn show_instance_credentials(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::InstanceNotFound)?;
    let shown = state.clusters.credentials(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(CredentialsDto::from(shown)))
}
