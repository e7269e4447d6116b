//! What the public reads: answers are kept in memory until what they show
//! changes. Reading them from the database is boxed, so that an answer from
//! memory does not carry room for it.

use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use catalog_model::events::{CATEGORIES_TAG, PRODUCTS_TAG, product_tag};
use catalog_model::listing::{CategoryRef, ProductFilter, ProductRef, ProductSort};
use kernel::{Fault, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::cache::{Answer, Key};
use crate::dto::category::CategoryDto;
use crate::dto::choices::{ConditionDto, KindDto};
use crate::dto::product::{ProductDto, ProductSummaryDto};
use crate::extract::{Caller, List, Listed, Query, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// In which order.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProductSort)]
pub(crate) enum SortDto {
    /// The newest first.
    #[default]
    Newest,
    /// By name.
    Name,
    /// The cheapest first.
    Price,
    /// The dearest first.
    PriceDesc,
}

impl From<SortDto> for ProductSort {
    fn from(dto: SortDto) -> Self {
        match dto {
            SortDto::Newest => Self::Newest,
            SortDto::Name => Self::Name,
            SortDto::Price => Self::Price,
            SortDto::PriceDesc => Self::PriceDesc,
        }
    }
}

/// Which products, in which order, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductsQuery {
    /// In the category, by id or slug, or below it.
    #[validate(length(max = 200))]
    category: Option<String>,
    /// Of a maker.
    #[validate(length(max = 200))]
    brand: Option<String>,
    /// New or used.
    #[param(inline)]
    condition: Option<ConditionDto>,
    /// Of a kind.
    #[param(inline)]
    kind: Option<KindDto>,
    /// With a tag.
    #[validate(length(max = 64))]
    tag: Option<String>,
    /// With a variant of that size.
    #[validate(length(max = 64))]
    size: Option<String>,
    /// With a variant that costs at least so much, in minor units.
    #[validate(range(min = 0))]
    #[param(minimum = 0)]
    price_from: Option<i64>,
    /// With a variant that costs at most so much, in minor units.
    #[validate(range(min = 0))]
    #[param(minimum = 0)]
    price_to: Option<i64>,
    /// Only what can be bought now.
    in_stock: Option<bool>,
    /// In which order.
    #[param(inline)]
    sort: Option<SortDto>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl ProductsQuery {
    fn filter(&self) -> ProductFilter {
        ProductFilter {
            category: self.category.as_deref().map(CategoryRef::from),
            brand: self.brand.clone(),
            condition: self.condition.map(Into::into),
            kind: self.kind.map(Into::into),
            tag: self.tag.clone(),
            size: self.size.clone(),
            price_from: self.price_from,
            price_to: self.price_to,
            in_stock: self.in_stock.unwrap_or(false),
            status: None,
        }
    }
}

/// The whole category tree.
#[derive(Serialize, ToSchema)]
pub(crate) struct CategoryList {
    /// The categories, in order of position and name.
    pub(crate) data: Vec<CategoryDto>,
}

/// A cached answer as a response. Shared caches may keep it only for callers
/// without a token: with one, the tenant may be another than the host's.
pub(super) fn respond(request: &HttpRequest, answer: &Answer) -> HttpResponse {
    let headers = request.headers();
    let mut response = if matches_etag(headers, &answer.etag) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    let control = if headers.contains_key(header::AUTHORIZATION) {
        "private, max-age=0, must-revalidate"
    } else {
        "public, max-age=0, s-maxage=30, stale-while-revalidate=60"
    };
    response
        .insert_header((header::ETAG, answer.etag.as_str()))
        .insert_header((header::CACHE_CONTROL, control))
        .insert_header((header::VARY, "Authorization, Host"));
    if let Some(link) = &answer.link {
        response.insert_header((header::LINK, link.as_str()));
    }
    if matches_etag(headers, &answer.etag) {
        return response.finish();
    }
    response
        .content_type("application/json")
        .body(answer.body.clone())
}

pub(crate) fn matches_etag(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|given| {
            given
                .split(',')
                .map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == etag || tag == "*")
        })
}

/// The path and the query in an order of its own, so that the same question
/// in other words finds the same answer.
pub(super) fn key(caller: &Caller, request: &HttpRequest) -> Key {
    let query = request.query_string();
    let mut name = String::with_capacity(request.path().len() + query.len() + 1);
    name.push_str(request.path());
    if !query.is_empty() {
        let mut pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        pairs.sort_unstable();
        name.push('?');
        name.push_str(&pairs.join("&"));
    }
    (caller.0.tenant(), name)
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(value)
        .map_err(|error| Fault::permanent("write an answer").caused_by(error).into())
}

/// List the categories
///
/// All of them, as a flat list in which each names its parent.
#[utoipa::path(tag = "catalog", responses(
    (status = 200, description = "The category tree.", body = CategoryList, headers(("ETag" = String, description = "Send it as `If-None-Match`."))),
    (status = 304, description = "It is as you know it."),
))]
#[get("/api/catalog/categories")]
pub(crate) async fn list_categories(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let key = key(&caller, &request);
    if let Some(answer) = state.answers.get(&key) {
        return Ok(respond(&request, &answer));
    }
    let begun = state.answers.begin();
    let categories = Box::pin(state.catalog.categories(&caller.0)).await?;
    let body = json(&CategoryList {
        data: categories.into_iter().map(Into::into).collect(),
    })?;
    let answer = Arc::new(Answer::new(body, None));
    state
        .answers
        .put(key, answer.clone(), begun, vec![CATEGORIES_TAG.to_owned()]);
    Ok(respond(&request, &answer))
}

/// List products that are sold
#[utoipa::path(tag = "catalog", params(ProductsQuery), responses(
    (status = 200, description = "A page of products.", body = List<ProductSummaryDto>, headers(
        ("ETag" = String, description = "Send it as `If-None-Match`."),
        ("Link" = String, description = "Where the next page is."),
    )),
    (status = 304, description = "It is as you know it."),
))]
#[get("/api/catalog/products")]
pub(crate) async fn list_products(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let key = key(&caller, &request);
    if let Some(answer) = state.answers.get(&key) {
        return Ok(respond(&request, &answer));
    }
    // Not before: whatever was answered before was a good query.
    let query = Query::<ProductsQuery>::of(&request)?.0;
    let begun = state.answers.begin();
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let sort = query.sort.unwrap_or_default().into();
    let products = state
        .catalog
        .products(&caller.0, query.filter(), sort, page);
    let page: Page<_, _> = Box::pin(products).await?;
    let urls = state.image_urls(&caller.0);
    let listed = Listed::new(&state, &caller.0, &request, page, |product| {
        ProductSummaryDto::new(product, urls)
    })?;
    let answer = Arc::new(Answer::new(listed.body, listed.link));
    state
        .answers
        .put(key, answer.clone(), begun, vec![PRODUCTS_TAG.to_owned()]);
    Ok(respond(&request, &answer))
}

/// See a product
///
/// By id or by slug.
#[utoipa::path(tag = "catalog", params(("product" = String, Path, description = "The product's id or slug.")), responses(
    (status = 200, description = "The product with its variants.", body = ProductDto, headers(("ETag" = String, description = "Send it as `If-None-Match`."))),
    (status = 304, description = "It is as you know it."),
))]
#[get("/api/catalog/products/{product}")]
pub(crate) async fn get_product(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let key = (caller.0.tenant(), request.path().to_owned());
    if let Some(answer) = state.answers.get(&key) {
        return Ok(respond(&request, &answer));
    }
    let begun = state.answers.begin();
    let product = ProductRef::from(path.as_str());
    let detail = Box::pin(state.catalog.product(&caller.0, &product)).await?;
    let tags = vec![product_tag(detail.product.id), CATEGORIES_TAG.to_owned()];
    let shown = ProductDto::new(detail, state.image_urls(&caller.0));
    let answer = Arc::new(Answer::new(json(&shown)?, None));
    state.answers.put(key, answer.clone(), begun, tags);
    Ok(respond(&request, &answer))
}
