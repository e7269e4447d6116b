//! What those see who belong to a seller, and what sellers sold.

use std::fmt::Write as _;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use catalog_model::SellerErrorCode;
use jiff::civil::Date;
use kernel::Money;
use orders_model::OrdersError;
use orders_model::sales::SalesReport;
use orders_service::AskedDays;
use serde::Deserialize;
use strum::IntoEnumIterator as _;
use utoipa::IntoParams;
use validator::Validate;

use super::admin::sellers::{self, seller_id};
use super::api_keys::PageQuery;
use super::downloads::attachment;
use crate::app::Routes;
use crate::dto::seller::{SalesReportDto, SellerOrderDto};
use crate::extract::{Caller, List, Listed, Query, day, id, page_request};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::state::ApiState;

/// What sellers add to the API.
pub(crate) const MODULE: Module = Module {
    tags: &[
        ("admin: sellers", "Who sells in the shop"),
        ("seller", "What is a seller's own in the shop"),
    ],
    routes,
    codes: || {
        SellerErrorCode::iter()
            .map(|code| (code.code(), code.kind()))
            .collect()
    },
};

fn routes(config: &mut Routes) {
    config.service(sellers::list_sellers);
    config.service(sellers::create_seller);
    // Before the seller, whose id it could be.
    config.service(get_all_sales);
    config.service(export_all_sales);
    config.service(sellers::get_seller);
    config.service(sellers::patch_seller);
    config.service(sellers::archive_seller);
    config.service(sellers::add_seller_person);
    config.service(sellers::remove_seller_person);
    config.service(get_seller_sales);
    config.service(export_seller_sales);
    config.service(list_seller_orders);
    config.service(get_seller_order);
    config.service(get_own_sales);
    config.service(export_own_sales);
}

/// Which days.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DaysQuery {
    /// The first day, in the time zone of the shop; 29 days before the last one
    /// when it is absent.
    #[serde(default, deserialize_with = "day")]
    #[param(value_type = Option<String>, format = Date, example = "2026-03-01")]
    from: Option<Date>,
    /// The last day; today when it is absent. 366 days at most.
    #[serde(default, deserialize_with = "day")]
    #[param(value_type = Option<String>, format = Date, example = "2026-03-31")]
    to: Option<Date>,
}

impl From<DaysQuery> for AskedDays {
    fn from(query: DaysQuery) -> Self {
        Self {
            from: query.from,
            to: query.to,
        }
    }
}

/// List the orders of your seller
///
/// Orders with something of the seller in them, reduced to that.
#[utoipa::path(tag = "seller", params(PageQuery), responses(
    (status = 200, description = "Orders, newest first.", body = List<SellerOrderDto>),
))]
#[get("/api/seller/orders")]
pub(crate) async fn list_seller_orders(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.orders.seller_orders(&caller.0, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, SellerOrderDto::from)?.response())
}

/// See an order of your seller
#[utoipa::path(tag = "seller", params(("order_id" = String, Path, description = "The order.")), responses(
    (status = 200, description = "What of the order is the seller's.", body = SellerOrderDto),
))]
#[get("/api/seller/orders/{order_id}")]
pub(crate) async fn get_seller_order(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, OrdersError::OrderNotFound)?;
    let order = state.orders.seller_order(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(SellerOrderDto::from(order)))
}

/// See what your seller sold
#[utoipa::path(tag = "seller", params(DaysQuery), responses(
    (status = 200, description = "What was sold, and what is payable.", body = SalesReportDto),
))]
#[get("/api/seller/report")]
pub(crate) async fn get_own_sales(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<DaysQuery>,
) -> Result<HttpResponse, ApiError> {
    let report = state.orders.own_sales(&caller.0, query.0.into()).await?;
    respond(report)
}

/// Export what your seller sold as CSV
#[utoipa::path(tag = "seller", params(DaysQuery), responses(
    (status = 200, description = "A row for each currency.", body = String, content_type = "text/csv"),
))]
#[get("/api/seller/report/export")]
pub(crate) async fn export_own_sales(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<DaysQuery>,
) -> Result<HttpResponse, ApiError> {
    let report = state.orders.own_sales(&caller.0, query.0.into()).await?;
    table(report)
}

/// See what a seller sold
#[utoipa::path(tag = "admin: sellers", params(
    ("seller_id" = String, Path, description = "The seller."), DaysQuery,
), responses(
    (status = 200, description = "What was sold, and what is payable.", body = SalesReportDto),
))]
#[get("/api/admin/sellers/{seller_id}/report")]
pub(crate) async fn get_seller_sales(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    query: Query<DaysQuery>,
) -> Result<HttpResponse, ApiError> {
    let (id, days) = (seller_id(&path)?, query.0.into());
    respond(state.orders.seller_sales(&caller.0, id, days).await?)
}

/// Export what a seller sold as CSV
#[utoipa::path(tag = "admin: sellers", params(
    ("seller_id" = String, Path, description = "The seller."), DaysQuery,
), responses(
    (status = 200, description = "A row for each currency.", body = String, content_type = "text/csv"),
))]
#[get("/api/admin/sellers/{seller_id}/report/export")]
pub(crate) async fn export_seller_sales(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    query: Query<DaysQuery>,
) -> Result<HttpResponse, ApiError> {
    let (id, days) = (seller_id(&path)?, query.0.into());
    table(state.orders.seller_sales(&caller.0, id, days).await?)
}

/// See what all sellers sold
///
/// Own goods of the shop have no seller. Together the rows are the goods of
/// all orders; shipping and taxes are the shop's and in none of them.
#[utoipa::path(tag = "admin: sellers", params(DaysQuery), responses(
    (status = 200, description = "What each sold, and what is payable.", body = SalesReportDto),
))]
#[get("/api/admin/sellers/report")]
pub(crate) async fn get_all_sales(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<DaysQuery>,
) -> Result<HttpResponse, ApiError> {
    respond(state.orders.all_sales(&caller.0, query.0.into()).await?)
}

/// Export what all sellers sold as CSV
#[utoipa::path(tag = "admin: sellers", params(DaysQuery), responses(
    (status = 200, description = "A row for each seller and currency.", body = String, content_type = "text/csv"),
))]
#[get("/api/admin/sellers/report/export")]
pub(crate) async fn export_all_sales(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<DaysQuery>,
) -> Result<HttpResponse, ApiError> {
    table(state.orders.all_sales(&caller.0, query.0.into()).await?)
}

fn respond(report: SalesReport) -> Result<HttpResponse, ApiError> {
    let report = SalesReportDto::try_from(report).map_err(OrdersError::from)?;
    Ok(HttpResponse::Ok().json(report))
}

const HEAD: &str = "from,to,seller_id,currency,orders,pieces,gross,discounts,refunds,platform_fees,\
                    platform_fees_from_buyers,payable\r\n";

/// Dates, ids, codes and numbers only: nothing that a spreadsheet takes for a
/// formula, and nothing to quote. An amount below zero is a number there, too.
fn table(report: SalesReport) -> Result<HttpResponse, ApiError> {
    let report = SalesReportDto::try_from(report).map_err(OrdersError::from)?;
    let mut text = HEAD.to_owned();
    for row in &report.sales {
        let amounts = [
            row.gross,
            row.discounts,
            row.refunds,
            row.platform_fees,
            row.platform_fees_from_buyers,
            row.payable,
        ];
        let seller = row.seller_id.map(|id| id.to_string()).unwrap_or_default();
        let _ = write!(
            text,
            "{},{},{seller},{},{},{}",
            report.from, report.to, row.currency, row.orders, row.pieces
        );
        for amount in amounts {
            let _ = write!(text, ",{}", Money::from(amount).decimal());
        }
        text.push_str("\r\n");
    }
    let name = format!("sales-{}-{}.csv", report.from, report.to);
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(attachment(&name))
        .body(text))
}
