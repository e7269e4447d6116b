//! The figures of a shop.

use std::fmt::Write as _;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use engagement_model::EngagementErrorCode;
use engagement_model::insight::Insight;
use jiff::civil::Date;
use kernel::Money;
use serde::Deserialize;
use strum::IntoEnumIterator as _;
use utoipa::IntoParams;
use validator::Validate;

use crate::app::Routes;
use crate::dto::insight::{InsightDto, of_days};
use crate::dto::money::MoneyDto;
use crate::extract::{Caller, Query};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::routes::abandoned_carts;
use crate::state::ApiState;

/// What the domain adds to the API.
pub(crate) const MODULE: Module = Module {
    tags: &[("admin: insight", "Revenue, visitors, best sellers")],
    routes,
    codes: || {
        EngagementErrorCode::iter()
            .map(|code| (code.code(), code.kind()))
            .collect()
    },
};

fn routes(config: &mut Routes) {
    config.service(abandoned_carts::restore_cart);
    config.service(get_insight);
    config.service(export_insight);
    config.service(rebuild_insight);
}

/// Which days.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct InsightQuery {
    /// The first day; 29 days before the last one when it is absent.
    #[param(value_type = Option<String>, format = Date, example = "2026-03-01")]
    from: Option<Date>,
    /// The last day; today when it is absent. 366 days at most.
    #[param(value_type = Option<String>, format = Date, example = "2026-03-31")]
    to: Option<Date>,
}

/// See the figures of the shop
///
/// Revenue, orders and refunds, visitors and how far they came, best sellers,
/// the value of the stock: of the last 30 days, or of those that are named.
#[utoipa::path(tag = "admin: insight", params(InsightQuery), responses(
    (status = 200, description = "The figures.", body = InsightDto),
    (status = 422, description = "The days make no period.", body = crate::problem::Problem, content_type = "application/problem+json"),
))]
#[get("/api/admin/metrics")]
pub(crate) async fn get_insight(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<InsightQuery>,
) -> Result<HttpResponse, ApiError> {
    let insight = state
        .engagement
        .insight(&caller.0, query.0.from, query.0.to)
        .await?;
    Ok(HttpResponse::Ok().json(InsightDto::from(insight)))
}

/// Export the figures as CSV
///
/// A row for each day and currency, amounts as decimals. What has no currency,
/// such as visitors, stands in the first row of its day only, so that columns
/// can be added up.
#[utoipa::path(tag = "admin: insight", params(InsightQuery), responses(
    (status = 200, description = "The figures.", body = String, content_type = "text/csv"),
    (status = 422, description = "The days make no period.", body = crate::problem::Problem, content_type = "application/problem+json"),
))]
#[get("/api/admin/metrics/export")]
pub(crate) async fn export_insight(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<InsightQuery>,
) -> Result<HttpResponse, ApiError> {
    let insight = state
        .engagement
        .insight(&caller.0, query.0.from, query.0.to)
        .await?;
    let name = format!(
        "attachment; filename=\"metrics-{}-{}.csv\"",
        insight.days.from, insight.days.to
    );
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, name))
        .body(csv(&insight)))
}

const HEAD: &str = "day,currency,orders,revenue,average_order,refunds,refunded,reminders,recovered_orders,\
                    recovered_revenue,visitors,product_views,carts,checkouts\r\n";

/// Dates, codes and numbers only: nothing that a spreadsheet takes for a
/// formula, and nothing to quote.
fn csv(insight: &Insight) -> String {
    let mut text = HEAD.to_owned();
    for day in of_days(insight) {
        let funnel = &day.funnel;
        let mut visits = format!(
            "{},{},{},{}",
            funnel.visitors, funnel.product_views, funnel.carts, funnel.checkouts
        );
        if day.takings.is_empty() {
            let _ = write!(text, "{},,0,,,0,,0,0,,{visits}\r\n", day.day);
        }
        for one in &day.takings {
            let money = |dto: &MoneyDto| decimal(Money::new(dto.amount, dto.currency));
            let _ = write!(
                text,
                "{},{},{},{},{},{},{},{},{},{},{visits}\r\n",
                day.day,
                one.currency,
                one.orders,
                money(&one.revenue),
                one.average_order.as_ref().map(money).unwrap_or_default(),
                one.refunds,
                money(&one.refunded),
                one.reminders,
                one.recovered_orders,
                money(&one.recovered_revenue),
            );
            ",,,".clone_into(&mut visits);
        }
    }
    text
}

/// An amount without its currency.
fn decimal(money: Money) -> String {
    let text = money.to_string();
    text.split_once(' ')
        .map_or(text.clone(), |(number, _)| number.to_owned())
}

/// Count everything anew
///
/// All orders and refunds, by the day of the shop's time zone as it is now:
/// after the time zone changed, or when the figures are doubted. Visitors stay
/// as they were counted.
#[utoipa::path(tag = "admin: insight", params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 202, description = "It will be done."),
))]
#[post("/api/admin/metrics/rebuild")]
pub(crate) async fn rebuild_insight(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    state.engagement.request_rebuild(&caller.0).await?;
    Ok(HttpResponse::Accepted().finish())
}
