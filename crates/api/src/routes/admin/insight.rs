//! The figures of a shop.

use actix_web::web::Data;
use actix_web::{HttpResponse, get, post};
use engagement_model::EngagementErrorCode;
use jiff::civil::Date;
use serde::Deserialize;
use strum::IntoEnumIterator as _;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::insight::InsightDto;
use crate::dto::insight_table;
use crate::extract::{Caller, Query, day};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::routes::abandoned_carts;
use crate::routes::downloads::attachment;
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
    #[serde(default, deserialize_with = "day")]
    #[param(value_type = Option<String>, format = Date, example = "2026-03-01")]
    from: Option<Date>,
    /// The last day; today when it is absent. 366 days at most.
    #[serde(default, deserialize_with = "day")]
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

/// What an export of figures has a row for.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InsightRowsDto {
    /// Each day and currency.
    Days,
    /// Each of the products that sold best, in each currency.
    BestSellers,
}

/// Which days, and what of them.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct InsightExportQuery {
    /// The first day; 29 days before the last one when it is absent.
    #[serde(default, deserialize_with = "day")]
    #[param(value_type = Option<String>, format = Date, example = "2026-03-01")]
    from: Option<Date>,
    /// The last day; today when it is absent. 366 days at most.
    #[serde(default, deserialize_with = "day")]
    #[param(value_type = Option<String>, format = Date, example = "2026-03-31")]
    to: Option<Date>,
    /// What has a row; days when absent.
    #[param(inline)]
    rows: Option<InsightRowsDto>,
}

/// Export the figures as CSV
///
/// A row for each day and currency, amounts as decimals. What has no currency,
/// such as visitors, stands in the first row of its day only, so that columns
/// can be added up. With `rows=best_sellers` a row for each product that sold
/// best. Cells that a spreadsheet would take for a formula begin with an
/// apostrophe.
#[utoipa::path(tag = "admin: insight", params(InsightExportQuery), responses(
    (status = 200, description = "The figures.", body = String, content_type = "text/csv"),
    (status = 422, description = "The days make no period.", body = crate::problem::Problem, content_type = "application/problem+json"),
))]
#[get("/api/admin/metrics/export")]
pub(crate) async fn export_insight(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<InsightExportQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let insight = state
        .engagement
        .insight(&caller.0, query.from, query.to)
        .await?;
    let days = format!("{}-{}", insight.days.from, insight.days.to);
    let (what, text) = match query.rows.unwrap_or(InsightRowsDto::Days) {
        InsightRowsDto::Days => ("metrics", insight_table::days(&insight)),
        InsightRowsDto::BestSellers => ("best-sellers", insight_table::best_sellers(&insight)),
    };
    let name = format!("{what}-{days}.csv");
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(attachment(&name))
        .body(text?))
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
