//! What the public reads: answers are kept in memory until what they show
//! changes.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use catalog_model::events::{CATEGORIES_TAG, PRODUCTS_TAG, product_tag};
use catalog_model::listing::ProductRef;
use kernel::Currency;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::answers::{Fresh, keep};
use crate::dto::category::CategoryDto;
use crate::dto::facets::{FacetsDto, ProductList};
use crate::dto::product::{ProductDto, ProductSummaryDto};
use crate::dto::product_query::ProductsQuery;
use crate::extract::{Caller, Linked, Query, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// In which currency.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct CurrencyQuery {
    /// The currency of prices; the shop's own when absent.
    #[param(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Option<Currency>,
}

/// The currencies there are prices in.
#[derive(Serialize, ToSchema)]
pub(crate) struct CurrencyList {
    /// The shop's own first, then others, as ISO 4217 codes.
    #[schema(value_type = Vec<String>, example = json!(["EUR", "USD"]))]
    data: Vec<Currency>,
}

/// The whole category tree.
#[derive(Serialize, ToSchema)]
pub(crate) struct CategoryList {
    /// The categories, in order of position and name.
    pub(crate) data: Vec<CategoryDto>,
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
    keep(&state, &caller, &request, async || {
        let categories = state.catalog.categories(&caller.0).await?;
        let list = CategoryList {
            data: categories.into_iter().map(Into::into).collect(),
        };
        Fresh::new(&list, vec![CATEGORIES_TAG.to_owned()])
    })
    .await
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
    keep(&state, &caller, &request, async || {
        // Not before: whatever was answered before was a good query.
        let query = Query::<ProductsQuery>::of(&request)?.0;
        query.check()?;
        let page = page_request(&state, &caller.0, &request, query.cursor(), query.limit())?;
        let found = state.catalog.products(
            &caller.0,
            query.filter(),
            query.sort(),
            page,
            query.wanted(),
            query.currency(),
        );
        let found = found.await?;
        let urls = state.image_urls(&caller.0);
        let linked = Linked::new(&state, &caller.0, &request, found.page, |product| {
            ProductSummaryDto::new(product, urls)
        });
        let list = ProductList {
            list: linked.list,
            total: found.counted.as_ref().map(|counted| counted.total),
            facets: found.counted.map(FacetsDto::from),
        };
        let fresh = Fresh::new(&list, vec![PRODUCTS_TAG.to_owned()])?;
        Ok(fresh.linked(linked.link))
    })
    .await
}

/// List the currencies that can be paid in
///
/// Carts are started in one of them, and `?currency=` shows prices in it.
#[utoipa::path(tag = "catalog", responses(
    (status = 200, description = "The currencies.", body = CurrencyList, headers(("ETag" = String, description = "Send it as `If-None-Match`."))),
    (status = 304, description = "It is as you know it."),
))]
#[get("/api/catalog/currencies")]
pub(crate) async fn list_currencies(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    keep(&state, &caller, &request, async || {
        let data = state.catalog.currencies(&caller.0).await?;
        Fresh::new(&CurrencyList { data }, vec![PRODUCTS_TAG.to_owned()])
    })
    .await
}

/// See a product
///
/// By id or by slug. Variants without a price in the currency are left out.
#[utoipa::path(tag = "catalog", params(
    ("product" = String, Path, description = "The product's id or slug."),
    CurrencyQuery,
), responses(
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
    keep(&state, &caller, &request, async || {
        let currency = Query::<CurrencyQuery>::of(&request)?.0.currency;
        let product = ProductRef::from(path.as_str());
        let detail = state.catalog.product(&caller.0, &product, currency).await?;
        let tags = vec![product_tag(detail.product.id), CATEGORIES_TAG.to_owned()];
        let shown = ProductDto::new(detail, state.image_urls(&caller.0));
        Fresh::new(&shown, tags)
    })
    .await
}
