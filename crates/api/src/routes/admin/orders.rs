//! Orders, as those who run the shop see them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use kernel::OrderLineId;
use orders_model::OrdersError;
use orders_model::refund::Restock;
use orders_service::{OrderFilter, RefundCommand};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use crate::dto::money::MoneyDto;
use crate::dto::order::{Audience, OrderDto, OrderSummaryDto};
use crate::dto::order_states::{OrderStatusDto, PaymentStateDto};
use crate::extract::{Caller, Json, List, Listed, MaybeJson, Query, id, line, page_request};
use crate::problem::ApiError;
use crate::routes::orders::CancelRequest;
use crate::state::ApiState;

/// Which orders, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrdersQuery {
    /// Where they stand.
    #[param(inline)]
    status: Option<OrderStatusDto>,
    /// Where their money stands.
    #[param(inline)]
    payment_status: Option<PaymentStateDto>,
    /// The one with that number.
    #[validate(range(min = 1))]
    #[param(minimum = 1)]
    number: Option<i64>,
    /// Those with that mail address.
    #[validate(length(max = 254))]
    email: Option<String>,
    /// Only those that somebody should look at.
    needs_attention: Option<bool>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// How an order is sent.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShipRequest {
    /// Who carries it.
    #[validate(custom(function = "line"), length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "DHL")]
    carrier: Option<String>,
    /// Where it can be followed.
    #[validate(custom(function = "line"), length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "00340434161094000000")]
    tracking_number: Option<String>,
}

/// Pieces of a line that go back into stock.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestockEntry {
    /// Which line.
    #[schema(value_type = String)]
    line_id: OrderLineId,
    /// How many.
    #[validate(range(min = 1, max = 9999))]
    #[schema(minimum = 1, maximum = 9999)]
    quantity: i64,
}

fn some_money(amount: &MoneyDto) -> Result<(), ValidationError> {
    if amount.amount > 0 {
        return Ok(());
    }
    Err(ValidationError::new("range").with_message("must be at least 1".into()))
}

/// What goes back.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundRequest {
    /// How much, at least 1; all that is left when absent.
    #[validate(custom(function = "some_money"))]
    amount: Option<MoneyDto>,
    /// Why.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "returned")]
    reason: String,
    /// What goes back into stock.
    #[serde(default)]
    #[validate(length(max = 100), nested)]
    restock: Vec<RestockEntry>,
}

/// List orders
#[utoipa::path(tag = "admin: orders", params(OrdersQuery), responses(
    (status = 200, description = "Orders, newest first.", body = List<OrderSummaryDto>),
))]
#[get("/api/admin/orders")]
pub(crate) async fn admin_list_orders(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<OrdersQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = OrderFilter {
        user: None,
        status: query.status.map(Into::into),
        payment_status: query.payment_status.map(Into::into),
        number: query.number,
        email: query.email.map(|email| email.trim().to_lowercase()),
        needs_attention: query.needs_attention.unwrap_or(false),
    };
    let page = state.orders.all_orders(&caller.0, &filter, page).await?;
    let to_dto = |order| OrderSummaryDto::new(&order, Audience::Shop);
    Ok(Listed::new(&state, &caller.0, &request, page, to_dto)?.response())
}

/// See any order
#[utoipa::path(tag = "admin: orders", params(("order_id" = String, Path, description = "The order.")), responses(
    (status = 200, description = "The order.", body = OrderDto),
))]
#[get("/api/admin/orders/{order_id}")]
pub(crate) async fn admin_get_order(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let detail = state.orders.admin_order(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(OrderDto::new(detail, None, Audience::Shop)))
}

/// Note that an order is on its way
///
/// The buyer gets a mail.
#[utoipa::path(tag = "admin: orders", request_body(content = ShipRequest, description = "May be left out."), params(
    ("order_id" = String, Path, description = "The order."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order, shipped.", body = OrderDto),
))]
#[post("/api/admin/orders/{order_id}/ship")]
pub(crate) async fn ship_order(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: MaybeJson<ShipRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let detail = state
        .orders
        .ship(&caller.0, id, body.0.carrier, body.0.tracking_number)
        .await?;
    Ok(HttpResponse::Ok().json(OrderDto::new(detail, None, Audience::Shop)))
}

/// Give money back
///
/// All or a part, never more than came in. The gateway is told in the
/// background; the refund is `pending` until it agrees.
#[utoipa::path(tag = "admin: orders", request_body = RefundRequest, params(
    ("order_id" = String, Path, description = "The order."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order with the refund.", body = OrderDto),
))]
#[post("/api/admin/orders/{order_id}/refund")]
pub(crate) async fn refund_order(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<RefundRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let body = body.0;
    let command = RefundCommand {
        amount: body.amount.map(Into::into),
        reason: body.reason,
        restock: body
            .restock
            .into_iter()
            .map(|entry| Restock {
                line: entry.line_id,
                quantity: entry.quantity,
            })
            .collect(),
    };
    let detail = state.orders.refund(&caller.0, id, command).await?;
    Ok(HttpResponse::Ok().json(OrderDto::new(detail, None, Audience::Shop)))
}

/// Cancel any order that is not shipped
///
/// A paid one is refunded, and what was not put back goes back into stock.
#[utoipa::path(tag = "admin: orders", request_body(content = CancelRequest, description = "May be left out."), params(
    ("order_id" = String, Path, description = "The order."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order, canceled.", body = OrderDto),
))]
#[post("/api/admin/orders/{order_id}/cancel")]
pub(crate) async fn admin_cancel_order(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: MaybeJson<CancelRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let reason = body.0.reason.as_deref().unwrap_or("canceled by the shop");
    let detail = state.orders.admin_cancel(&caller.0, id, reason).await?;
    Ok(HttpResponse::Ok().json(OrderDto::new(detail, None, Audience::Shop)))
}
