//! Redeeming gift cards.

use actix_web::web::Data;
use actix_web::{HttpResponse, post};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::app::Routes;
use crate::dto::wallet::OwnWalletDto;
use crate::extract::{Caller, Json};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the route.
pub(crate) fn routes(config: &mut Routes) {
    config.service(redeem_gift_card);
}

/// A gift card to redeem.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RedeemRequest {
    /// The code, with or without hyphens, in large or small letters.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "7Q3KD-M0XEV-2FW8N-3GX9P")]
    code: String,
}

/// Redeem a gift card
///
/// Puts its credit into your wallet, which is made if you have none. Each card
/// is redeemed once.
#[utoipa::path(tag = "wallet", request_body = RedeemRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "Your wallet.", body = OwnWalletDto),
))]
#[post("/api/wallet/gift-cards")]
pub(crate) async fn redeem_gift_card(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<RedeemRequest>,
) -> Result<HttpResponse, ApiError> {
    let wallet = state
        .credits
        .redeem_gift_card(&caller.0, &body.0.code)
        .await?;
    Ok(HttpResponse::Ok().json(OwnWalletDto::from(&wallet)))
}
