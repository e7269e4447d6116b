//! The way back to a cart that was left behind.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::cart::CartDto;
use crate::extract::{Caller, Json};
use crate::problem::ApiError;
use crate::state::ApiState;

/// What a mailed link holds.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreRequest {
    /// The parameter `token` of the link.
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    token: String,
}

/// Go back to a cart
///
/// The link of a reminder leads to the page `cart/restore` of the app, which
/// sends its `token` here. The answer has the token of a guest's cart; the cart
/// of an account is answered to its owner only.
#[utoipa::path(tag = "carts", request_body = RestoreRequest, responses(
    (status = 200, description = "The cart.", body = CartDto),
))]
#[post("/api/abandoned-carts/restore")]
pub(crate) async fn restore_cart(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<RestoreRequest>,
) -> Result<HttpResponse, ApiError> {
    let cart = state
        .engagement
        .restore_cart(&caller.0, &body.0.token)
        .await?;
    Ok(HttpResponse::Ok().json(CartDto::from(cart)))
}
