//! Coupons for subscriptions.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use kernel::Timestamp;
use serde::Deserialize;
use subscriptions_model::SubscriptionError;
use subscriptions_service::NewSubscriptionCoupon;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::subscription::SubscriptionCouponDto;
use crate::extract::{Caller, Json, List, Listed, Query, id, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(list_subscription_coupons);
    config.service(create_subscription_coupon);
    config.service(get_subscription_coupon);
    config.service(archive_subscription_coupon);
}

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionCouponsQuery {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A coupon to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubscriptionCouponRequest {
    /// What customers type; capitals and small letters are the same.
    #[validate(length(min = 1, max = 40))]
    #[schema(
        min_length = 1,
        max_length = 40,
        pattern = "^[A-Za-z0-9_-]+$",
        example = "WELCOME"
    )]
    code: String,
    /// The share that is taken off, in hundredths of a percent.
    #[validate(range(min = 1, max = 10_000))]
    #[schema(minimum = 1, maximum = 10_000, example = 5_000)]
    basis_points: i64,
    /// For how many periods; for ever when absent.
    #[validate(range(min = 1, max = 1_000))]
    #[schema(minimum = 1, maximum = 1_000, example = 3)]
    periods: Option<i64>,
    /// How often it can be used, once by each customer; no limit when absent.
    #[validate(range(min = 1, max = 1_000_000_000))]
    #[schema(minimum = 1, maximum = 1_000_000_000, example = 100)]
    total_limit: Option<i64>,
    /// When it can be used no longer.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// List coupons for subscriptions
#[utoipa::path(tag = "admin: subscriptions", params(SubscriptionCouponsQuery), responses(
    (status = 200, description = "Coupons, newest first.", body = List<SubscriptionCouponDto>),
))]
#[get("/api/admin/subscription-coupons")]
pub(crate) async fn list_subscription_coupons(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<SubscriptionCouponsQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.subscriptions.coupons(&caller.0, page).await?;
    Ok(Listed::new(
        &state,
        &caller.0,
        &request,
        page,
        SubscriptionCouponDto::from,
    )?
    .response())
}

/// Make a coupon for subscriptions
#[utoipa::path(tag = "admin: subscriptions", request_body = SubscriptionCouponRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The coupon.", body = SubscriptionCouponDto),
))]
#[post("/api/admin/subscription-coupons")]
pub(crate) async fn create_subscription_coupon(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<SubscriptionCouponRequest>,
) -> Result<HttpResponse, ApiError> {
    let new = NewSubscriptionCoupon {
        code: body.0.code,
        basis_points: body.0.basis_points,
        periods: body.0.periods,
        total_limit: body.0.total_limit,
        expires_at: body.0.expires_at,
    };
    let made = state.subscriptions.create_coupon(&caller.0, new).await?;
    Ok(HttpResponse::Created().json(SubscriptionCouponDto::from(made)))
}

/// See a coupon for subscriptions
#[utoipa::path(tag = "admin: subscriptions", params(("subscription_coupon_id" = String, Path, description = "The coupon.")), responses(
    (status = 200, description = "The coupon.", body = SubscriptionCouponDto),
))]
#[get("/api/admin/subscription-coupons/{subscription_coupon_id}")]
pub(crate) async fn get_subscription_coupon(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::CouponNotFound)?;
    let coupon = state.subscriptions.coupon(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(SubscriptionCouponDto::from(coupon)))
}

/// Archive a coupon for subscriptions
///
/// Nobody can use it any more; who used it keeps the discount.
#[utoipa::path(tag = "admin: subscriptions", params(
    ("subscription_coupon_id" = String, Path, description = "The coupon."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The coupon.", body = SubscriptionCouponDto),
))]
#[post("/api/admin/subscription-coupons/{subscription_coupon_id}/archive")]
pub(crate) async fn archive_subscription_coupon(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, SubscriptionError::CouponNotFound)?;
    let coupon = state.subscriptions.archive_coupon(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(SubscriptionCouponDto::from(coupon)))
}
