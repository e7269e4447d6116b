//! The use cases of clusters: the registry of Kubernetes clusters, what is in
//! them, and the instances of services that run there for customers.
//!
//! Methods that end in `_in_tx` are for the domain of subscriptions, in
//! transactions of its own. No network is used within a transaction: what is
//! wanted is written down, and a job does it.

mod access;
mod checks;
mod clusters;
mod credentials;
mod instances;
mod monitoring;
mod personal;
mod reconcile;
mod requests;
mod simulated;

use std::sync::Arc;

use accounts_service::Accounts;
use clusters_model::ports::{ClusterGateway, Provisioner};
use database::{Database, Transaction};
use kernel::secret::{KeyRing, Sealer};
use kernel::{AuditEntry, Fault, Timestamp};
use queue::Queue;

pub use clusters_repository::instances::Filter as InstanceFilter;
pub use credentials::Credentials;
pub use instances::Logs;
pub use simulated::Simulated;

/// What clusters are made of.
pub struct ClustersParts {
    /// Where they are stored.
    pub database: Database,
    /// Where background work goes.
    pub queue: Queue,
    /// Tenants and people.
    pub accounts: Arc<Accounts>,
    /// What is kept sealed is sealed with.
    pub keys: Arc<KeyRing>,
    /// Who asks clusters how they are.
    pub gateway: Arc<dyn ClusterGateway>,
    /// Who makes instances in them.
    pub provisioner: Arc<dyn Provisioner>,
    /// The settings.
    pub settings: config::Clusters,
}

/// The use cases of clusters.
pub struct Clusters {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
    access: Sealer,
    secrets: Sealer,
    gateway: Arc<dyn ClusterGateway>,
    provisioner: Arc<dyn Provisioner>,
    simulated: Simulated,
    settings: config::Clusters,
}

impl Clusters {
    /// The use cases over these parts.
    pub fn new(parts: ClustersParts) -> Self {
        Self {
            access: Sealer::new(&parts.keys, "cluster-access"),
            secrets: Sealer::new(&parts.keys, "instance-credentials"),
            simulated: Simulated::new(parts.queue.clock().clone()),
            database: parts.database,
            queue: parts.queue,
            accounts: parts.accounts,
            gateway: parts.gateway,
            provisioner: parts.provisioner,
            settings: parts.settings,
        }
    }

    /// Records what an administrator did, as the last write of the transaction.
    async fn record(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault> {
        self.accounts.audit().record_in_tx(tx, entry).await
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }
}
