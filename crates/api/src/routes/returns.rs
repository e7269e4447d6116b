//! The caller's returns.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, post};
use orders_model::{AftercareError, OrdersError};
use orders_service::{NewReturn, OrderKey};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::order::Audience;
use crate::dto::returns::{ReturnDto, ReturnLineRequest};
use crate::extract::{Caller, Json, OrderToken, id, words};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A return to ask for.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnRequest {
    /// What is to come back.
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<ReturnLineRequest>,
    /// Anything more.
    #[validate(custom(function = "words"), length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: Option<String>,
}

/// Ask to return goods
///
/// Within the shop's return window after they arrived. The shop decides.
#[utoipa::path(tag = "orders", request_body = ReturnRequest, params(
    ("order_id" = String, Path, description = "The order."),
    ("X-Order-Token" = Option<String>, Header, description = "A guest's token."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The return.", body = ReturnDto),
))]
#[post("/api/orders/{order_id}/returns")]
pub(crate) async fn create_return(
    state: Data<ApiState>,
    caller: Caller,
    token: OrderToken,
    path: Path<String>,
    body: Json<ReturnRequest>,
) -> Result<HttpResponse, ApiError> {
    let key = OrderKey {
        id: id(&path, OrdersError::OrderNotFound)?,
        token: token.0,
    };
    let new = NewReturn {
        lines: body.0.lines.into_iter().map(Into::into).collect(),
        note: body.0.note,
        approved: false,
    };
    let made = state.orders.request_return(&caller.0, &key, new).await?;
    Ok(HttpResponse::Created().json(ReturnDto::new(made, Audience::Buyer)))
}

/// Call a return off
///
/// As long as the goods have not come.
#[utoipa::path(tag = "orders", params(
    ("order_id" = String, Path, description = "The order."),
    ("return_id" = String, Path, description = "The return."),
    ("X-Order-Token" = Option<String>, Header, description = "A guest's token."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The return, canceled.", body = ReturnDto),
))]
#[post("/api/orders/{order_id}/returns/{return_id}/cancel")]
pub(crate) async fn cancel_return(
    state: Data<ApiState>,
    caller: Caller,
    token: OrderToken,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (order, found) = path.into_inner();
    let key = OrderKey {
        id: id(&order, OrdersError::OrderNotFound)?,
        token: token.0,
    };
    let missing = OrdersError::from(AftercareError::ReturnNotFound);
    let found = id(&found, missing)?;
    let found = state.orders.cancel_return(&caller.0, &key, found).await?;
    Ok(HttpResponse::Ok().json(ReturnDto::new(found, Audience::Buyer)))
}
