//! The clusters that instances of services run in.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use clusters_model::cluster::{Cluster, ClusterChange, NewCluster};
use clusters_model::{ClustersError, ClustersErrorCode};
use serde::Deserialize;
use strum::IntoEnumIterator as _;
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::app::Routes;
use crate::dto::cluster::{AccessDto, ClusterDto};
use crate::dto::patch::{present, yes};
use crate::extract::{Caller, Json, List, Listed, Query, RequiredIfMatch, etag, id, page_request};
use crate::modules::Module;
use crate::problem::ApiError;
use crate::state::ApiState;

/// What the domain adds to the API.
pub(crate) const MODULE: Module = Module {
    tags: &[
        ("instances", "What runs for you"),
        (
            "admin: clusters",
            "Kubernetes clusters, and what is in them",
        ),
    ],
    routes,
    codes: || {
        ClustersErrorCode::iter()
            .map(|code| (code.code(), code.kind()))
            .collect()
    },
};

fn routes(config: &mut Routes) {
    config.service(list_clusters);
    config.service(create_cluster);
    config.service(get_cluster);
    config.service(patch_cluster);
    config.service(delete_cluster);
    config.service(check_cluster);
    super::instances::routes(config);
    super::k8s::routes(config);
    crate::routes::instances::routes(config);
}

/// Which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClustersQuery {
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A cluster to register.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterRequest {
    /// What it is called; no other one of the shop may have this name.
    #[validate(length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, example = "Frankfurt 1")]
    name: String,
    /// How Sutler gets into it. `in_cluster` is for operators, where the
    /// installation allows it.
    access: AccessDto,
    /// The text of a kubeconfig, with the data of certificates and keys in it;
    /// needed for `kubeconfig` and only then. It is kept sealed and never shown.
    #[validate(length(min = 1, max = 65536))]
    #[schema(
        min_length = 1,
        max_length = 65536,
        example = "apiVersion: v1\nkind: Config\ncurrent-context: sutler\n…"
    )]
    kubeconfig: Option<String>,
    /// Whether new instances may be placed there.
    #[serde(default = "yes")]
    #[schema(default = true)]
    accepts_instances: bool,
}

/// A change; what is absent stays.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 200))]
    #[schema(
        min_length = 1,
        max_length = 200,
        nullable = false,
        example = "Frankfurt 1"
    )]
    name: Option<String>,
    /// The text of another kubeconfig for the same cluster.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 65536))]
    #[schema(
        min_length = 1,
        max_length = 65536,
        nullable = false,
        example = "apiVersion: v1\nkind: Config\ncurrent-context: sutler\n…"
    )]
    kubeconfig: Option<String>,
    /// Whether new instances may be placed there.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = false)]
    accepts_instances: Option<bool>,
}

fn respond(mut response: actix_web::HttpResponseBuilder, one: Cluster) -> HttpResponse {
    response
        .insert_header(("etag", etag(one.version)))
        .json(ClusterDto::from(one))
}

/// List clusters
#[utoipa::path(tag = "admin: clusters", params(ClustersQuery), responses(
    (status = 200, description = "Clusters, newest first.", body = List<ClusterDto>),
))]
#[get("/api/admin/clusters")]
pub(crate) async fn list_clusters(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    query: Query<ClustersQuery>,
) -> Result<HttpResponse, ApiError> {
    let cursor = query.0.cursor.as_deref();
    let page = page_request(&state, &caller.0, &request, cursor, query.0.limit)?;
    let page = state.clusters.clusters(&caller.0, page).await?;
    Ok(Listed::new(&state, &caller.0, &request, page, ClusterDto::from)?.response())
}

/// Register a cluster
///
/// Kubeconfigs that run programs (`exec`), have an `auth-provider` or name
/// files are refused: make a service account, and a kubeconfig with its token.
/// The cluster is asked how it is at once, and takes instances when it has
/// answered.
#[utoipa::path(tag = "admin: clusters", request_body = ClusterRequest, params(
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 201, description = "The cluster.", body = ClusterDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/clusters")]
pub(crate) async fn create_cluster(
    state: Data<ApiState>,
    caller: Caller,
    body: Json<ClusterRequest>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let kubeconfig = match (body.access, body.kubeconfig) {
        (AccessDto::Kubeconfig, Some(text)) => Some(text),
        (AccessDto::InCluster, None) => None,
        (AccessDto::Kubeconfig, None) => {
            let why = "it is missing; send its text, or set `access` to in_cluster".to_owned();
            return Err(ClustersError::InvalidKubeconfig(why).into());
        }
        (AccessDto::InCluster, Some(_)) => {
            let why = "`access` is in_cluster, which needs none".to_owned();
            return Err(ClustersError::InvalidKubeconfig(why).into());
        }
    };
    let new = NewCluster {
        name: body.name,
        kubeconfig,
        accepts_instances: body.accepts_instances,
    };
    let made = state.clusters.create_cluster(&caller.0, &new).await?;
    Ok(respond(HttpResponse::Created(), made))
}

/// See a cluster
#[utoipa::path(tag = "admin: clusters", params(("cluster_id" = String, Path, description = "The cluster.")), responses(
    (status = 200, description = "The cluster.", body = ClusterDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/clusters/{cluster_id}")]
pub(crate) async fn get_cluster(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::NotFound)?;
    let found = state.clusters.cluster(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), found))
}

/// Change a cluster
#[utoipa::path(tag = "admin: clusters", request_body = ClusterPatch, params(
    ("cluster_id" = String, Path, description = "The cluster."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The cluster as it is now.", body = ClusterDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/clusters/{cluster_id}")]
pub(crate) async fn patch_cluster(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
    body: Json<ClusterPatch>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::NotFound)?;
    let change = ClusterChange {
        name: body.0.name,
        kubeconfig: body.0.kubeconfig,
        accepts_instances: body.0.accepts_instances,
    };
    let changed = state
        .clusters
        .change_cluster(&caller.0, id, &change, &version.0)
        .await?;
    Ok(respond(HttpResponse::Ok(), changed))
}

/// Delete a cluster
///
/// Only one that no instance runs in. Nothing is changed in the cluster itself.
#[utoipa::path(tag = "admin: clusters", params(
    ("cluster_id" = String, Path, description = "The cluster."),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 204, description = "It is deleted."),
))]
#[delete("/api/admin/clusters/{cluster_id}")]
pub(crate) async fn delete_cluster(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::NotFound)?;
    state
        .clusters
        .delete_cluster(&caller.0, id, &version.0)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ask a cluster how it is
///
/// That happens every minute anyway. One that does not answer is told as
/// `reachable: false`, with the reason in `trouble`.
#[utoipa::path(tag = "admin: clusters", params(
    ("cluster_id" = String, Path, description = "The cluster."),
), responses(
    (status = 200, description = "The cluster as it is now.", body = ClusterDto, headers(("ETag" = String, description = "The version."))),
))]
#[post("/api/admin/clusters/{cluster_id}/check")]
pub(crate) async fn check_cluster(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = id(&path, ClustersError::NotFound)?;
    let found = state.clusters.check_cluster(&caller.0, id).await?;
    Ok(respond(HttpResponse::Ok(), found))
}
