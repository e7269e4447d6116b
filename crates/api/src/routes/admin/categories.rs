//! The category tree.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, patch, post};
use catalog_model::CatalogError;
use catalog_model::category::{Category, CategoryChange, CategoryStatus, NewCategory};
use kernel::CategoryId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::category::CategoryDto;
use crate::dto::choices::StatusDto;
use crate::dto::patch::{present, removable};
use crate::extract::{Caller, Json, RequiredIfMatch, etag, id, line};
use crate::problem::ApiError;
use crate::routes::catalog::CategoryList;
use crate::state::ApiState;

/// A category to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CategoryRequest {
    /// What it is called.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Running shoes")]
    name: String,
    /// Its name in URLs; made from the name when absent.
    #[validate(custom(function = "line"), length(min = 1, max = 120))]
    #[schema(min_length = 1, max_length = 120, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$")]
    slug: Option<String>,
    /// What is in it.
    #[serde(default)]
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000)]
    description: String,
    /// The category above; a root when absent.
    #[schema(value_type = Option<String>)]
    parent_id: Option<CategoryId>,
    /// Its place among its siblings.
    #[serde(default)]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    position: i64,
}

/// A change of a category; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CategoryPatch {
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
    /// What is in it.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000, nullable = false)]
    description: Option<String>,
    /// The category above; null makes it a root.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<String>)]
    parent_id: Option<Option<CategoryId>>,
    /// Its place among its siblings.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000, nullable = false)]
    position: Option<i64>,
    /// Whether it is shown.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<StatusDto>,
}

fn respond(mut response: actix_web::HttpResponseBuilder, category: Category) -> HttpResponse {
    response
        .insert_header(("etag", etag(category.version)))
        .json(CategoryDto::from(category))
}

/// List all categories
#[utoipa::path(tag = "admin: catalog", responses(
    (status = 200, description = "The category tree, archived ones included.", body = CategoryList),
))]
#[get("/api/admin/catalog/categories")]
pub(crate) async fn admin_list_categories(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let categories = state.catalog.all_categories(&caller.0).await?;
    Ok(HttpResponse::Ok().json(CategoryList {
        data: categories.into_iter().map(Into::into).collect(),
    }))
}

/// Make a category
#[utoipa::path(tag = "admin: catalog", request_body = CategoryRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The category.", body = CategoryDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/categories")]
pub(crate) async fn create_category(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<CategoryRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let new = NewCategory {
        slug: body.slug,
        name: body.name,
        description: body.description,
        parent: body.parent_id,
        position: body.position,
    };
    let category = state.catalog.create_category(&caller.0, new).await?;
    Ok(respond(HttpResponse::Created(), category))
}

/// See a category
#[utoipa::path(tag = "admin: catalog", params(("category_id" = String, Path, description = "The category.")), responses(
    (status = 200, description = "The category.", body = CategoryDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/catalog/categories/{category_id}")]
pub(crate) async fn admin_get_category(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::CategoryNotFound)?;
    let category = state.catalog.category(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), category))
}

/// Change a category
#[utoipa::path(tag = "admin: catalog", request_body = CategoryPatch, params(
    ("category_id" = String, Path, description = "The category."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The category.", body = CategoryDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/catalog/categories/{category_id}")]
pub(crate) async fn patch_category(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<CategoryPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::CategoryNotFound)?;
    let body = body.0;
    let change = CategoryChange {
        slug: body.slug,
        name: body.name,
        description: body.description,
        parent: body.parent_id,
        position: body.position,
        status: body.status.map(Into::into),
    };
    let category = state
        .catalog
        .change_category(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), category))
}

/// Archive a category
///
/// It and all below it are not shown any more; products keep it.
#[utoipa::path(tag = "admin: catalog", params(
    ("category_id" = String, Path, description = "The category."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The category.", body = CategoryDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/categories/{category_id}/archive")]
pub(crate) async fn archive_category(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, CatalogError::CategoryNotFound)?;
    let change = CategoryChange {
        status: Some(CategoryStatus::Archived),
        ..CategoryChange::default()
    };
    let category = state
        .catalog
        .change_category(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), category))
}
