//! Price lists, as those who run the shop make them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get, patch, post, put};
use catalog_model::CatalogError;
use catalog_model::price_list::{NewPriceList, PriceList, PriceListChange, PriceSetting};
use catalog_service::PriceListFilter;
use kernel::{Currency, FieldError, Timestamp, VariantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::dto::choices::StatusDto;
use crate::dto::money::MoneyDto;
use crate::dto::patch::{present, removable};
use crate::dto::price_list::{ListPriceDto, PriceListDto, status_of};
use crate::extract::{
    Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, line, page_request,
};
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// The dearest price, in minor units.
const MAX_PRICE: i64 = 1_000_000_000_000;

/// Which price lists, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceListsQuery {
    /// Whether they count.
    #[param(inline)]
    status: Option<StatusDto>,
    /// In which currency.
    #[param(value_type = Option<String>, pattern = "^[A-Z]{3}$")]
    currency: Option<Currency>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which page of prices.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPricesQuery {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A price list to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceListRequest {
    /// What you call it.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Dollars")]
    name: String,
    /// The currency of its prices; it stays. In the shop's own currency the
    /// list is a sale: it counts where it is lower than a variant's own price.
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "USD")]
    currency: Currency,
    /// Of several lists in force, the one with the highest counts; of equals
    /// the lowest price.
    #[serde(default)]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    priority: i64,
    /// From when on.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// Until before when.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
}

/// A change of a price list; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceListPatch {
    /// What you call it.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Of several lists in force, the one with the highest counts.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000, nullable = false)]
    priority: Option<i64>,
    /// Whether it counts.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<StatusDto>,
    /// From when on.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Option<Timestamp>>,
    /// Until before when.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Option<Timestamp>>,
}

/// Prices to set and to take away.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPricesRequest {
    /// The prices, of each variant once. Others stay as they are.
    #[schema(min_items = 1, max_items = 200)]
    prices: Vec<ListPriceRequest>,
}

/// The price of a variant in a list.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPriceRequest {
    /// Which variant.
    #[schema(value_type = String, example = "var_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    variant_id: VariantId,
    /// What one costs; null takes the variant out of the list.
    price: Option<MoneyDto>,
    /// What one cost before, shown beside the price: above it.
    compare_at_price: Option<MoneyDto>,
}

/// What became of prices.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListPricesSet {
    /// How many entries were worked on.
    count: usize,
}

fn respond(mut response: actix_web::HttpResponseBuilder, list: PriceList) -> HttpResponse {
    response
        .insert_header(("etag", etag(list.version)))
        .json(PriceListDto::from(list))
}

/// List price lists
#[utoipa::path(tag = "admin: price lists", params(PriceListsQuery), responses(
    (status = 200, description = "Price lists, newest first.", body = List<PriceListDto>),
))]
#[get("/api/admin/price-lists")]
pub(crate) async fn list_price_lists(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<PriceListsQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = PriceListFilter {
        status: query.status.map(status_of),
        currency: query.currency,
    };
    let page = state.catalog.price_lists(&caller.0, &filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, PriceListDto::from)?.response())
}

/// Make a price list
///
/// With nothing in it. The first one in another currency than the shop's lets
/// buyers choose that currency.
#[utoipa::path(tag = "admin: price lists", request_body = PriceListRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The list.", body = PriceListDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/price-lists")]
pub(crate) async fn create_price_list(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<PriceListRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let new = NewPriceList {
        name: body.name,
        currency: body.currency,
        priority: body.priority,
        starts_at: body.starts_at,
        ends_at: body.ends_at,
    };
    let made = state.catalog.create_price_list(&caller.0, new).await?;
    Ok(respond(HttpResponse::Created(), made))
}

/// See a price list
#[utoipa::path(tag = "admin: price lists", params(("price_list_id" = String, Path, description = "The list.")), responses(
    (status = 200, description = "The list.", body = PriceListDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/price-lists/{price_list_id}")]
pub(crate) async fn get_price_list(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::PriceListNotFound)?;
    let found = state.catalog.price_list(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), found))
}

/// Change a price list
///
/// Carts see it at once, lists of products a moment later. With `status`
/// `archived` it does not count any more; orders keep their prices.
#[utoipa::path(tag = "admin: price lists", request_body = PriceListPatch, params(
    ("price_list_id" = String, Path, description = "The list."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The list.", body = PriceListDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/price-lists/{price_list_id}")]
pub(crate) async fn patch_price_list(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<PriceListPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::PriceListNotFound)?;
    let body = body.0;
    let change = PriceListChange {
        name: body.name,
        priority: body.priority,
        status: body.status.map(status_of),
        starts_at: body.starts_at,
        ends_at: body.ends_at,
    };
    let changed = state
        .catalog
        .change_price_list(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}

/// List the prices of a price list
#[utoipa::path(tag = "admin: price lists", params(
    ("price_list_id" = String, Path, description = "The list."),
    ListPricesQuery,
), responses(
    (status = 200, description = "What is in the list.", body = List<ListPriceDto>),
))]
#[get("/api/admin/price-lists/{price_list_id}/prices")]
pub(crate) async fn list_list_prices(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
    query: Query<ListPricesQuery>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::PriceListNotFound)?;
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let page = state.catalog.list_prices(&caller.0, id, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, ListPriceDto::from)?.response())
}

/// Set prices of a price list
///
/// Up to 200 at once, all or none; a price of null takes the variant out of the
/// list. Others stay as they are, so it may be repeated.
#[utoipa::path(tag = "admin: price lists", request_body = ListPricesRequest, params(
    ("price_list_id" = String, Path, description = "The list."),
), responses(
    (status = 200, description = "The prices are set.", body = ListPricesSet),
))]
#[put("/api/admin/price-lists/{price_list_id}/prices")]
pub(crate) async fn set_list_prices(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    body: Json<ListPricesRequest>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::PriceListNotFound)?;
    let prices = body.0.prices;
    check_range(&prices)?;
    let setting = |one: ListPriceRequest| PriceSetting {
        variant: one.variant_id,
        price: one.price.map(Into::into),
        compare_at: one.compare_at_price.map(Into::into),
    };
    let settings = prices.into_iter().map(setting).collect();
    let count = state
        .catalog
        .set_list_prices(&caller.0, id, settings)
        .await?;
    Ok(HttpResponse::Ok().json(ListPricesSet { count }))
}

/// Prices are not negative, and not so large that carts overflow.
fn check_range(prices: &[ListPriceRequest]) -> Result<(), RequestError> {
    let mut wrong = Vec::new();
    for (n, one) in prices.iter().enumerate() {
        for (field, money) in [
            ("price", one.price),
            ("compare_at_price", one.compare_at_price),
        ] {
            if money.is_some_and(|money| !(0..=MAX_PRICE).contains(&money.amount)) {
                let pointer = format!("/prices/{n}/{field}/amount");
                let why = format!("must be between 0 and {MAX_PRICE}");
                wrong.push(FieldError::new(pointer, "range", why));
            }
        }
    }
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(RequestError::InvalidBody(wrong))
    }
}
