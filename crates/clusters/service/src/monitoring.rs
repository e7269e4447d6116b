//! Looking into clusters: all at once, and none of them can keep the others
//! waiting longer than its time limit.

use std::pin::Pin;

use clusters_model::ClustersError;
use clusters_model::monitoring::{
    DeploymentSeen, IngressSeen, Looking, NamespaceSeen, NodeSeen, Part, PodSeen, ServiceSeen,
    Shown,
};
use clusters_model::ports::{ClusterGateway, Target, Trouble};
use futures::future::join_all;
use kernel::{ClusterId, Permission, Scope};

use crate::Clusters;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<Part<T>, Trouble>> + Send + 'a>>;

impl Clusters {
    /// The pods of all clusters, or of that one.
    pub async fn pods(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
        at: &Looking,
    ) -> Result<Vec<Shown<PodSeen>>, ClustersError> {
        self.look(scope, only, at, |gateway, target, at| {
            gateway.pods(target, at)
        })
        .await
    }

    /// The deployments.
    pub async fn deployments(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
        at: &Looking,
    ) -> Result<Vec<Shown<DeploymentSeen>>, ClustersError> {
        self.look(scope, only, at, |gateway, target, at| {
            gateway.deployments(target, at)
        })
        .await
    }

    /// The nodes.
    pub async fn nodes(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
        at: &Looking,
    ) -> Result<Vec<Shown<NodeSeen>>, ClustersError> {
        self.look(scope, only, at, |gateway, target, at| {
            gateway.nodes(target, at)
        })
        .await
    }

    /// The namespaces.
    pub async fn namespaces(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
        at: &Looking,
    ) -> Result<Vec<Shown<NamespaceSeen>>, ClustersError> {
        self.look(scope, only, at, |gateway, target, at| {
            gateway.namespaces(target, at)
        })
        .await
    }

    /// The ingresses.
    pub async fn ingresses(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
        at: &Looking,
    ) -> Result<Vec<Shown<IngressSeen>>, ClustersError> {
        self.look(scope, only, at, |gateway, target, at| {
            gateway.ingresses(target, at)
        })
        .await
    }

    /// The services.
    pub async fn services(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
        at: &Looking,
    ) -> Result<Vec<Shown<ServiceSeen>>, ClustersError> {
        self.look(scope, only, at, |gateway, target, at| {
            gateway.services(target, at)
        })
        .await
    }

    async fn look<T>(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
        at: &Looking,
        ask: impl for<'a> Fn(&'a dyn ClusterGateway, &'a Target, &'a Looking) -> Answer<'a, T>,
    ) -> Result<Vec<Shown<T>>, ClustersError> {
        scope.require(Permission::ClustersRead)?;
        at.check()?;
        if at.after.is_some() && only.is_none() {
            return Err(ClustersError::CursorWithoutCluster);
        }
        let targets = self.targets(scope, only).await?;
        if only.is_some() && targets.is_empty() {
            return Err(ClustersError::NotFound);
        }
        let gateway = self.gateway.as_ref();
        let answers = targets.iter().map(async |(_, target)| {
            ask(gateway, target.as_ref().map_err(Clone::clone)?, at).await
        });
        let answers = join_all(answers).await;
        let shown = targets.into_iter().zip(answers);
        Ok(shown
            .map(|((cluster, _), answer)| Shown {
                cluster: cluster.id,
                name: cluster.name,
                part: answer.map_err(|trouble| trouble.reason),
            })
            .collect())
    }
}
