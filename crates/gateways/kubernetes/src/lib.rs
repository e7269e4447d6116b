//! Kubernetes: making instances in clusters, and seeing how clusters are.
//!
//! What is made is said by server-side apply, so doing it twice is the same
//! as once. Every request has a time limit, and a cluster that does not answer
//! is left alone for a while. [`rbac`] lists all that is ever asked of a
//! cluster; `deploy/kubernetes/rbac.yml` allows that and nothing else.

mod breaker;
mod connection;
mod guard;
mod health;
mod kubeconfig;
mod monitor;
mod objects;
mod provision;
mod quantity;
pub mod rbac;
mod workload;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use clusters_model::access::ClusterAccess;
use clusters_model::cluster::Report;
use clusters_model::monitoring::{
    DeploymentSeen, IngressSeen, Looking, NamespaceSeen, NodeSeen, Part, PodSeen, ServiceSeen,
};
use clusters_model::ports::{ClusterGateway, Target, Trouble};
use kernel::{Clock, ClusterId};
use kube::Client;

use crate::breaker::Breaker;

/// The clusters, as far as they were asked for anything.
pub struct Kubernetes {
    settings: config::Clusters,
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<ClusterId, Known>>,
}

/// A cluster that was asked for something.
struct Known {
    version: i64,
    client: Client,
    breaker: Breaker,
}

impl Kubernetes {
    /// With these settings.
    pub fn new(settings: &config::Clusters, clock: Arc<dyn Clock>) -> Self {
        Self {
            settings: settings.clone(),
            clock,
            known: Mutex::default(),
        }
    }
}

#[async_trait::async_trait]
impl ClusterGateway for Kubernetes {
    fn read_kubeconfig(&self, text: &str) -> Result<ClusterAccess, String> {
        let access = kubeconfig::read(text, self.settings.allow_private_addresses)?;
        // Nothing is asked yet; but what is no certificate shows itself now.
        self.connect(&access)
            .map_err(|trouble| format!("nothing can be asked with it: {trouble}"))?;
        Ok(access)
    }

    async fn report(&self, target: &Target) -> Result<Report, Trouble> {
        self.health(target).await
    }

    async fn pods(&self, target: &Target, at: &Looking) -> Result<Part<PodSeen>, Trouble> {
        self.see_pods(target, at).await
    }

    async fn deployments(
        &self,
        target: &Target,
        at: &Looking,
    ) -> Result<Part<DeploymentSeen>, Trouble> {
        self.see(target, at, monitor::deployment).await
    }

    async fn nodes(&self, target: &Target, at: &Looking) -> Result<Part<NodeSeen>, Trouble> {
        self.see_nodes(target, at).await
    }

    async fn namespaces(
        &self,
        target: &Target,
        at: &Looking,
    ) -> Result<Part<NamespaceSeen>, Trouble> {
        self.see_namespaces(target, at).await
    }

    async fn ingresses(&self, target: &Target, at: &Looking) -> Result<Part<IngressSeen>, Trouble> {
        self.see(target, at, monitor::ingress).await
    }

    async fn services(&self, target: &Target, at: &Looking) -> Result<Part<ServiceSeen>, Trouble> {
        self.see(target, at, monitor::service).await
    }
}
