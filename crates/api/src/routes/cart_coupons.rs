//! Codes in carts.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, post};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::carts::key;
use crate::dto::cart::CartDto;
use crate::extract::{Caller, CartToken, Json, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A code somebody has.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CartCouponRequest {
    /// The code; capital letters do not matter.
    #[validate(custom(function = "line"), length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "SUMMER26")]
    code: String,
}

/// Use a coupon
///
/// It stays in the cart whether or not it applies to what is in there now;
/// `coupons` says which and why. Codes that do not exist, and those that are
/// over, are refused.
#[utoipa::path(tag = "carts", request_body = CartCouponRequest, params(
    ("cart_id" = String, Path, description = "The cart."),
    ("X-Cart-Token" = Option<String>, Header, description = "A guest's token."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The cart.", body = CartDto),
))]
#[post("/api/carts/{cart_id}/coupons")]
pub(crate) async fn add_cart_coupon(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    path: Path<String>,
    body: Json<CartCouponRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path, token)?;
    let answer = state
        .orders
        .add_coupon(&caller.0, &key, &body.0.code)
        .await?;
    Ok(HttpResponse::Ok().json(CartDto::from(answer)))
}

/// Take a coupon out of a cart
#[utoipa::path(tag = "carts", params(
    ("cart_id" = String, Path, description = "The cart."),
    ("code" = String, Path, description = "The code."),
    ("X-Cart-Token" = Option<String>, Header, description = "A guest's token."),
), responses(
    (status = 200, description = "The cart.", body = CartDto),
))]
#[delete("/api/carts/{cart_id}/coupons/{code}")]
pub(crate) async fn delete_cart_coupon(
    state: Data<ApiState>,
    caller: Caller,
    token: CartToken,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path.0, token)?;
    let answer = state.orders.remove_coupon(&caller.0, &key, &path.1).await?;
    Ok(HttpResponse::Ok().json(CartDto::from(answer)))
}
