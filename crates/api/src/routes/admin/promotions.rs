//! Promotions, as those who run the shop make them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, patch, post};
use kernel::Timestamp;
use orders_model::PromotionError;
use orders_model::promotion::{NewPromotion, Promotion, PromotionChange};
use orders_service::PromotionFilter;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::dto::choices::StatusDto;
use crate::dto::patch::{present, removable};
use crate::dto::promotion::{PromotionDto, RuleDto, status_of};
use crate::extract::{
    Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, line, page_request,
};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Which promotions, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromotionsQuery {
    /// Whether they can be used.
    #[param(inline)]
    status: Option<StatusDto>,
    /// Those that need a code, or those that need none.
    needs_coupon: Option<bool>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A promotion to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromotionRequest {
    /// What buyers see.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Summer sale")]
    name: String,
    /// Whether only a code gives it; it stays. Without, it applies by itself
    /// from now on.
    needs_coupon: bool,
    /// What it does.
    rule: RuleDto,
    /// From when on.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// Until before when.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    /// How many orders may use it.
    #[validate(range(min = 1))]
    #[schema(minimum = 1)]
    total_limit: Option<i64>,
    /// How many orders of one account, and of one mail address, may use it.
    #[validate(range(min = 1))]
    #[schema(minimum = 1)]
    customer_limit: Option<i64>,
    /// Its place in the order of application; lower ones come first.
    #[serde(default)]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    position: i64,
}

/// A change of a promotion; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromotionPatch {
    /// What buyers see.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// What it does, all of it.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    rule: Option<RuleDto>,
    /// Whether it can be used.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<StatusDto>,
    /// From when on.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Option<Timestamp>>,
    /// Until before when.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Option<Timestamp>>,
    /// How many orders may use it; not fewer than do.
    #[serde(default, deserialize_with = "removable")]
    #[validate(range(min = 1))]
    #[schema(value_type = Option<i64>, minimum = 1)]
    total_limit: Option<Option<i64>>,
    /// How many orders of one account, and of one mail address, may use it.
    #[serde(default, deserialize_with = "removable")]
    #[validate(range(min = 1))]
    #[schema(value_type = Option<i64>, minimum = 1)]
    customer_limit: Option<Option<i64>>,
    /// Its place in the order of application.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000, nullable = false)]
    position: Option<i64>,
}

fn respond(mut response: actix_web::HttpResponseBuilder, promotion: Promotion) -> HttpResponse {
    response
        .insert_header(("etag", etag(promotion.version)))
        .json(PromotionDto::from(promotion))
}

/// List promotions
#[utoipa::path(tag = "admin: promotions", params(PromotionsQuery), responses(
    (status = 200, description = "Promotions, newest first.", body = List<PromotionDto>),
))]
#[get("/api/admin/promotions")]
pub(crate) async fn list_promotions(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<PromotionsQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = PromotionFilter {
        status: query.status.map(status_of),
        needs_coupon: query.needs_coupon,
    };
    let page = state.orders.promotions(&caller.0, &filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, PromotionDto::from)?.response())
}

/// Make a promotion
#[utoipa::path(tag = "admin: promotions", request_body = PromotionRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The promotion.", body = PromotionDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/promotions")]
pub(crate) async fn create_promotion(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<PromotionRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let new = NewPromotion {
        name: body.name,
        needs_coupon: body.needs_coupon,
        rule: body.rule.into(),
        starts_at: body.starts_at,
        ends_at: body.ends_at,
        total_limit: body.total_limit,
        customer_limit: body.customer_limit,
        position: body.position,
    };
    let made = state.orders.create_promotion(&caller.0, new).await?;
    Ok(respond(HttpResponse::Created(), made))
}

/// See a promotion
#[utoipa::path(tag = "admin: promotions", params(("promotion_id" = String, Path, description = "The promotion.")), responses(
    (status = 200, description = "The promotion.", body = PromotionDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/promotions/{promotion_id}")]
pub(crate) async fn get_promotion(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, PromotionError::NotFound)?;
    let found = state.orders.promotion(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), found))
}

/// Change a promotion
///
/// Orders that use it keep what they got. With `status` `archived` nobody can
/// use it any more.
#[utoipa::path(tag = "admin: promotions", request_body = PromotionPatch, params(
    ("promotion_id" = String, Path, description = "The promotion."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The promotion.", body = PromotionDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/promotions/{promotion_id}")]
pub(crate) async fn patch_promotion(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<PromotionPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, PromotionError::NotFound)?;
    let body = body.0;
    let change = PromotionChange {
        name: body.name,
        rule: body.rule.map(Into::into),
        status: body.status.map(status_of),
        starts_at: body.starts_at,
        ends_at: body.ends_at,
        total_limit: body.total_limit,
        customer_limit: body.customer_limit,
        position: body.position,
    };
    let changed = state
        .orders
        .change_promotion(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}
