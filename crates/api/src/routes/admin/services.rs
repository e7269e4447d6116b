//! Hosted services, as those who run the shop make them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, patch, post};
use catalog_model::hosting::HostingError;
use catalog_model::hosting::service::{NewService, Service, ServiceChange, ServiceStatus};
use catalog_service::ServiceFilter;
use kernel::ServiceCategoryId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::patch::{present, removable};
use crate::dto::service::{AdminServiceDto, ServiceStatusDto};
use crate::dto::service_template::TemplateDto;
use crate::extract::{
    Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, line, page_request,
};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(admin_list_services);
    config.service(create_service);
    config.service(admin_get_service);
    config.service(patch_service);
    config.service(archive_service);
}

/// Which services, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminServicesQuery {
    /// Only those of that status.
    #[param(inline)]
    status: Option<ServiceStatusDto>,
    /// Only those of a category, by its slug.
    #[validate(length(min = 1, max = 120))]
    #[param(min_length = 1, max_length = 120, example = "automation")]
    category: Option<String>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A service to make.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceRequest {
    /// What it is called.
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "n8n")]
    name: String,
    /// Its name in URLs; made from the name when absent.
    #[validate(length(min = 1, max = 120))]
    #[schema(
        min_length = 1,
        max_length = 120,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "n8n"
    )]
    slug: Option<String>,
    /// What it does.
    #[serde(default)]
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000, example = "Automates workflows.")]
    description: String,
    /// What it is sorted by.
    #[schema(value_type = Option<String>, example = "scat_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    category_id: Option<ServiceCategoryId>,
    /// Whether it is shown.
    #[serde(default = "draft")]
    status: ServiceStatusDto,
    /// What runs for a customer.
    template: TemplateDto,
}

fn draft() -> ServiceStatusDto {
    ServiceStatusDto::Draft
}

/// A change of a service; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServicePatch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false, example = "n8n")]
    name: Option<String>,
    /// Its name in URLs.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 120))]
    #[schema(
        min_length = 1,
        max_length = 120,
        nullable = false,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "n8n"
    )]
    slug: Option<String>,
    /// What it does.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(max = 5000))]
    #[schema(max_length = 5000, nullable = false, example = "Automates workflows.")]
    description: Option<String>,
    /// What it is sorted by.
    #[serde(default, deserialize_with = "removable")]
    #[schema(value_type = Option<String>, example = "scat_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    category_id: Option<Option<ServiceCategoryId>>,
    /// Whether it is shown.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    status: Option<ServiceStatusDto>,
    /// What runs for a customer, as a whole. What runs already goes on as it
    /// was made.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    template: Option<TemplateDto>,
}

fn respond(mut response: HttpResponseBuilder, service: Service) -> HttpResponse {
    response
        .insert_header(("etag", etag(service.version)))
        .json(AdminServiceDto::from(service))
}

/// List all services
#[utoipa::path(tag = "admin: services", params(AdminServicesQuery), responses(
    (status = 200, description = "Services, newest first.", body = List<AdminServiceDto>),
))]
#[get("/api/admin/catalog/services")]
pub(crate) async fn admin_list_services(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<AdminServicesQuery>,
) -> Result<HttpResponse, ApiError> {
    let query = query.0;
    let cursor = query.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
    let filter = ServiceFilter {
        status: query.status.map(Into::into),
        category: query.category,
        shown: false,
    };
    let page = state.catalog.all_services(&caller.0, &filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, AdminServiceDto::from)?.response())
}

/// Make a service
///
/// The template is validated as Kubernetes validates it. The service has no
/// plans yet.
#[utoipa::path(tag = "admin: services", request_body = ServiceRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The service.", body = AdminServiceDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/services")]
pub(crate) async fn create_service(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<ServiceRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let new = NewService {
        category: body.category_id,
        slug: body.slug,
        name: body.name,
        description: body.description,
        status: body.status.into(),
        template: body.template.try_into()?,
    };
    let made = state.catalog.create_service(&caller.0, new).await?;
    Ok(respond(HttpResponse::Created(), made))
}

/// See a service with its template
#[utoipa::path(tag = "admin: services", params(("service_id" = String, Path, description = "The service.")), responses(
    (status = 200, description = "The service.", body = AdminServiceDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/catalog/services/{service_id}")]
pub(crate) async fn admin_get_service(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::ServiceNotFound)?;
    let service = state.catalog.service(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), service))
}

/// Change a service
#[utoipa::path(tag = "admin: services", request_body = ServicePatch, params(
    ("service_id" = String, Path, description = "The service."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The service.", body = AdminServiceDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/catalog/services/{service_id}")]
pub(crate) async fn patch_service(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<ServicePatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::ServiceNotFound)?;
    let body = body.0;
    let change = ServiceChange {
        category: body.category_id,
        slug: body.slug,
        name: body.name,
        description: body.description,
        status: body.status.map(Into::into),
        template: body.template.map(TryInto::try_into).transpose()?,
    };
    let changed = state
        .catalog
        .change_service(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}

/// Archive a service
///
/// Nobody can subscribe to it any more; what runs goes on.
#[utoipa::path(tag = "admin: services", params(
    ("service_id" = String, Path, description = "The service."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The service.", body = AdminServiceDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/catalog/services/{service_id}/archive")]
pub(crate) async fn archive_service(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, HostingError::ServiceNotFound)?;
    let change = ServiceChange {
        status: Some(ServiceStatus::Archived),
        ..ServiceChange::default()
    };
    let changed = state
        .catalog
        .change_service(&caller.0, id, change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}
