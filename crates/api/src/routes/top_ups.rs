//! Paying into a wallet.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, post};
use credits_model::CreditsError;
use credits_service::NewTopUp;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::app::Routes;
use crate::dto::money::{MoneyDto, some_money};
use crate::dto::top_up::TopUpDto;
use crate::extract::{Caller, Json, id};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(create_top_up);
    config.service(get_top_up);
}

/// What to pay in.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopUpRequest {
    /// How much, in the currency of the shop.
    #[validate(custom(function = "some_money"))]
    amount: MoneyDto,
    /// Through whom.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "stripe")]
    gateway: Option<String>,
    /// Where to go when paid; on an origin the shop has allowed.
    #[validate(length(max = 2000))]
    #[schema(format = "uri", max_length = 2000)]
    success_url: Option<String>,
    /// Where to go when turned back; on an origin the shop has allowed.
    #[validate(length(max = 2000))]
    #[schema(format = "uri", max_length = 2000)]
    cancel_url: Option<String>,
    /// Whether the gateway keeps the way in which it is paid, so that the
    /// wallet can top itself up; not every gateway can.
    #[serde(default)]
    #[schema(default = false)]
    save_payment_method: bool,
}

/// Pay into your wallet
///
/// Opens a page where it is paid. What is paid is credited once the gateway
/// says so. When the gateway does not answer, the answer is 503 and the
/// top-up stays: repeat the request with the same `Idempotency-Key` to go on.
#[utoipa::path(tag = "wallet", request_body = TopUpRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The top-up, and where to pay it.", body = TopUpDto),
))]
#[post("/api/wallet/top-ups")]
pub(crate) async fn create_top_up(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<TopUpRequest>,
) -> Result<HttpResponse, ApiError> {
    let new = NewTopUp {
        amount: body.0.amount.into(),
        gateway: body.0.gateway,
        success_url: body.0.success_url,
        cancel_url: body.0.cancel_url,
        save_method: body.0.save_payment_method,
    };
    let top_up = state.credits.create_top_up(&caller.0, &new).await?;
    let location = format!("/api/wallet/top-ups/{}", top_up.id);
    Ok(HttpResponse::Created()
        .insert_header(("location", location))
        .json(TopUpDto::from(top_up)))
}

/// See a top-up of yours
#[utoipa::path(tag = "wallet", params(("top_up_id" = String, Path, description = "The top-up.")), responses(
    (status = 200, description = "The top-up.", body = TopUpDto),
))]
#[get("/api/wallet/top-ups/{top_up_id}")]
pub(crate) async fn get_top_up(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::TopUpNotFound)?;
    let top_up = state.credits.own_top_up(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(TopUpDto::from(top_up)))
}
