//! Hosted services and their plans, as the public sees them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use catalog_model::events::SERVICES_TAG;
use catalog_model::hosting::service::ServiceRef;
use serde::Deserialize;
use strum::IntoEnumIterator as _;
use utoipa::IntoParams;
use validator::Validate;

use super::admin::{plans, quotas, service_categories, services as admin_services};
use super::waiting_list;
use crate::answers::{Fresh, keep};
use crate::app::Routes;
use crate::dto::plan::PlanList;
use crate::dto::service::{HostedServiceDto, ServiceCategoryList};
use crate::extract::{Caller, Linked, List, Query, page_request};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::state::ApiState;

/// What hosted services and their quotas add to the API.
pub(crate) const MODULE: Module = Module {
    tags: &[
        ("services", "Hosted services, their plans and waiting lists"),
        ("admin: services", "Hosted services and their plans"),
        ("admin: quotas", "How much of plans can be sold"),
    ],
    routes,
    codes: || {
        let hosting = catalog_model::hosting::HostingErrorCode::iter();
        let quota = credits_model::quota::QuotaErrorCode::iter();
        hosting
            .map(|code| (code.code(), code.kind()))
            .chain(quota.map(|code| (code.code(), code.kind())))
            .collect()
    },
};

fn routes(config: &mut Routes) {
    config.service(list_service_categories);
    config.service(list_services);
    config.service(get_service);
    config.service(list_plans);
    waiting_list::routes(config);
    service_categories::routes(config);
    admin_services::routes(config);
    plans::routes(config);
    quotas::routes(config);
}

/// Which services, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServicesQuery {
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

/// List the categories of services
#[utoipa::path(tag = "services", responses(
    (status = 200, description = "The categories that are shown.", body = ServiceCategoryList, headers(("ETag" = String, description = "Send it as `If-None-Match`."))),
    (status = 304, description = "It is as you know it."),
))]
#[get("/api/catalog/service-categories")]
pub(crate) async fn list_service_categories(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    keep(&state, &caller, &request, async || {
        let categories = state.catalog.service_categories(&caller.0).await?;
        let list = ServiceCategoryList {
            data: categories.into_iter().map(Into::into).collect(),
        };
        Fresh::new(&list, vec![SERVICES_TAG.to_owned()])
    })
    .await
}

/// List the services that can be subscribed to
#[utoipa::path(tag = "services", params(ServicesQuery), responses(
    (status = 200, description = "Services, newest first.", body = List<HostedServiceDto>, headers(
        ("ETag" = String, description = "Send it as `If-None-Match`."),
        ("Link" = String, description = "Where the next page is."),
    )),
    (status = 304, description = "It is as you know it."),
))]
#[get("/api/catalog/services")]
pub(crate) async fn list_services(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    keep(&state, &caller, &request, async || {
        let query = Query::<ServicesQuery>::of(&request)?.0;
        let cursor = query.cursor.as_deref();
        let page = page_request(&state, &caller.0, &request, cursor, query.limit)?;
        let page = state
            .catalog
            .services(&caller.0, query.category, page)
            .await?;
        let linked = Linked::new(&state, &caller.0, &request, page, HostedServiceDto::from);
        let fresh = Fresh::new(&linked.list, vec![SERVICES_TAG.to_owned()])?;
        Ok(fresh.linked(linked.link))
    })
    .await
}

/// See a service
///
/// By id or by slug.
#[utoipa::path(tag = "services", params(("service" = String, Path, description = "The service's id or slug.", example = "n8n")), responses(
    (status = 200, description = "The service.", body = HostedServiceDto, headers(("ETag" = String, description = "Send it as `If-None-Match`."))),
    (status = 304, description = "It is as you know it."),
))]
#[get("/api/catalog/services/{service}")]
pub(crate) async fn get_service(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    keep(&state, &caller, &request, async || {
        let which = ServiceRef::from(path.as_str());
        let service = state.catalog.shown_service(&caller.0, &which).await?;
        let shown = HostedServiceDto::from(service);
        Fresh::new(&shown, vec![SERVICES_TAG.to_owned()])
    })
    .await
}

/// List the plans of a service
///
/// With how many of each are left at this moment.
#[utoipa::path(tag = "services", params(("service" = String, Path, description = "The service's id or slug.", example = "n8n")), responses(
    (status = 200, description = "The plans, the least first.", body = PlanList),
))]
#[get("/api/catalog/services/{service}/plans")]
pub(crate) async fn list_plans(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    // Not kept, unlike the rest of the catalog: what is left changes with every
    // subscription.
    let which = ServiceRef::from(path.as_str());
    let offers = state.quotas.plans_on_offer(&caller.0, &which).await?;
    Ok(HttpResponse::Ok().json(PlanList {
        data: offers.into_iter().map(Into::into).collect(),
    }))
}
