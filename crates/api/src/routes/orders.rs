//! The caller's orders.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use orders_model::OrdersError;
use orders_service::{NewAttempt, OrderKey};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::api_keys::PageQuery;
use crate::dto::order::{Audience, CheckoutDto, OrderDto, OrderSummaryDto};
use crate::extract::{
    Caller, List, Listed, MaybeJson, OrderToken, Query, etag, id, page_request, words,
};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Why an order is canceled.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelRequest {
    /// Why; the shop reads it, too.
    #[validate(custom(function = "words"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "ordered the wrong size")]
    reason: Option<String>,
}

/// Another attempt to pay.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentRequest {
    /// Through whom.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "stripe")]
    gateway: Option<String>,
}

pub(super) fn key(path: &str, token: OrderToken) -> Result<OrderKey, ApiError> {
    Ok(OrderKey {
        id: id(path, OrdersError::OrderNotFound)?,
        token: token.0,
    })
}

/// List your orders
#[utoipa::path(tag = "orders", params(PageQuery), responses(
    (status = 200, description = "Your orders, newest first.", body = List<OrderSummaryDto>),
))]
#[get("/api/orders")]
pub(crate) async fn list_orders(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.orders.my_orders(&caller.0, page).await?;
    let to_dto = |listed| OrderSummaryDto::listed(&listed, Audience::Buyer);
    Ok(Listed::new(&state, &caller.0, &request, page, to_dto)?.response())
}

/// See an order
///
/// A guest sends the token from checkout as `X-Order-Token`.
#[utoipa::path(tag = "orders", params(
    ("order_id" = String, Path, description = "The order."),
    ("X-Order-Token" = Option<String>, Header, description = "A guest's token."),
), responses(
    (status = 200, description = "The order.", body = OrderDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/orders/{order_id}")]
pub(crate) async fn get_order(
    state: Data<ApiState>,
    caller: Caller,
    token: OrderToken,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path, token)?;
    let detail = state.orders.order(&caller.0, &key).await?;
    let version = etag(detail.order.version);
    Ok(HttpResponse::Ok()
        .insert_header(("etag", version))
        .json(OrderDto::new(detail, None, Audience::Buyer)))
}

/// Cancel a pending order
#[utoipa::path(tag = "orders", request_body(content = CancelRequest, description = "May be left out."), params(
    ("order_id" = String, Path, description = "The order."),
    ("X-Order-Token" = Option<String>, Header, description = "A guest's token."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order, canceled.", body = OrderDto),
))]
#[post("/api/orders/{order_id}/cancel")]
pub(crate) async fn cancel_order(
    state: Data<ApiState>,
    caller: Caller,
    token: OrderToken,
    path: Path<String>,
    body: MaybeJson<CancelRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = key(&path, token)?;
    let reason = body.0.reason.as_deref().unwrap_or("canceled by the buyer");
    let detail = state.orders.cancel(&caller.0, &key, reason).await?;
    Ok(HttpResponse::Ok().json(OrderDto::new(detail, None, Audience::Buyer)))
}

/// Try again to pay a pending order
///
/// Reserves its stock again if need be, and opens a new payment page. An
/// attempt that is still open at the same gateway is answered again.
#[utoipa::path(tag = "orders", request_body(content = PaymentRequest, description = "May be left out."), params(
    ("order_id" = String, Path, description = "The order."),
    ("X-Order-Token" = Option<String>, Header, description = "A guest's token."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The order, and where to pay it.", body = CheckoutDto),
))]
#[post("/api/orders/{order_id}/payments")]
pub(crate) async fn create_payment(
    state: Data<ApiState>,
    caller: Caller,
    token: OrderToken,
    path: Path<String>,
    body: MaybeJson<PaymentRequest>,
) -> Result<HttpResponse, ApiError> {
    let attempt = NewAttempt {
        order: key(&path, token)?,
        gateway: body.0.gateway,
    };
    let answer = state.orders.pay(&caller.0, attempt).await?;
    Ok(HttpResponse::Created().json(CheckoutDto::from(answer)))
}
