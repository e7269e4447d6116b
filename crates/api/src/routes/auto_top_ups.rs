//! A wallet that tops itself up.

use actix_web::web::Data;
use actix_web::{HttpResponse, delete, get, put};
use credits_service::WantedAutoTopUp;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::app::Routes;
use crate::dto::auto_top_up::AutoTopUpDto;
use crate::dto::money::{MoneyDto, some_money};
use crate::extract::{Caller, Json};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(get_auto_top_up);
    config.service(put_auto_top_up);
    config.service(delete_auto_top_up);
    config.service(delete_payment_method);
}

/// How your wallet is to top itself up.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutoTopUpRequest {
    /// Below which balance, in the currency of the shop.
    #[validate(custom(function = "some_money"))]
    threshold: MoneyDto,
    /// How much is paid in then.
    #[validate(custom(function = "some_money"))]
    amount: MoneyDto,
    /// How often in 24 hours at most; 3 when absent.
    #[validate(range(min = 1, max = 10))]
    #[schema(minimum = 1, maximum = 10, example = 3)]
    max_per_day: Option<i64>,
}

/// See how your wallet tops itself up
#[utoipa::path(tag = "wallet", responses(
    (status = 200, description = "How it does, and what is charged.", body = AutoTopUpDto),
))]
#[get("/api/wallet/auto-top-up")]
pub(crate) async fn get_auto_top_up(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let own = state.credits.own_auto_top_up(&caller.0).await?;
    Ok(HttpResponse::Ok().json(AutoTopUpDto::from(own)))
}

/// Let your wallet top itself up
///
/// Charges the way of paying that was saved with a top-up
/// (`save_payment_method`) each time that the balance falls below the
/// threshold; now, if it is below already. To do the same again starts over
/// after it stopped.
#[utoipa::path(tag = "wallet", request_body = AutoTopUpRequest, responses(
    (status = 200, description = "How it does, and what is charged.", body = AutoTopUpDto),
))]
#[put("/api/wallet/auto-top-up")]
pub(crate) async fn put_auto_top_up(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<AutoTopUpRequest>,
) -> Result<HttpResponse, ApiError> {
    let wanted = WantedAutoTopUp {
        threshold: body.0.threshold.into(),
        amount: body.0.amount.into(),
        max_per_day: body.0.max_per_day,
    };
    let own = state
        .credits
        .turn_on_auto_top_up(&caller.0, &wanted)
        .await?;
    Ok(HttpResponse::Ok().json(AutoTopUpDto::from(own)))
}

/// Let your wallet top itself up no longer
///
/// The way of paying is kept. To do the same again has no effect.
#[utoipa::path(tag = "wallet", responses(
    (status = 204, description = "It does not any more."),
))]
#[delete("/api/wallet/auto-top-up")]
pub(crate) async fn delete_auto_top_up(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    state.credits.turn_off_auto_top_up(&caller.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Forget the way of paying that was saved
///
/// Here and at the gateway. Your wallet does not top itself up without one. To
/// do the same again has no effect.
#[utoipa::path(tag = "wallet", responses(
    (status = 204, description = "It is forgotten."),
))]
#[delete("/api/wallet/payment-method")]
pub(crate) async fn delete_payment_method(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    state.credits.forget_own_method(&caller.0).await?;
    Ok(HttpResponse::NoContent().finish())
}
