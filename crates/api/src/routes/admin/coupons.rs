//! Codes of promotions.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, post};
use orders_model::PromotionError;
use orders_model::promotion::coupon::NewCoupons;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::promotion::CouponDto;
use crate::extract::{Caller, Json, List, Listed, Query, id, line, page_request};
use crate::problem::ApiError;
use crate::routes::api_keys::PageQuery;
use crate::state::ApiState;

/// A code to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CouponRequest {
    /// What buyers type: letters, digits, `-` and `_`.
    #[validate(custom(function = "line"), length(min = 3, max = 40))]
    #[schema(min_length = 3, max_length = 40, example = "SUMMER26")]
    code: String,
    /// How many orders may use it; as many as may use the promotion when
    /// absent.
    #[validate(range(min = 1))]
    #[schema(minimum = 1)]
    use_limit: Option<i64>,
}

/// Codes to make by chance.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CouponBatchRequest {
    /// How many.
    #[validate(range(min = 1, max = 1000))]
    #[schema(minimum = 1, maximum = 1000, example = 100)]
    count: u32,
    /// What each begins with.
    #[serde(default)]
    #[validate(custom(function = "line"), length(max = 16))]
    #[schema(max_length = 16, example = "VIP-")]
    prefix: String,
    /// How many characters of chance each has.
    #[serde(default = "ten")]
    #[validate(range(min = 8, max = 24))]
    #[schema(minimum = 8, maximum = 24, default = 10)]
    length: usize,
    /// How many orders may use each of them.
    #[serde(default = "one")]
    #[validate(range(min = 1))]
    #[schema(minimum = 1, default = 1)]
    use_limit: i64,
}

fn ten() -> usize {
    10
}

fn one() -> i64 {
    1
}

/// Codes that were made.
#[derive(Serialize, ToSchema)]
pub(crate) struct CouponBatch {
    /// The codes.
    data: Vec<CouponDto>,
}

/// List the codes of a promotion
#[utoipa::path(tag = "admin: promotions", params(
    ("promotion_id" = String, Path, description = "The promotion."), PageQuery
), responses(
    (status = 200, description = "Codes, newest first.", body = List<CouponDto>),
))]
#[get("/api/admin/promotions/{promotion_id}/coupons")]
pub(crate) async fn list_coupons(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, PromotionError::NotFound)?;
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.orders.coupons(&caller.0, id, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, CouponDto::from)?.response())
}

/// Make a code
#[utoipa::path(tag = "admin: promotions", request_body = CouponRequest, params(
    ("promotion_id" = String, Path, description = "The promotion."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The code.", body = CouponDto),
))]
#[post("/api/admin/promotions/{promotion_id}/coupons")]
pub(crate) async fn create_coupon(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<CouponRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, PromotionError::NotFound)?;
    let new = NewCoupons::Chosen { code: body.0.code };
    let limit = body.0.use_limit;
    let made = state
        .orders
        .create_coupons(&caller.0, id, new, limit)
        .await?;
    let made = made.into_iter().next().map(CouponDto::from);
    Ok(HttpResponse::Created().json(made))
}

/// Make many codes
///
/// By chance, without letters and digits that people mistake for others.
#[utoipa::path(tag = "admin: promotions", request_body = CouponBatchRequest, params(
    ("promotion_id" = String, Path, description = "The promotion."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The codes.", body = CouponBatch),
))]
#[post("/api/admin/promotions/{promotion_id}/coupons/batch")]
pub(crate) async fn create_coupon_batch(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<CouponBatchRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, PromotionError::NotFound)?;
    let body = body.0;
    let new = NewCoupons::Generated {
        count: body.count,
        prefix: body.prefix,
        length: body.length,
    };
    let limit = Some(body.use_limit);
    let made = state
        .orders
        .create_coupons(&caller.0, id, new, limit)
        .await?;
    Ok(HttpResponse::Created().json(CouponBatch {
        data: made.into_iter().map(Into::into).collect(),
    }))
}

/// End a code
///
/// Orders that use it keep what they got.
#[utoipa::path(tag = "admin: promotions", params(
    ("promotion_id" = String, Path, description = "The promotion."),
    ("coupon_id" = String, Path, description = "The code's id."),
), responses(
    (status = 204, description = "Nobody can use it any more."),
))]
#[delete("/api/admin/promotions/{promotion_id}/coupons/{coupon_id}")]
pub(crate) async fn archive_coupon(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let promotion = id(&path.0, PromotionError::NotFound)?;
    let coupon = id(&path.1, PromotionError::CouponNotFound)?;
    state
        .orders
        .archive_coupon(&caller.0, promotion, coupon)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
