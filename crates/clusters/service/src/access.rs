//! Getting into clusters: sealing and opening what is needed for it.

use clusters_model::ClustersError;
use clusters_model::access::ClusterAccess;
use clusters_model::cluster::Cluster;
use clusters_model::ports::Target;
use kernel::{ClusterId, Fault, Permission, Scope, TenantId};

use crate::Clusters;

impl Clusters {
    /// What somebody sent, understood: a kubeconfig, or none for the cluster
    /// that Sutler runs in. That one is the operator's, and not for every shop.
    pub(crate) async fn read_access(
        &self,
        scope: &Scope,
        kubeconfig: Option<&str>,
    ) -> Result<ClusterAccess, ClustersError> {
        let Some(text) = kubeconfig else {
            scope.require(Permission::TenantsManage)?;
            if !self.settings.allow_in_cluster {
                return Err(ClustersError::InClusterOff);
            }
            return Ok(ClusterAccess::InCluster);
        };
        let (gateway, text) = (self.gateway.clone(), text.to_owned());
        // YAML can be written so that reading it takes seconds.
        tokio::task::spawn_blocking(move || gateway.read_kubeconfig(&text))
            .await
            .map_err(|error| Fault::permanent("read a kubeconfig").caused_by(error))?
            .map_err(ClustersError::InvalidKubeconfig)
    }

    pub(crate) fn seal_access(
        &self,
        tenant: TenantId,
        id: ClusterId,
        access: &ClusterAccess,
    ) -> Result<Vec<u8>, Fault> {
        let plain = serde_json::to_vec(access)
            .map_err(|error| Fault::permanent("write the access to a cluster").caused_by(error))?;
        Ok(self.access.seal(context(tenant, id).as_bytes(), &plain))
    }

    /// A cluster, and how to get into it.
    pub(crate) fn target(
        &self,
        tenant: TenantId,
        cluster: &Cluster,
        sealed: &[u8],
    ) -> Result<Target, Fault> {
        let plain = self
            .access
            .open(context(tenant, cluster.id).as_bytes(), sealed)
            .map_err(|error| Fault::permanent("open the access to a cluster").caused_by(error))?;
        let access = serde_json::from_slice(&plain)
            .map_err(|error| Fault::permanent("read the access to a cluster").caused_by(error))?;
        Ok(Target {
            id: cluster.id,
            version: cluster.version,
            access,
        })
    }
}

/// The row that it stands in.
fn context(tenant: TenantId, id: ClusterId) -> String {
    format!("clusters/{tenant}/{id}")
}
