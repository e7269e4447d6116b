//! Gift cards, as those who run the shop issue and see them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use credits_model::CreditsError;
use credits_service::{GiftCardFilter, NewGiftCard};
use kernel::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::gift_card::{GiftCardDto, GiftCardStatusDto, IssuedGiftCardDto};
use crate::dto::money::{MoneyDto, some_money};
use crate::extract::{Caller, Json, List, Listed, Query, id, line, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(list_gift_cards);
    config.service(issue_gift_card);
    config.service(get_gift_card);
    config.service(void_gift_card);
}

/// Which gift cards, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiftCardsQuery {
    /// Only those that stand there.
    #[param(inline)]
    status: Option<GiftCardStatusDto>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A gift card to issue.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct GiftCardRequest {
    /// How much, at least 1, in the currency of the shop.
    #[validate(custom(function = "some_money"))]
    amount: MoneyDto,
    /// When it can be redeemed no longer; never when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// What it is for; only the shop sees it.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "raffle of the summer fair"
    )]
    note: Option<String>,
}

/// List gift cards
#[utoipa::path(tag = "admin: wallets", params(GiftCardsQuery), responses(
    (status = 200, description = "Gift cards, newest first, without their codes.", body = List<GiftCardDto>),
))]
#[get("/api/admin/gift-cards")]
pub(crate) async fn list_gift_cards(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<GiftCardsQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let filter = GiftCardFilter {
        status: query.0.status.map(Into::into),
    };
    let page = state.credits.gift_cards(&caller.0, filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, GiftCardDto::from)?.response())
}

/// Issue a gift card
///
/// The answer has its code, which is shown this once and kept nowhere.
#[utoipa::path(tag = "admin: wallets", request_body = GiftCardRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The gift card with its code.", body = IssuedGiftCardDto),
))]
#[post("/api/admin/gift-cards")]
pub(crate) async fn issue_gift_card(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<GiftCardRequest>,
) -> Result<HttpResponse, ApiError> {
    let new = NewGiftCard {
        amount: body.0.amount.into(),
        expires_at: body.0.expires_at,
        note: body.0.note,
    };
    let issued = state.credits.issue_gift_card(&caller.0, &new).await?;
    let location = format!("/api/admin/gift-cards/{}", issued.card.id);
    Ok(HttpResponse::Created()
        .insert_header(("location", location))
        .json(IssuedGiftCardDto::from(issued)))
}

/// See a gift card
#[utoipa::path(tag = "admin: wallets", params(("gift_card_id" = String, Path, description = "The gift card.")), responses(
    (status = 200, description = "The gift card, without its code.", body = GiftCardDto),
))]
#[get("/api/admin/gift-cards/{gift_card_id}")]
pub(crate) async fn get_gift_card(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::GiftCardNotFound)?;
    let card = state.credits.gift_card(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(GiftCardDto::from(card)))
}

/// Take a gift card back
///
/// Nobody can redeem it then. One that was redeemed stays.
#[utoipa::path(tag = "admin: wallets", params(
    ("gift_card_id" = String, Path, description = "The gift card."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The gift card.", body = GiftCardDto),
))]
#[post("/api/admin/gift-cards/{gift_card_id}/void")]
pub(crate) async fn void_gift_card(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::GiftCardNotFound)?;
    let card = state.credits.void_gift_card(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(GiftCardDto::from(card)))
}
