//! Orders, as those who run the shop see them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, post};
use kernel::{FieldError, OrderLineId, ProductId, Timestamp, UserId};
use orders_model::OrdersError;
use orders_model::order::BY_SHOP;
use orders_model::refund::Restock;
use orders_model::search::wanted;
use orders_model::shipment::Tracking;
use orders_service::{CancelReason, NewShipment, OrderFilter, OrderSort, RefundCommand};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::dto::money::{MoneyDto, some_money};
use crate::dto::order::{Audience, OrderDto, OrderSummaryDto};
use crate::dto::order_states::{FulfilmentStateDto, OrderStatusDto, PaymentStateDto};
use crate::extract::{Caller, Json, List, Listed, MaybeJson, Query, id, line, page_request, words};
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// How to sort orders.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderSortDto {
    /// The newest first.
    Newest,
    /// The oldest first.
    Oldest,
    /// The dearest first.
    TotalDesc,
    /// The cheapest first.
    Total,
}

/// Which orders, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrdersQuery {
    /// Where they stand; repeat it for any of several.
    #[serde(default)]
    #[validate(length(max = 10))]
    #[param(inline, max_items = 10)]
    status: Vec<OrderStatusDto>,
    /// Where their money stands; repeat it for any of several.
    #[serde(default)]
    #[validate(length(max = 10))]
    #[param(inline, max_items = 10)]
    payment_status: Vec<PaymentStateDto>,
    /// Where their goods stand; repeat it for any of several.
    #[serde(default)]
    #[validate(length(max = 10))]
    #[param(inline, max_items = 10)]
    fulfilment_status: Vec<FulfilmentStateDto>,
    /// The one with that number.
    #[validate(range(min = 1))]
    #[param(minimum = 1)]
    number: Option<i64>,
    /// Those with that mail address.
    #[validate(length(max = 254))]
    email: Option<String>,
    /// Those of that account.
    #[param(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Only those that somebody should look at.
    needs_attention: Option<bool>,
    /// Those under dispute, or those that are not.
    disputed: Option<bool>,
    /// Those placed then or later.
    #[param(value_type = Option<String>, format = DateTime)]
    placed_from: Option<Timestamp>,
    /// Those placed before.
    #[param(value_type = Option<String>, format = DateTime)]
    placed_before: Option<Timestamp>,
    /// Those of at least so much, in minor units.
    #[validate(range(min = 0))]
    #[param(minimum = 0)]
    min_total: Option<i64>,
    /// Those of at most so much, in minor units.
    #[validate(range(min = 0))]
    #[param(minimum = 0)]
    max_total: Option<i64>,
    /// Those with that product.
    #[param(value_type = Option<String>)]
    product_id: Option<ProductId>,
    /// Those with that stock keeping unit.
    #[validate(length(min = 1, max = 100))]
    sku: Option<String>,
    /// Those that go that way, by its code.
    #[validate(length(min = 1, max = 64))]
    shipping_method: Option<String>,
    /// Words that each begin the number, mail address, a name or a tracking
    /// number, in any order, without regard to case and accents. A text
    /// without a word, such as `%`, finds nothing.
    #[validate(length(max = 200))]
    q: Option<String>,
    /// How to sort them; the newest first when absent.
    #[param(inline)]
    sort: Option<OrderSortDto>,
    /// How many at most; an export has all.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before; an export has no pages.
    cursor: Option<String>,
    /// What an export has a row for; each order when absent. Lists do not take
    /// it.
    #[param(inline)]
    rows: Option<OrderRowsDto>,
}

/// What an export of orders has a row for.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderRowsDto {
    /// Each order.
    Orders,
    /// Each line of each order.
    Lines,
}

impl OrdersQuery {
    /// Whether it asks for a page.
    pub(crate) fn has_page(&self) -> bool {
        self.limit.is_some() || self.cursor.is_some()
    }

    /// What an export has rows for.
    pub(crate) fn rows(&self) -> OrderRowsDto {
        self.rows.unwrap_or(OrderRowsDto::Orders)
    }

    /// Which orders, and in which order.
    pub(crate) fn wanted(self) -> (OrderFilter, OrderSort) {
        let sort = match self.sort.unwrap_or(OrderSortDto::Newest) {
            OrderSortDto::Newest => OrderSort::Newest,
            OrderSortDto::Oldest => OrderSort::Oldest,
            OrderSortDto::TotalDesc => OrderSort::TotalDesc,
            OrderSortDto::Total => OrderSort::Total,
        };
        let filter = OrderFilter {
            user: self.user_id,
            status: self.status.into_iter().map(Into::into).collect(),
            payment_status: self.payment_status.into_iter().map(Into::into).collect(),
            fulfilment_status: self.fulfilment_status.into_iter().map(Into::into).collect(),
            number: self.number,
            email: self.email.map(|email| email.trim().to_lowercase()),
            needs_attention: self.needs_attention.unwrap_or(false),
            disputed: self.disputed,
            placed_from: self.placed_from,
            placed_before: self.placed_before,
            min_total: self.min_total,
            max_total: self.max_total,
            product: self.product_id,
            sku: self.sku,
            shipping_method: self.shipping_method,
            words: self.q.as_deref().and_then(wanted),
        };
        (filter, sort)
    }
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

/// What goes back.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundRequest {
    /// How much, at least 1; all that is left when absent.
    #[validate(custom(function = "some_money"))]
    amount: Option<MoneyDto>,
    /// Why. The shop's own: the buyer sees the amount and not the reason.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "returned")]
    reason: String,
    /// Lets the buyer read the reason: it becomes a note for them as well.
    #[serde(default)]
    #[schema(default = false)]
    tell_customer: bool,
    /// What goes back into stock.
    #[serde(default)]
    #[validate(length(max = 100), nested)]
    restock: Vec<RestockEntry>,
    /// Even if a payment is disputed and the bank may give the money back
    /// itself.
    despite_dispute: Option<bool>,
}

/// Why the shop cancels an order.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminCancelRequest {
    /// Why. The shop's own: the buyer sees that the shop canceled it.
    #[validate(custom(function = "words"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "no longer made")]
    reason: Option<String>,
    /// Lets the buyer read the reason: it becomes a note for them as well.
    #[serde(default)]
    #[schema(default = false)]
    tell_customer: bool,
}

/// List and search orders
#[utoipa::path(tag = "admin: orders", params(OrdersQuery), responses(
    (status = 200, description = "Orders, sorted.", body = List<OrderSummaryDto>),
))]
#[get("/api/admin/orders")]
pub(crate) async fn admin_list_orders(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<OrdersQuery>,
) -> Result<HttpResponse, ApiError> {
    if query.0.rows.is_some() {
        let why = "only an export has rows; leave it out";
        let fields = vec![FieldError::new("/rows", "export", why)];
        return Err(RequestError::InvalidQuery(fields).into());
    }
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let (filter, sort) = query.0.wanted();
    let page = state
        .orders
        .all_orders(&caller.0, &filter, sort, &page)
        .await?;
    let to_dto = |listed| OrderSummaryDto::listed(&listed, Audience::Shop);
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

/// Ship what is left of an order
///
/// All that is in no shipment yet is handed over as one. The buyer gets a mail.
#[utoipa::path(tag = "admin: orders", request_body(content = ShipRequest, description = "May be left out."), params(
    ("order_id" = String, Path, description = "The order."),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 200, description = "The order with the shipment.", body = OrderDto),
))]
#[post("/api/admin/orders/{order_id}/ship")]
pub(crate) async fn ship_order(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: MaybeJson<ShipRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let rest = NewShipment {
        lines: None,
        tracking: Tracking {
            carrier: body.0.carrier,
            number: body.0.tracking_number,
            url: None,
        },
        hand_over: true,
    };
    let detail = state.orders.create_shipment(&caller.0, id, rest).await?;
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
        tell_customer: body.tell_customer,
        restock: body
            .restock
            .into_iter()
            .map(|entry| Restock {
                line: entry.line_id,
                quantity: entry.quantity,
            })
            .collect(),
        despite_dispute: body.despite_dispute.unwrap_or(false),
    };
    let detail = state.orders.refund(&caller.0, id, command).await?;
    Ok(HttpResponse::Ok().json(OrderDto::new(detail, None, Audience::Shop)))
}

/// Cancel any order that is not shipped
///
/// A paid one is refunded, and what was not put back goes back into stock.
#[utoipa::path(tag = "admin: orders", request_body(content = AdminCancelRequest, description = "May be left out."), params(
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
    body: MaybeJson<AdminCancelRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let reason = CancelReason {
        text: body.0.reason.as_deref().unwrap_or(BY_SHOP),
        tell_customer: body.0.tell_customer,
    };
    let detail = state.orders.admin_cancel(&caller.0, id, reason).await?;
    Ok(HttpResponse::Ok().json(OrderDto::new(detail, None, Audience::Shop)))
}
