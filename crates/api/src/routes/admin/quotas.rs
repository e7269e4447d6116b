//! How much of plans can be sold, for those who run the shop.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, patch};
use credits_model::quota::{QuotaChange, QuotaError};
use credits_service::{QuotaDetail, QuotaFilter};
use kernel::{PlanId, Timestamp};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::patch::{present, removable};
use crate::dto::quota::{
    AllocationDto, HealthDto, QuotaDetailDto, QuotaDto, QuotaProofDto, SampleDto, WaiterDto,
};
use crate::extract::{Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(list_quotas);
    config.service(get_quota);
    config.service(patch_quota);
    config.service(list_quota_history);
    config.service(list_quota_allocations);
    config.service(list_quota_waiting);
    config.service(verify_quota);
}

/// Which quotas, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotasQuery {
    /// Only those that are like that.
    #[param(inline)]
    health: Option<HealthDto>,
    /// Only that of a plan.
    #[param(value_type = Option<String>, example = "plan_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    plan_id: Option<PlanId>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotaPageQuery {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which time, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotaHistoryQuery {
    /// Only from then on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only before then.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A change of a quota; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotaPatch {
    /// How many units there are; null for no limit. With fewer than are given
    /// nothing is taken from anybody, and nothing is given until enough came
    /// back.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 1_000_000_000, example = 100)]
    total: Option<Option<i64>>,
    /// From which share on it runs low.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 1, maximum = 100, nullable = false, example = 80)]
    warning_percent: Option<i64>,
    /// From which share on it is nearly gone.
    #[serde(default, deserialize_with = "present")]
    #[schema(minimum = 1, maximum = 100, nullable = false, example = 95)]
    critical_percent: Option<i64>,
}

fn respond(detail: QuotaDetail) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("etag", etag(detail.offer.quota.version)))
        .json(QuotaDetailDto::from(detail))
}

/// List quotas
#[utoipa::path(tag = "admin: quotas", params(QuotasQuery), responses(
    (status = 200, description = "Quotas, newest first.", body = List<QuotaDto>),
))]
#[get("/api/admin/quotas")]
pub(crate) async fn list_quotas(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<QuotasQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = QuotaFilter {
        health: query.health.map(Into::into),
        plan: query.plan_id,
    };
    let page = state.quotas.quotas(&caller.0, filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, QuotaDto::from)?.response())
}

/// See a quota and where it is going
#[utoipa::path(tag = "admin: quotas", params(("quota_id" = String, Path, description = "The quota.")), responses(
    (status = 200, description = "The quota.", body = QuotaDetailDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/quotas/{quota_id}")]
pub(crate) async fn get_quota(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QuotaError::NotFound)?;
    let detail = state.quotas.quota(&caller.0, id).await?;
    Ok(respond(detail))
}

/// Change a quota
#[utoipa::path(tag = "admin: quotas", request_body = QuotaPatch, params(
    ("quota_id" = String, Path, description = "The quota."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The quota.", body = QuotaDetailDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/quotas/{quota_id}")]
pub(crate) async fn patch_quota(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<QuotaPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QuotaError::NotFound)?;
    let change = QuotaChange {
        total: body.0.total,
        warning_percent: body.0.warning_percent,
        critical_percent: body.0.critical_percent,
    };
    let detail = state
        .quotas
        .change_quota(&caller.0, id, &change, &version.0)
        .await?;
    Ok(respond(detail))
}

/// List how much of a quota was given, hour by hour
#[utoipa::path(tag = "admin: quotas", params(
    ("quota_id" = String, Path, description = "The quota."),
    QuotaHistoryQuery,
), responses(
    (status = 200, description = "The hours, newest first; they are kept for 400 days.", body = List<SampleDto>),
))]
#[get("/api/admin/quotas/{quota_id}/history")]
pub(crate) async fn list_quota_history(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
    query: Query<QuotaHistoryQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QuotaError::NotFound)?;
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let between = (query.from, query.to);
    let page = state
        .quotas
        .quota_history(&caller.0, id, between, page)
        .await?;
    Ok(Listed::new(&state, &caller.0, &request, page, SampleDto::from)?.response())
}

/// List who has units of a quota
#[utoipa::path(tag = "admin: quotas", params(
    ("quota_id" = String, Path, description = "The quota."),
    QuotaPageQuery,
), responses(
    (status = 200, description = "What is given, newest first.", body = List<AllocationDto>),
))]
#[get("/api/admin/quotas/{quota_id}/allocations")]
pub(crate) async fn list_quota_allocations(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
    query: Query<QuotaPageQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QuotaError::NotFound)?;
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.quotas.quota_allocations(&caller.0, id, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, AllocationDto::from)?.response())
}

/// List who waits for a quota
#[utoipa::path(tag = "admin: quotas", params(
    ("quota_id" = String, Path, description = "The quota."),
    QuotaPageQuery,
), responses(
    (status = 200, description = "Who waits, the first in line first.", body = List<WaiterDto>),
))]
#[get("/api/admin/quotas/{quota_id}/waiting-list")]
pub(crate) async fn list_quota_waiting(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
    query: Query<QuotaPageQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QuotaError::NotFound)?;
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.quotas.quota_waiting(&caller.0, id, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, WaiterDto::from)?.response())
}

/// Prove a quota
///
/// Compares what is cached with what was given and not taken back. A job does
/// it every hour, and mends what differs.
#[utoipa::path(tag = "admin: quotas", params(("quota_id" = String, Path, description = "The quota.")), responses(
    (status = 200, description = "What was found.", body = QuotaProofDto),
))]
#[get("/api/admin/quotas/{quota_id}/verify")]
pub(crate) async fn verify_quota(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, QuotaError::NotFound)?;
    let proof = state.quotas.verify_quota(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(QuotaProofDto::from(proof)))
}
