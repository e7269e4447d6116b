//! Products, as those who sell them see them.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, patch, post};
use catalog_model::CatalogError;
use catalog_model::listing::{CategoryRef, ProductFilter, ProductRef};
use catalog_model::offer::ProductDetail;
use catalog_model::product::{NewProduct, ProductChange, ProductStatus};
use kernel::{CategoryId, Scope, SellerId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use crate::dto::choices::{ConditionDto, KindDto, ProductStatusDto, StrategyDto};
use crate::dto::patch::{present, removable};
use crate::dto::product::{AdminProductDto, ProductSummaryDto};
use crate::dto::product_query::AdminSortDto;
use crate::extract::{
    Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, line, page_request,
};
use crate::problem::ApiError;
use crate::state::ApiState;

fn default_kind() -> KindDto {
    KindDto::Goods
}

fn default_condition() -> ConditionDto {
    ConditionDto::New
}

fn default_status() -> ProductStatusDto {
    ProductStatusDto::Draft
}

fn default_strategy() -> StrategyDto {
    StrategyDto::PerSize
}

/// Names and values of at most so many characters.
fn check_texts<'a>(
    mut pairs: impl Iterator<Item = (&'a String, Option<&'a String>)>,
) -> Result<(), ValidationError> {
    let fits = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    if pairs.all(|(name, value)| fits(name, 64) && value.is_none_or(|value| fits(value, 500))) {
        Ok(())
    } else {
        Err(ValidationError::new("length")
            .with_message("must have names of 1 to 64 and values of 1 to 500 characters".into()))
    }
}

pub(super) fn texts(map: &BTreeMap<String, String>) -> Result<(), ValidationError> {
    check_texts(map.iter().map(|(name, value)| (name, Some(value))))
}

pub(super) fn patched_texts(map: &BTreeMap<String, Option<String>>) -> Result<(), ValidationError> {
    check_texts(map.iter().map(|(name, value)| (name, value.as_ref())))
}

fn check_tags(tags: &BTreeSet<String>) -> Result<(), ValidationError> {
    if tags.len() <= 50
        && tags
            .iter()
            .all(|tag| (1..=64).contains(&tag.chars().count()))
    {
        Ok(())
    } else {
        Err(ValidationError::new("length")
            .with_message("must have at most 50 tags of 1 to 64 characters".into()))
    }
}

/// A product to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductRequest {
    /// What it is called.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Trail Runner 2")]
    name: String,
    /// Its name in URLs; made from the name when absent.
    #[validate(custom(function = "line"), length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    slug: Option<String>,
    /// Who makes it.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200)]
    brand: Option<String>,
    /// What it is.
    #[serde(default)]
    #[validate(length(max = 20_000))]
    #[schema(max_length = 20_000)]
    description: String,
    /// What kind of thing it is.
    #[serde(default = "default_kind")]
    #[schema(default = "goods")]
    kind: KindDto,
    /// Whether it had an owner before.
    #[serde(default = "default_condition")]
    #[schema(default = "new")]
    condition: ConditionDto,
    /// Whether it is shown and sold at once.
    #[serde(default = "default_status")]
    #[schema(default = "draft")]
    status: ProductStatusDto,
    /// Properties such as material.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = texts))]
    attributes: BTreeMap<String, String>,
    /// Words to find it by.
    #[serde(default)]
    #[validate(custom(function = check_tags))]
    tags: BTreeSet<String>,
    /// The categories it is in.
    #[serde(default)]
    #[validate(length(max = 50))]
    #[schema(value_type = Vec<String>)]
    category_ids: Vec<CategoryId>,
    /// Who sells it, where there are several sellers. What somebody makes who
    /// belongs to a seller is that seller's; they leave it out.
    #[schema(value_type = Option<String>)]
    seller_id: Option<SellerId>,
    /// Where its stock is counted; it stays as it is made.
    #[serde(default = "default_strategy")]
    #[schema(default = "per_size")]
    inventory_strategy: StrategyDto,
}

/// A change of a product; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// Its name in URLs.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 120))]
    #[schema(
        min_length = 1,
        max_length = 120,
        nullable = false,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$"
    )]
    slug: Option<String>,
    /// Who makes it.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    brand: Option<Option<String>>,
    /// What it is.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 20_000))]
    #[schema(max_length = 20_000, nullable = false)]
    description: Option<String>,
    /// Whether it had an owner before.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    condition: Option<ConditionDto>,
    /// Whether it is shown and sold.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<ProductStatusDto>,
    /// Properties to set, or to remove by null.
    #[serde(default)]
    #[validate(length(max = 100), custom(function = patched_texts))]
    #[schema(value_type = BTreeMap<String, Option<String>>)]
    attributes: BTreeMap<String, Option<String>>,
    /// Words to find it by, all of them.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = check_tags))]
    #[schema(nullable = false)]
    tags: Option<BTreeSet<String>>,
    /// The categories it is in, all of them.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 50))]
    #[schema(value_type = Option<Vec<String>>, nullable = false)]
    category_ids: Option<Vec<CategoryId>>,
    /// Who sells it. Those who belong to a seller leave it out.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<String>)]
    seller_id: Option<Option<SellerId>>,
}

/// Which products, in which order, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminProductsQuery {
    /// With a status.
    #[param(inline)]
    status: Option<ProductStatusDto>,
    /// In the category, by id or slug, or below it.
    #[validate(length(max = 200))]
    category: Option<String>,
    /// Of a maker.
    #[validate(custom(function = "line"), length(max = 200))]
    brand: Option<String>,
    /// With a tag.
    #[validate(length(max = 64))]
    tag: Option<String>,
    /// Of a seller.
    #[param(value_type = Option<String>)]
    seller_id: Option<SellerId>,
    /// In which order.
    #[param(inline)]
    sort: Option<AdminSortDto>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The response with a product.
fn respond(
    state: &ApiState,
    scope: &Scope,
    mut response: HttpResponseBuilder,
    product: ProductDetail,
) -> HttpResponse {
    response
        .insert_header(("etag", etag(product.product.version)))
        .json(AdminProductDto::new(product, state.image_urls(scope)))
}

/// List all products
#[utoipa::path(tag = "admin: catalog", params(AdminProductsQuery), responses(
    (status = 200, description = "A page of products.", body = List<ProductSummaryDto>),
))]
#[get("/api/admin/catalog/products")]
pub(crate) async fn admin_list_products(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<AdminProductsQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = ProductFilter {
        status: query.status.map(Into::into),
        categories: query
            .category
            .as_deref()
            .map(CategoryRef::from)
            .into_iter()
            .collect(),
        brands: query.brand.into_iter().collect(),
        tags: query.tag.into_iter().collect(),
        seller: query.seller_id,
        ..ProductFilter::default()
    };
    let sort = query.sort.unwrap_or_default().into();
    let page = state
        .catalog
        .all_products(&caller.0, filter, sort, page)
        .await?;
    let urls = state.image_urls(&caller.0);
    let to_dto = |product| ProductSummaryDto::new(product, urls);
    Ok(Listed::new(&state, &caller.0, &request, page, to_dto)?.response())
}

/// Make a product
///
/// Without variants; add them next.
#[utoipa::path(tag = "admin: catalog", request_body = ProductRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The product.", body = AdminProductDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/products")]
pub(crate) async fn create_product(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<ProductRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let new = NewProduct {
        slug: body.slug,
        name: body.name,
        brand: body.brand,
        description: body.description,
        kind: body.kind.into(),
        condition: body.condition.into(),
        status: body.status.into(),
        attributes: body.attributes,
        tags: body.tags,
        categories: body.category_ids.into_iter().collect(),
        seller: body.seller_id,
        inventory_strategy: body.inventory_strategy.into(),
    };
    let product = state.catalog.create_product(&caller.0, new).await?;
    Ok(respond(&state, &caller.0, HttpResponse::Created(), product))
}

/// See a product, whatever its status
#[utoipa::path(tag = "admin: catalog", params(("product_id" = String, Path, description = "The product's id or slug.")), responses(
    (status = 200, description = "The product.", body = AdminProductDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/catalog/products/{product_id}")]
pub(crate) async fn admin_get_product(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let product = ProductRef::from(path.as_str());
    let product = state.catalog.admin_product(&caller.0, &product).await?;
    Ok(respond(&state, &caller.0, HttpResponse::Ok(), product))
}

/// Change a product
#[utoipa::path(tag = "admin: catalog", request_body = ProductPatch, params(
    ("product_id" = String, Path, description = "The product."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The product.", body = AdminProductDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/catalog/products/{product_id}")]
pub(crate) async fn patch_product(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<ProductPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::ProductNotFound)?;
    let body = body.0;
    let change = ProductChange {
        slug: body.slug,
        name: body.name,
        brand: body.brand,
        description: body.description,
        condition: body.condition.map(Into::into),
        status: body.status.map(Into::into),
        attributes: body.attributes,
        tags: body.tags,
        categories: body.category_ids.map(|ids| ids.into_iter().collect()),
        seller: body.seller_id,
    };
    let product = state
        .catalog
        .change_product(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(&state, &caller.0, HttpResponse::Ok(), product))
}

/// Archive a product
///
/// It is not shown or sold any more; old orders keep naming it.
#[utoipa::path(tag = "admin: catalog", params(
    ("product_id" = String, Path, description = "The product."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The product.", body = AdminProductDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/products/{product_id}/archive")]
pub(crate) async fn archive_product(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::ProductNotFound)?;
    let change = ProductChange {
        status: Some(ProductStatus::Archived),
        ..ProductChange::default()
    };
    let product = state
        .catalog
        .change_product(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(&state, &caller.0, HttpResponse::Ok(), product))
}
