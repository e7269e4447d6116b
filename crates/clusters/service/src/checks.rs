//! Asking clusters how they are.

use clusters_model::ClustersError;
use clusters_model::cluster::{Cluster, Health, Report, shortened};
use clusters_model::events::ClusterReachable;
use clusters_model::ports::{Target, Trouble};
use clusters_repository::clusters;
use database::retrying;
use futures::future::join_all;
use kernel::{AuditEntry, ClusterId, Permission, Scope, Timestamp};

use crate::Clusters;

/// A cluster and how to get into it, or why that is not known.
pub(crate) type Found = (Cluster, Result<Target, Trouble>);

impl Clusters {
    /// Asks all clusters how they are, all at once; or that one.
    pub async fn check_clusters(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
    ) -> Result<(), ClustersError> {
        let found = self.targets(scope, only).await?;
        let answers = join_all(found.iter().map(|(_, target)| self.ask(target))).await;
        for ((known, _), answer) in found.iter().zip(answers) {
            let health = health(known, answer, self.now());
            retrying("cluster.check", || {
                self.note_health(scope, known, &health, None)
            })
            .await?;
        }
        Ok(())
    }

    /// Asks one cluster how it is, now.
    pub async fn check_cluster(
        &self,
        scope: &Scope,
        id: ClusterId,
    ) -> Result<Cluster, ClustersError> {
        scope.require(Permission::ClustersWrite)?;
        let found = self.targets(scope, Some(id)).await?;
        let (known, target) = found.first().ok_or(ClustersError::NotFound)?;
        let health = health(known, self.ask(target).await, self.now());
        retrying("cluster.check", || {
            let entry = AuditEntry::new("cluster.check", id).after(known);
            self.note_health(scope, known, &health, Some(entry))
        })
        .await?;
        let db = self.database.read(scope).await?;
        clusters::find(&db, id)
            .await?
            .ok_or(ClustersError::NotFound)
    }

    async fn ask(&self, target: &Result<Target, Trouble>) -> Result<Report, Trouble> {
        self.gateway
            .report(target.as_ref().map_err(Clone::clone)?)
            .await
    }

    /// All clusters, or that one.
    pub(crate) async fn targets(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
    ) -> Result<Vec<Found>, ClustersError> {
        let db = self.database.read(scope).await?;
        let found = clusters::with_access(&db, only).await?;
        let targets = found.into_iter().map(|(cluster, sealed)| {
            let target = self.target(scope.tenant(), &cluster, &sealed);
            // The others are none the worse for it.
            let target = target.map_err(|fault| {
                tracing::error!(cluster = %cluster.id, fault = fault.chain(), "no way into a cluster");
                Trouble::lasting("what is kept to get into it cannot be opened; send its kubeconfig again")
            });
            (cluster, target)
        });
        Ok(targets.collect())
    }

    async fn note_health(
        &self,
        scope: &Scope,
        known: &Cluster,
        health: &Health,
        entry: Option<AuditEntry>,
    ) -> Result<(), ClustersError> {
        let tx = self.database.begin_write(scope, "cluster.check").await?;
        let noted = clusters::note_health(&tx, known.id, known.version, health).await?;
        if let (true, Some(reachable)) = (noted, health.reachable)
            && known.health.reachable != health.reachable
        {
            let cluster = known.id;
            self.queue
                .publish(&tx, &ClusterReachable { cluster, reachable })
                .await?;
        }
        if let Some(entry) = entry {
            self.record(&tx, entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// How a cluster is, by its answer.
fn health(known: &Cluster, answer: Result<Report, Trouble>, now: Timestamp) -> Health {
    match answer {
        Ok(report) => Health {
            reachable: Some(true),
            trouble: None,
            checked_at: Some(now),
            seen_at: Some(now),
            report: Some(report),
        },
        // What it said last stays known.
        Err(trouble) => Health {
            reachable: Some(false),
            trouble: Some(shortened(&trouble.reason)),
            checked_at: Some(now),
            ..known.health.clone()
        },
    }
}
