//! Orders as files: receipts, packing slips, tables.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use kernel::{FieldError, Page, Scope, ShipmentId};
use orders_model::OrdersError;
use orders_model::order::ListedOrder;
use orders_service::{OrderFile, OrderKey, OrderPosition};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::admin::orders::{OrderRowsDto, OrdersQuery};
use super::downloads::{CsvFile, attachment, broken};
use crate::dto::order_table;
use crate::extract::{Caller, OrderToken, Query, id};
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// A PDF.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "it describes an answer")]
pub(crate) struct PdfFile(Vec<u8>);

fn pdf(file: OrderFile) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(attachment(&file.name))
        .content_type("application/pdf")
        .body(file.bytes)
}

/// Print the receipt of an order
///
/// A guest sends the token from checkout as `X-Order-Token`.
#[utoipa::path(tag = "orders", params(
    ("order_id" = String, Path, description = "The order."),
    ("X-Order-Token" = Option<String>, Header, description = "A guest's token."),
), responses(
    (status = 200, description = "The receipt.", body = PdfFile, content_type = "application/pdf"),
))]
#[get("/api/orders/{order_id}/receipt")]
pub(crate) async fn get_receipt(
    state: Data<ApiState>,
    caller: Caller,
    token: OrderToken,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = OrderKey {
        id: id(&path, OrdersError::OrderNotFound)?,
        token: token.0,
    };
    Ok(pdf(state.orders.receipt(&caller.0, &key).await?))
}

/// Print the receipt of any order
#[utoipa::path(tag = "admin: orders", params(("order_id" = String, Path, description = "The order.")), responses(
    (status = 200, description = "The receipt.", body = PdfFile, content_type = "application/pdf"),
))]
#[get("/api/admin/orders/{order_id}/receipt")]
pub(crate) async fn admin_get_receipt(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    Ok(pdf(state.orders.admin_receipt(&caller.0, id).await?))
}

/// Which packing slip.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackingSlipQuery {
    /// Of that shipment only; of all that is to be sent when absent.
    #[param(value_type = Option<String>, example = "pkg_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    shipment_id: Option<ShipmentId>,
}

/// Print the packing slip of an order or of a shipment
///
/// What goes into the parcel and where to, without prices.
#[utoipa::path(tag = "admin: orders", params(("order_id" = String, Path, description = "The order."), PackingSlipQuery), responses(
    (status = 200, description = "The packing slip.", body = PdfFile, content_type = "application/pdf"),
))]
#[get("/api/admin/orders/{order_id}/packing-slip")]
pub(crate) async fn get_packing_slip(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    query: Query<PackingSlipQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let shipment = query.0.shipment_id;
    Ok(pdf(state
        .orders
        .packing_slip(&caller.0, id, shipment)
        .await?))
}

/// Export orders as CSV
///
/// All that the filters let through, as a stream; `limit` and `cursor` are
/// refused. With `rows=lines` there is a row for each line of each order.
/// Cells that a spreadsheet would take for a formula begin with an apostrophe.
/// When the export breaks off, so does the connection.
#[utoipa::path(tag = "admin: orders", params(OrdersQuery), responses(
    (status = 200, description = "One row for each order, or for each line.", body = CsvFile, content_type = "text/csv"),
))]
#[get("/api/admin/orders/export")]
pub(crate) async fn export_orders(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<OrdersQuery>,
) -> Result<HttpResponse, ApiError> {
    if query.0.has_page() {
        let why = "an export has no pages; leave it out".to_owned();
        let fields = vec![
            FieldError::new("/limit", "export", why.clone()),
            FieldError::new("/cursor", "export", why),
        ];
        return Err(RequestError::InvalidQuery(fields).into());
    }
    let kind = query.0.rows();
    let (filter, sort) = query.0.wanted();
    let scope = caller.0;
    let first = state
        .orders
        .export_part(&scope, &filter, sort, None)
        .await?;
    let (head, what) = match kind {
        OrderRowsDto::Orders => (order_table::head()?, "orders"),
        OrderRowsDto::Lines => (order_table::head_of_lines()?, "order-lines"),
    };
    let rows = rows_of(&state, &scope, kind, &first).await?;
    let begun = Bytes::from([head, rows].concat());
    let begun = stream::iter([Ok::<_, std::io::Error>(begun)]);
    let day = state.clock.now().to_string();
    let name = format!("{what}-{}.csv", day.get(..10).unwrap_or("all"));
    let rest = stream::try_unfold(first.next, move |next: Option<OrderPosition>| {
        let (state, scope, filter) = (state.clone(), scope.clone(), filter.clone());
        async move {
            let Some(after) = next else { return Ok(None) };
            let part = state
                .orders
                .export_part(&scope, &filter, sort, Some(after))
                .await
                .map_err(|error| broken(&error))?;
            let rows = rows_of(&state, &scope, kind, &part).await;
            let rows = rows.map_err(|error| broken(&error))?;
            Ok(Some((Bytes::from(rows), part.next)))
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header(attachment(&name))
        .content_type("text/csv; charset=utf-8")
        .streaming(begun.chain(rest)))
}

/// The rows of a part.
async fn rows_of(
    state: &ApiState,
    scope: &Scope,
    kind: OrderRowsDto,
    part: &Page<ListedOrder, OrderPosition>,
) -> Result<Vec<u8>, OrdersError> {
    match kind {
        OrderRowsDto::Orders => Ok(order_table::rows(&part.items)?),
        OrderRowsDto::Lines => {
            let lines = state.orders.lines_of_part(scope, &part.items).await?;
            Ok(order_table::rows_of_lines(&part.items, &lines)?)
        }
    }
}
