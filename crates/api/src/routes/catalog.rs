//! What the public reads: answers are kept in memory until what they show
//! changes. Reading them from the database is boxed, so that an answer from
//! memory does not carry room for it.

use std::sync::Arc;

use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use catalog_model::events::{CATEGORIES_TAG, PRODUCTS_TAG, product_tag};
use catalog_model::listing::ProductRef;
use kernel::Fault;
use serde::Serialize;
use utoipa::ToSchema;

use crate::cache::{Answer, Key};
use crate::dto::category::CategoryDto;
use crate::dto::facets::{FacetsDto, ProductList};
use crate::dto::product::{ProductDto, ProductSummaryDto};
use crate::dto::product_query::ProductsQuery;
use crate::extract::{Caller, Linked, Query, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// The whole category tree.
#[derive(Serialize, ToSchema)]
pub(crate) struct CategoryList {
    /// The categories, in order of position and name.
    pub(crate) data: Vec<CategoryDto>,
}

/// A cached answer as a response. Shared caches may keep it only for callers
/// without a token: with one, the tenant may be another than the host's.
fn respond(request: &HttpRequest, answer: &Answer) -> HttpResponse {
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
fn key(caller: &Caller, request: &HttpRequest) -> Key {
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

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, ApiError> {
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

/// List and search products that are sold
///
/// `q` looks for words in any order, by their beginnings, without regard to
/// accents and case; a word that is in no product may be misspelt by one
/// letter. A filter that is given several times holds for any of its values,
/// and different filters hold together: those on variants (`size`,
/// `price_from`, `price_to`, `in_stock`, options in `attribute`) for one and the
/// same variant. With `facets`, the answer counts products by what they can be
/// filtered by, each facet with all filters but its own.
#[utoipa::path(tag = "catalog", params(ProductsQuery), responses(
    (status = 200, description = "A page of products.", body = ProductList, headers(
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
    let page = page_request(&state, &caller.0, &request, query.cursor(), query.limit())?;
    let found = state.catalog.products(
        &caller.0,
        query.filter(),
        query.sort(),
        page,
        query.wanted(),
    );
    let found = Box::pin(found).await?;
    let urls = state.image_urls(&caller.0);
    let linked = Linked::new(&state, &caller.0, &request, found.page, |product| {
        ProductSummaryDto::new(product, urls)
    });
    let body = json(&ProductList {
        list: linked.list,
        total: found.counted.as_ref().map(|counted| counted.total),
        facets: found.counted.map(FacetsDto::from),
    })?;
    let answer = Arc::new(Answer::new(body, linked.link));
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
