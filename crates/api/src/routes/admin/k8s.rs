//! Looking into clusters.

use actix_web::web::Data;
use actix_web::{HttpResponse, get};
use clusters_model::monitoring::{Looking, Shown};
use kernel::{ClusterId, Scope};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use validator::Validate;

use crate::app::Routes;
use crate::dto::k8s::{
    DeploymentDto, IngressDto, NamespaceDto, NodeDto, PartDto, PartsDto, PodDto, ServiceDto,
};
use crate::extract::{Caller, Query};
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// How many things of each cluster are shown when nobody says.
const LIMIT: u32 = 50;

/// Adds the routes.
pub(crate) fn routes(config: &mut Routes) {
    config.service(list_pods);
    config.service(list_deployments);
    config.service(list_nodes);
    config.service(list_namespaces);
    config.service(list_ingresses);
    config.service(list_cluster_services);
}

/// Of which cluster, with which labels, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct GlobalQuery {
    /// Only that cluster.
    #[param(value_type = Option<String>)]
    cluster_id: Option<ClusterId>,
    /// Only those with these labels, as a label selector has them.
    #[validate(length(min = 1, max = 500))]
    #[param(
        min_length = 1,
        max_length = 500,
        example = "app.kubernetes.io/managed-by=sutler"
    )]
    label: Option<String>,
    /// How many of each cluster at most.
    #[validate(range(min = 1, max = 500))]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before; needs `cluster_id`.
    cursor: Option<String>,
}

/// Of which cluster and namespace, with which labels, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamespacedQuery {
    /// Only that cluster.
    #[param(value_type = Option<String>)]
    cluster_id: Option<ClusterId>,
    /// Only that namespace.
    #[validate(length(min = 1, max = 63))]
    #[param(min_length = 1, max_length = 63, example = "kube-system")]
    namespace: Option<String>,
    /// Only those with these labels, as a label selector has them.
    #[validate(length(min = 1, max = 500))]
    #[param(
        min_length = 1,
        max_length = 500,
        example = "app.kubernetes.io/managed-by=sutler"
    )]
    label: Option<String>,
    /// How many of each cluster at most.
    #[validate(range(min = 1, max = 500))]
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before; needs `cluster_id`.
    cursor: Option<String>,
}

impl From<GlobalQuery> for NamespacedQuery {
    fn from(query: GlobalQuery) -> Self {
        Self {
            cluster_id: query.cluster_id,
            namespace: None,
            label: query.label,
            limit: query.limit,
            cursor: query.cursor,
        }
    }
}

/// A list of one cluster, for cursors: they are good for the same filters only.
struct Lister<'a> {
    state: &'a ApiState,
    scope: &'a Scope,
    kind: &'static str,
    query: NamespacedQuery,
}

impl Lister<'_> {
    fn name(&self, cluster: ClusterId) -> String {
        let namespace = self.query.namespace.as_deref().unwrap_or_default();
        let label = self.query.label.as_deref().unwrap_or_default();
        format!("k8s/{}/{cluster}/{namespace}/{label}", self.kind)
    }

    fn looking(&self) -> Result<Looking, ApiError> {
        let position = self.query.cursor.as_deref().zip(self.query.cluster_id);
        let after = match (position, &self.query.cursor) {
            (Some((cursor, cluster)), _) => {
                let name = self.name(cluster);
                let cursors = &self.state.cursors;
                let after = cursors.decode(self.scope.tenant(), &name, cursor);
                Some(after.map_err(RequestError::from)?)
            }
            // The use case says what is missing.
            (None, cursor) => cursor.clone(),
        };
        Ok(Looking {
            namespace: self.query.namespace.clone(),
            labels: self.query.label.clone(),
            limit: self.query.limit.unwrap_or(LIMIT),
            after,
        })
    }

    fn answer<T, D: Serialize + From<T>>(&self, shown: Vec<Shown<T>>) -> HttpResponse {
        let data = shown
            .into_iter()
            .map(|one| self.part::<T, D>(one))
            .collect();
        HttpResponse::Ok().json(PartsDto { data })
    }

    fn part<T, D: From<T>>(&self, one: Shown<T>) -> PartDto<D> {
        let (part, reason) = match one.part {
            Ok(part) => (Some(part), None),
            Err(reason) => (None, Some(reason)),
        };
        let next = part.as_ref().and_then(|part| part.next.as_ref());
        let next_cursor = next.map(|next| {
            let name = self.name(one.cluster);
            self.state.cursors.encode(self.scope.tenant(), &name, next)
        });
        PartDto {
            cluster_id: one.cluster,
            cluster_name: one.name,
            available: reason.is_none(),
            reason,
            metrics_available: part.as_ref().and_then(|part| part.metrics),
            items: part
                .into_iter()
                .flat_map(|part| part.items)
                .map(D::from)
                .collect(),
            has_more: next_cursor.is_some(),
            next_cursor,
        }
    }
}

/// List pods
///
/// With what each uses, where the cluster has a metrics server. A cluster that
/// does not answer is in the answer too, with `available: false` and the reason.
#[utoipa::path(tag = "admin: clusters", params(NamespacedQuery), responses(
    (status = 200, description = "The pods of each cluster.", body = PartsDto<PodDto>),
))]
#[get("/api/admin/k8s/pods")]
pub(crate) async fn list_pods(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<NamespacedQuery>,
) -> Result<HttpResponse, ApiError> {
    let lister = lister(&state, &caller, "pods", query.0);
    let (only, at) = (lister.query.cluster_id, lister.looking()?);
    let shown = state.clusters.pods(&caller.0, only, &at).await?;
    Ok(lister.answer::<_, PodDto>(shown))
}

/// List deployments
///
/// A cluster that does not answer is in the answer too, with
/// `available: false` and the reason.
#[utoipa::path(tag = "admin: clusters", params(NamespacedQuery), responses(
    (status = 200, description = "The deployments of each cluster.", body = PartsDto<DeploymentDto>),
))]
#[get("/api/admin/k8s/deployments")]
pub(crate) async fn list_deployments(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<NamespacedQuery>,
) -> Result<HttpResponse, ApiError> {
    let lister = lister(&state, &caller, "deployments", query.0);
    let (only, at) = (lister.query.cluster_id, lister.looking()?);
    let shown = state.clusters.deployments(&caller.0, only, &at).await?;
    Ok(lister.answer::<_, DeploymentDto>(shown))
}

/// List nodes
///
/// With what is used there, where the cluster has a metrics server. A cluster
/// that does not answer is in the answer too, with `available: false` and the
/// reason.
#[utoipa::path(tag = "admin: clusters", params(GlobalQuery), responses(
    (status = 200, description = "The nodes of each cluster.", body = PartsDto<NodeDto>),
))]
#[get("/api/admin/k8s/nodes")]
pub(crate) async fn list_nodes(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<GlobalQuery>,
) -> Result<HttpResponse, ApiError> {
    let lister = lister(&state, &caller, "nodes", query.0.into());
    let (only, at) = (lister.query.cluster_id, lister.looking()?);
    let shown = state.clusters.nodes(&caller.0, only, &at).await?;
    Ok(lister.answer::<_, NodeDto>(shown))
}

/// List namespaces
///
/// A cluster that does not answer is in the answer too, with
/// `available: false` and the reason.
#[utoipa::path(tag = "admin: clusters", params(GlobalQuery), responses(
    (status = 200, description = "The namespaces of each cluster.", body = PartsDto<NamespaceDto>),
))]
#[get("/api/admin/k8s/namespaces")]
pub(crate) async fn list_namespaces(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<GlobalQuery>,
) -> Result<HttpResponse, ApiError> {
    let lister = lister(&state, &caller, "namespaces", query.0.into());
    let (only, at) = (lister.query.cluster_id, lister.looking()?);
    let shown = state.clusters.namespaces(&caller.0, only, &at).await?;
    Ok(lister.answer::<_, NamespaceDto>(shown))
}

/// List ingresses
///
/// A cluster that does not answer is in the answer too, with
/// `available: false` and the reason.
#[utoipa::path(tag = "admin: clusters", params(NamespacedQuery), responses(
    (status = 200, description = "The ingresses of each cluster.", body = PartsDto<IngressDto>),
))]
#[get("/api/admin/k8s/ingresses")]
pub(crate) async fn list_ingresses(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<NamespacedQuery>,
) -> Result<HttpResponse, ApiError> {
    let lister = lister(&state, &caller, "ingresses", query.0);
    let (only, at) = (lister.query.cluster_id, lister.looking()?);
    let shown = state.clusters.ingresses(&caller.0, only, &at).await?;
    Ok(lister.answer::<_, IngressDto>(shown))
}

/// List services of clusters
///
/// A cluster that does not answer is in the answer too, with
/// `available: false` and the reason.
#[utoipa::path(tag = "admin: clusters", params(NamespacedQuery), responses(
    (status = 200, description = "The services of each cluster.", body = PartsDto<ServiceDto>),
))]
#[get("/api/admin/k8s/services")]
pub(crate) async fn list_cluster_services(
    state: Data<ApiState>,
    caller: Caller,
    query: Query<NamespacedQuery>,
) -> Result<HttpResponse, ApiError> {
    let lister = lister(&state, &caller, "services", query.0);
    let (only, at) = (lister.query.cluster_id, lister.looking()?);
    let shown = state.clusters.services(&caller.0, only, &at).await?;
    Ok(lister.answer::<_, ServiceDto>(shown))
}

fn lister<'a>(
    state: &'a ApiState,
    caller: &'a Caller,
    kind: &'static str,
    query: NamespacedQuery,
) -> Lister<'a> {
    Lister {
        state,
        scope: &caller.0,
        kind,
        query,
    }
}
