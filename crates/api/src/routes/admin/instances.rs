//! Instances of services, as those see them who run the shop.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use clusters_model::ClustersError;
use clusters_service::InstanceFilter;
use kernel::{ClusterId, UserId};
use serde::Deserialize;
use utoipa::IntoParams;
use validator::Validate;

use crate::app::Routes;
use crate::dto::instance::{AdminInstanceDto, InstanceStatusDto};
use crate::extract::{Caller, List, Listed, Query, id, page_request};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(admin_list_instances);
    config.service(admin_get_instance);
}

/// Which instances, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminInstancesQuery {
    /// Only those of that user.
    #[param(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Only those in that cluster.
    #[param(value_type = Option<String>)]
    cluster_id: Option<ClusterId>,
    /// Only those in that state.
    #[param(inline)]
    status: Option<InstanceStatusDto>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List instances
#[utoipa::path(tag = "admin: clusters", params(AdminInstancesQuery), responses(
    (status = 200, description = "What runs for customers, newest first.", body = List<AdminInstanceDto>),
))]
#[get("/api/admin/instances")]
pub(crate) async fn admin_list_instances(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<AdminInstancesQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let filter = InstanceFilter {
        owner: query.0.user_id,
        cluster: query.0.cluster_id,
        status: query.0.status.map(Into::into),
        subscription: None,
    };
    let page = state.clusters.instances(&caller.0, &filter, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, AdminInstanceDto::from)?.response())
}

/// See an instance
#[utoipa::path(tag = "admin: clusters", params(("instance_id" = String, Path, description = "The instance.")), responses(
    (status = 200, description = "The instance.", body = AdminInstanceDto),
))]
#[get("/api/admin/instances/{instance_id}")]
pub(crate) async fn admin_get_instance(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::InstanceNotFound)?;
    let found = state.clusters.instance(&caller.0, id).await?;
    Ok(HttpResponse::Ok().json(AdminInstanceDto::from(found)))
}
