//! Asking clusters how they are.

use clusters_model::ClustersError;
use clusters_model::cluster::{Cluster, Health, Report, shortened};
use clusters_model::events::ClusterReachable;
use clusters_model::ports::{Target, Trouble};
use clusters_repository::clusters;
use futures::future::join_all;
use kernel::{AuditEntry, ClusterId, Permission, Scope};

use crate::Clusters;

impl Clusters {
    /// Asks all clusters how they are, all at once.
    pub async fn check_clusters(&self, scope: &Scope) -> Result<(), ClustersError> {
        let asked = self.targets(scope, None).await?;
        let answers = asked.iter().map(|(_, target)| self.gateway.report(target));
        let answers = join_all(answers).await;
        for ((known, target), answer) in asked.iter().zip(answers) {
            self.note_health(scope, known, target, answer, None).await?;
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
        let asked = self.targets(scope, Some(id)).await?;
        let (known, target) = asked.first().ok_or(ClustersError::NotFound)?;
        let answer = self.gateway.report(target).await;
        let entry = AuditEntry::new("cluster.check", id).after(known);
        self.note_health(scope, known, target, answer, Some(entry))
            .await?;
        let db = self.database.read(scope).await?;
        clusters::find(&db, id)
            .await?
            .ok_or(ClustersError::NotFound)
    }

    /// All clusters, or that one, and how to get into them.
    pub(crate) async fn targets(
        &self,
        scope: &Scope,
        only: Option<ClusterId>,
    ) -> Result<Vec<(Cluster, Target)>, ClustersError> {
        let db = self.database.read(scope).await?;
        let found = clusters::with_access(&db, only).await?;
        let targets = found.into_iter().map(|(cluster, sealed)| {
            let target = self.target(scope.tenant(), &cluster, &sealed)?;
            Ok((cluster, target))
        });
        targets.collect()
    }

    async fn note_health(
        &self,
        scope: &Scope,
        known: &Cluster,
        target: &Target,
        answer: Result<Report, Trouble>,
        entry: Option<AuditEntry>,
    ) -> Result<(), ClustersError> {
        let now = self.now();
        let before = &known.health;
        let health = match answer {
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
                ..before.clone()
            },
        };
        let tx = self.database.begin_write(scope, "cluster.check").await?;
        let noted = clusters::note_health(&tx, known.id, target.version, &health).await?;
        if let (true, Some(reachable)) = (noted, health.reachable)
            && before.reachable != health.reachable
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
