//! Returns and exchanges, as those who run the shop see them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use kernel::{OrderId, OrderLineId, VariantId};
use orders_model::exchange::ExchangeItem;
use orders_model::returns::{ReceivedLine, ReturnStatus};
use orders_model::{AftercareError, OrdersError};
use orders_service::{NewExchange, NewReturn, ReturnFilter, ReturnStep};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::dto::money::{MoneyDto, some_money};
use crate::dto::order::{Audience, CheckoutDto};
use crate::dto::returns::{ConditionDto, ReturnDto, ReturnLineRequest, ReturnStatusDto};
use crate::extract::{Caller, Json, List, Listed, MaybeJson, Query, id, page_request, words};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A return to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminReturnRequest {
    /// What is to come back.
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<ReturnLineRequest>,
    /// Anything more.
    #[validate(custom(function = "words"), length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: Option<String>,
    /// False when it is still to be decided on.
    approved: Option<bool>,
}

/// What the buyer gets instead.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExchangeItemRequest {
    /// Which variant.
    #[schema(value_type = String)]
    variant_id: VariantId,
    /// How many.
    #[validate(range(min = 1, max = 999))]
    #[schema(minimum = 1, maximum = 999)]
    quantity: i64,
}

/// An exchange to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExchangeRequest {
    /// What comes back.
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<ReturnLineRequest>,
    /// What the buyer gets instead, at today's prices.
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100)]
    items: Vec<ExchangeItemRequest>,
    /// Anything more.
    #[validate(custom(function = "words"), length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    note: Option<String>,
    /// Through whom a difference is paid.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "stripe")]
    gateway: Option<String>,
}

/// Why a return is rejected.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RejectRequest {
    /// Why; the buyer gets to know.
    #[validate(custom(function = "words"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "it was worn")]
    reason: String,
}

/// What came of one line.
#[derive(Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceivedLineRequest {
    /// Which line of the order.
    #[schema(value_type = String)]
    line_id: OrderLineId,
    /// How many go back into stock.
    #[serde(default)]
    #[validate(range(min = 0, max = 9999))]
    #[schema(minimum = 0, maximum = 9999)]
    restock: i64,
    /// How many are not sold again.
    #[serde(default)]
    #[validate(range(min = 0, max = 9999))]
    #[schema(minimum = 0, maximum = 9999)]
    scrap: i64,
    /// How they are.
    condition: ConditionDto,
}

/// What came back.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiveRequest {
    /// Line by line; what is not named did not come. All of it, as new and
    /// back into stock, when absent.
    #[validate(length(min = 1, max = 100), nested)]
    #[schema(min_items = 1, max_items = 100)]
    lines: Option<Vec<ReceivedLineRequest>>,
}

/// What goes back for a return.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnRefundRequest {
    /// How much, at least 1; what the goods were bought for when absent.
    #[validate(custom(function = "some_money"))]
    amount: Option<MoneyDto>,
    /// Even if a payment is disputed and the bank may give the money back
    /// itself.
    despite_dispute: Option<bool>,
}

/// Which returns, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnsQuery {
    /// Where they stand.
    #[param(inline)]
    status: Option<ReturnStatusDto>,
    /// Those of an order.
    #[param(value_type = Option<String>)]
    order_id: Option<OrderId>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn missing() -> OrdersError {
    AftercareError::ReturnNotFound.into()
}

async fn go_on(
    state: &ApiState,
    caller: &Caller,
    path: &str,
    step: ReturnStep,
) -> Result<HttpResponse, ApiError> {
    let id = id(path, missing())?;
    let found = state.orders.move_return(&caller.0, id, step).await?;
    Ok(HttpResponse::Ok().json(ReturnDto::new(found, Audience::Shop)))
}

/// List returns
#[utoipa::path(tag = "admin: returns", params(ReturnsQuery), responses(
    (status = 200, description = "Returns, newest first.", body = List<ReturnDto>),
))]
#[get("/api/admin/returns")]
pub(crate) async fn list_returns(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<ReturnsQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let filter = ReturnFilter {
        status: query.0.status.map(ReturnStatus::from),
        order: query.0.order_id,
    };
    let page = state.orders.returns(&caller.0, filter, page).await?;
    let to_dto = |found| ReturnDto::new(found, Audience::Shop);
    Ok(Listed::new(&state, &caller.0, &request, page, to_dto)?.response())
}

/// See a return
#[utoipa::path(tag = "admin: returns", params(("return_id" = String, Path, description = "The return.")), responses(
    (status = 200, description = "The return.", body = ReturnDto),
))]
#[get("/api/admin/returns/{return_id}")]
pub(crate) async fn get_return(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, missing())?;
    let found = state.orders.find_return(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(ReturnDto::new(found, Audience::Shop)))
}

/// Make a return for a buyer
///
/// The shop can at any time, whatever the return window.
#[utoipa::path(tag = "admin: returns", request_body = AdminReturnRequest, params(
    ("order_id" = String, Path, description = "The order."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The return.", body = ReturnDto),
))]
#[post("/api/admin/orders/{order_id}/returns")]
pub(crate) async fn admin_create_return(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<AdminReturnRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let body = body.0;
    let new = NewReturn {
        lines: body.lines.into_iter().map(Into::into).collect(),
        note: body.note,
        approved: body.approved.unwrap_or(true),
    };
    let made = state.orders.create_return(&caller.0, id, new).await?;
    Ok(HttpResponse::Created().json(ReturnDto::new(made, Audience::Shop)))
}

/// Let the goods of a return come
///
/// The buyer gets a mail.
#[utoipa::path(tag = "admin: returns", params(
    ("return_id" = String, Path, description = "The return."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The return, approved.", body = ReturnDto),
))]
#[post("/api/admin/returns/{return_id}/approve")]
pub(crate) async fn approve_return(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    go_on(&state, &caller, &path, ReturnStep::Approve).await
}

/// Reject a return
///
/// The buyer gets a mail with the reason.
#[utoipa::path(tag = "admin: returns", request_body = RejectRequest, params(
    ("return_id" = String, Path, description = "The return."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The return, rejected.", body = ReturnDto),
))]
#[post("/api/admin/returns/{return_id}/reject")]
pub(crate) async fn reject_return(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<RejectRequest>,
) -> Result<HttpResponse, ApiError> {
    let step = ReturnStep::Reject(body.0.reason);
    go_on(&state, &caller, &path, step).await
}

/// Call a return off
#[utoipa::path(tag = "admin: returns", params(
    ("return_id" = String, Path, description = "The return."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The return, canceled.", body = ReturnDto),
))]
#[post("/api/admin/returns/{return_id}/cancel")]
pub(crate) async fn admin_cancel_return(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    go_on(&state, &caller, &path, ReturnStep::Cancel(None)).await
}

/// Note that the goods of a return came
///
/// They go back into stock or are written off. What an exchange leaves over
/// goes back to the buyer.
#[utoipa::path(tag = "admin: returns", request_body(content = ReceiveRequest, description = "May be left out."), params(
    ("return_id" = String, Path, description = "The return."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The return, received.", body = ReturnDto),
))]
#[post("/api/admin/returns/{return_id}/receive")]
pub(crate) async fn receive_return(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: MaybeJson<ReceiveRequest>,
) -> Result<HttpResponse, ApiError> {
    let came = |line: ReceivedLineRequest| ReceivedLine {
        line: line.line_id,
        restock: line.restock,
        scrap: line.scrap,
        condition: line.condition.into(),
    };
    let lines = body.0.lines;
    let step = ReturnStep::Receive(lines.map(|lines| lines.into_iter().map(came).collect()));
    go_on(&state, &caller, &path, step).await
}

/// Give the money of a return back
///
/// Never more than came in and has not gone back.
#[utoipa::path(tag = "admin: returns", request_body(content = ReturnRefundRequest, description = "May be left out."), params(
    ("return_id" = String, Path, description = "The return."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The return, refunded.", body = ReturnDto),
))]
#[post("/api/admin/returns/{return_id}/refund")]
pub(crate) async fn refund_return(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: MaybeJson<ReturnRefundRequest>,
) -> Result<HttpResponse, ApiError> {
    let step = ReturnStep::Refund {
        amount: body.0.amount.map(Into::into),
        despite_dispute: body.0.despite_dispute.unwrap_or(false),
    };
    go_on(&state, &caller, &path, step).await
}

/// Exchange goods of an order
///
/// What comes back becomes an approved return. What the buyer gets instead is
/// an order of its own, whose stock is reserved: it is paid by what comes back,
/// and the buyer pays a difference at `payment_url`. Without one it can be
/// shipped at once. What it costs less goes back when the goods are here.
#[utoipa::path(tag = "admin: returns", request_body = ExchangeRequest, params(
    ("order_id" = String, Path, description = "The order whose goods come back."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The order of what the buyer gets, and where a difference is paid.", body = CheckoutDto),
))]
#[post("/api/admin/orders/{order_id}/exchanges")]
pub(crate) async fn create_exchange(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<ExchangeRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let body = body.0;
    let item = |item: ExchangeItemRequest| ExchangeItem {
        variant: item.variant_id,
        quantity: item.quantity,
    };
    let new = NewExchange {
        lines: body.lines.into_iter().map(Into::into).collect(),
        items: body.items.into_iter().map(item).collect(),
        note: body.note,
        gateway: body.gateway,
    };
    let answer = state.orders.exchange(&caller.0, id, new).await?;
    Ok(HttpResponse::Created().json(CheckoutDto::from(answer)))
}
