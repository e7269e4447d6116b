//! Top-ups, as those who run the shop see them and decide about them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use credits_model::CreditsError;
use credits_service::{Acknowledgement, RefundTopUp, TopUpFilter};
use kernel::WalletId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::money::{MoneyDto, some_money};
use crate::dto::order_states::PaymentStatusDto;
use crate::dto::top_up::{AdminTopUpDetailDto, AdminTopUpDto};
use crate::extract::{Caller, Json, List, Listed, Query, id, line, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(list_top_ups);
    config.service(admin_get_top_up);
    config.service(refund_top_up);
    config.service(acknowledge_top_up);
}

/// Which top-ups, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopUpsQuery {
    /// Only those of that wallet.
    #[param(value_type = Option<String>)]
    wallet_id: Option<WalletId>,
    /// Only those that stand there.
    #[param(inline)]
    status: Option<PaymentStatusDto>,
    /// Only those that somebody should look at.
    needs_attention: Option<bool>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Money of a top-up to give back.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopUpRefundRequest {
    /// How much, at least 1; all that can go back when absent.
    #[validate(custom(function = "some_money"))]
    amount: Option<MoneyDto>,
    /// Why; the owner sees it.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "paid in by mistake")]
    reason: String,
    /// Even if its payer disputes it and the bank may give the money back
    /// itself.
    despite_dispute: Option<bool>,
}

/// What somebody decided about a top-up.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcknowledgeRequest {
    /// How much of what came becomes credit after all; nothing when absent.
    #[validate(custom(function = "some_money"))]
    credit: Option<MoneyDto>,
    /// Why; the owner sees it when something is credited.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "paid 0.50 less, which is fine"
    )]
    reason: String,
}

/// List top-ups
#[utoipa::path(tag = "admin: wallets", params(TopUpsQuery), responses(
    (status = 200, description = "Top-ups, newest first.", body = List<AdminTopUpDto>),
))]
#[get("/api/admin/top-ups")]
pub(crate) async fn list_top_ups(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<TopUpsQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let filter = TopUpFilter {
        wallet: query.0.wallet_id,
        status: query.0.status.map(Into::into),
        needs_attention: query.0.needs_attention.unwrap_or(false),
    };
    let page = state.credits.top_ups(&caller.0, &filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, AdminTopUpDto::from)?.response())
}

/// See a top-up
#[utoipa::path(tag = "admin: wallets", params(("top_up_id" = String, Path, description = "The top-up.")), responses(
    (status = 200, description = "The top-up with what went back of it.", body = AdminTopUpDetailDto),
))]
#[get("/api/admin/top-ups/{top_up_id}")]
pub(crate) async fn admin_get_top_up(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::TopUpNotFound)?;
    let detail = state.credits.top_up(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(AdminTopUpDetailDto::from(detail)))
}

/// Give money of a top-up back
///
/// Its credit is taken away at once, the gateway is told by a job. Never more
/// goes back than came, nor more than is left of its credit and not held. When
/// the gateway refuses, the credit is there again and the top-up needs
/// attention.
#[utoipa::path(tag = "admin: wallets", request_body = TopUpRefundRequest, params(
    ("top_up_id" = String, Path, description = "The top-up."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The top-up with what went back of it.", body = AdminTopUpDetailDto),
))]
#[post("/api/admin/top-ups/{top_up_id}/refund")]
pub(crate) async fn refund_top_up(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<TopUpRefundRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::TopUpNotFound)?;
    let command = RefundTopUp {
        amount: body.0.amount.map(Into::into),
        reason: body.0.reason,
        despite_dispute: body.0.despite_dispute.unwrap_or(false),
    };
    let detail = state.credits.refund_top_up(&caller.0, id, &command).await?;
    Ok(HttpResponse::Ok().json(AdminTopUpDetailDto::from(detail)))
}

/// Acknowledge what is wrong with a top-up
///
/// Takes it off the list of those that need attention. What was paid and not
/// credited, because another amount came, can be credited by this, in whole or
/// in part. Money goes back by a request of its own.
#[utoipa::path(tag = "admin: wallets", request_body = AcknowledgeRequest, params(
    ("top_up_id" = String, Path, description = "The top-up."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The top-up with what went back of it.", body = AdminTopUpDetailDto),
))]
#[post("/api/admin/top-ups/{top_up_id}/acknowledge")]
pub(crate) async fn acknowledge_top_up(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<AcknowledgeRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CreditsError::TopUpNotFound)?;
    let decision = Acknowledgement {
        credit: body.0.credit.map(Into::into),
        reason: body.0.reason,
    };
    let detail = state
        .credits
        .acknowledge_top_up(&caller.0, id, &decision)
        .await?;
    Ok(HttpResponse::Ok().json(AdminTopUpDetailDto::from(detail)))
}
