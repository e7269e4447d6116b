//! What hosted services are sorted by.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, HttpResponseBuilder, get, patch, post};
use catalog_model::category::CategoryStatus;
use catalog_model::hosting::HostingError;
use catalog_model::hosting::category::{
    NewServiceCategory, ServiceCategory, ServiceCategoryChange,
};
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::app::Routes;
use crate::dto::choices::StatusDto;
use crate::dto::patch::present;
use crate::dto::service::{ServiceCategoryDto, ServiceCategoryList};
use crate::extract::{Caller, Json, RequiredIfMatch, etag, id, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(admin_list_service_categories);
    config.service(create_service_category);
    config.service(get_service_category);
    config.service(patch_service_category);
    config.service(archive_service_category);
}

/// A category of services to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceCategoryRequest {
    /// What it is called.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Automation")]
    name: String,
    /// Its name in URLs; made from the name when absent.
    #[validate(length(min = 1, max = 120))]
    #[schema(
        min_length = 1,
        max_length = 120,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "automation"
    )]
    slug: Option<String>,
    /// What is in it.
    #[serde(default)]
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000, example = "Lets services talk to each other.")]
    description: String,
    /// Its place among the others.
    #[serde(default)]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    position: i64,
}

/// A change of a category of services; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceCategoryPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(
        min_length = 1,
        max_length = 200,
        nullable = false,
        example = "Automation"
    )]
    name: Option<String>,
    /// Its name in URLs.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 120))]
    #[schema(
        min_length = 1,
        max_length = 120,
        nullable = false,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "automation"
    )]
    slug: Option<String>,
    /// What is in it.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000, nullable = false)]
    description: Option<String>,
    /// Its place among the others.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(min = -1_000_000, max = 1_000_000))]
    #[schema(minimum = -1_000_000, maximum = 1_000_000, nullable = false)]
    position: Option<i64>,
    /// Whether it and its services are shown.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<StatusDto>,
}

fn respond(mut response: HttpResponseBuilder, category: ServiceCategory) -> HttpResponse {
    response
        .insert_header(("etag", etag(category.version)))
        .json(ServiceCategoryDto::from(category))
}

/// List all categories of services
#[utoipa::path(tag = "admin: services", responses(
    (status = 200, description = "The categories, archived ones included.", body = ServiceCategoryList),
))]
#[get("/api/admin/catalog/service-categories")]
pub(crate) async fn admin_list_service_categories(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let categories = state.catalog.all_service_categories(&caller.0).await?;
    Ok(HttpResponse::Ok().json(ServiceCategoryList {
        data: categories.into_iter().map(Into::into).collect(),
    }))
}

/// Make a category of services
#[utoipa::path(tag = "admin: services", request_body = ServiceCategoryRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The category.", body = ServiceCategoryDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/service-categories")]
pub(crate) async fn create_service_category(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<ServiceCategoryRequest>,
) -> Result<HttpResponse, ApiError> {
    let new = NewServiceCategory {
        slug: body.0.slug,
        name: body.0.name,
        description: body.0.description,
        position: body.0.position,
    };
    let made = state
        .catalog
        .create_service_category(&caller.0, new)
        .await?;
    Ok(respond(HttpResponse::Created(), made))
}

/// See a category of services
#[utoipa::path(tag = "admin: services", params(("service_category_id" = String, Path, description = "The category.")), responses(
    (status = 200, description = "The category.", body = ServiceCategoryDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/catalog/service-categories/{service_category_id}")]
pub(crate) async fn get_service_category(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::CategoryNotFound)?;
    let category = state.catalog.service_category(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), category))
}

/// Change a category of services
#[utoipa::path(tag = "admin: services", request_body = ServiceCategoryPatch, params(
    ("service_category_id" = String, Path, description = "The category."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The category.", body = ServiceCategoryDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/catalog/service-categories/{service_category_id}")]
pub(crate) async fn patch_service_category(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<ServiceCategoryPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::CategoryNotFound)?;
    let change = ServiceCategoryChange {
        slug: body.0.slug,
        name: body.0.name,
        description: body.0.description,
        position: body.0.position,
        status: body.0.status.map(Into::into),
    };
    let changed = state
        .catalog
        .change_service_category(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}

/// Archive a category of services
///
/// It and its services are not shown any more; what runs goes on.
#[utoipa::path(tag = "admin: services", params(
    ("service_category_id" = String, Path, description = "The category."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The category.", body = ServiceCategoryDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/service-categories/{service_category_id}/archive")]
pub(crate) async fn archive_service_category(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::CategoryNotFound)?;
    let change = ServiceCategoryChange {
        status: Some(CategoryStatus::Archived),
        ..ServiceCategoryChange::default()
    };
    let changed = state
        .catalog
        .change_service_category(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}
