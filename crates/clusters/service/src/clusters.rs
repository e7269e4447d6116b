//! Registering, changing and deleting clusters.

use clusters_model::ClustersError;
use clusters_model::cluster::{
    Cluster, ClusterChange, Health, MAX_CLUSTERS, NewCluster, Reserved, checked_name,
};
use clusters_model::events::ClusterChanged;
use clusters_model::jobs::CheckClusters;
use clusters_repository::{clusters, instances};
use database::{Once, Transaction};
use kernel::{
    AuditEntry, Audited as _, ClusterId, Expected, Fault, Page, PageRequest, Permission, Scope,
};

use crate::Clusters;

impl Clusters {
    /// All, newest first.
    pub async fn clusters(
        &self,
        scope: &Scope,
        page: PageRequest<ClusterId>,
    ) -> Result<Page<Cluster, ClusterId>, ClustersError> {
        scope.require(Permission::ClustersRead)?;
        let db = self.database.read(scope).await?;
        Ok(clusters::list(&db, page).await?)
    }

    /// One.
    pub async fn cluster(&self, scope: &Scope, id: ClusterId) -> Result<Cluster, ClustersError> {
        scope.require(Permission::ClustersRead)?;
        let db = self.database.read(scope).await?;
        clusters::find(&db, id)
            .await?
            .ok_or(ClustersError::NotFound)
    }

    /// Registers one. It takes instances once it has answered.
    pub async fn create_cluster(
        &self,
        scope: &Scope,
        new: &NewCluster,
    ) -> Result<Cluster, ClustersError> {
        scope.require(Permission::ClustersWrite)?;
        let access = self.read_access(scope, new.kubeconfig.as_deref()).await?;
        let now = self.now();
        let made = Cluster {
            id: ClusterId::new(now),
            name: checked_name(&new.name)?,
            access: access.kind(),
            server: access.server().map(str::to_owned),
            accepts_instances: new.accepts_instances,
            health: Health::default(),
            reserved: Reserved::default(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let sealed = self.seal_access(scope.tenant(), made.id, &access)?;
        let tx = match self
            .database
            .begin_once::<Cluster>(scope, "cluster.create", now)
            .await?
        {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        insert(&tx, &made, &sealed).await?;
        self.queue
            .enqueue(
                &tx,
                &CheckClusters {
                    only: Some(made.id),
                },
            )
            .await?;
        let event = ClusterChanged { cluster: made.id };
        self.queue.publish(&tx, &event).await?;
        let entry = AuditEntry::new("cluster.create", made.id).after(&made);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Changes one, if its version is still that one.
    pub async fn change_cluster(
        &self,
        scope: &Scope,
        id: ClusterId,
        change: &ClusterChange,
        expected: &Expected,
    ) -> Result<Cluster, ClustersError> {
        scope.require(Permission::ClustersWrite)?;
        let access = match &change.kubeconfig {
            Some(text) => Some(self.read_access(scope, Some(text)).await?),
            None => None,
        };
        let tx = self.database.begin_write(scope, "cluster.change").await?;
        let known = clusters::find(&tx, id)
            .await?
            .ok_or(ClustersError::NotFound)?;
        if !expected.is_met_by(known.version) {
            return Err(ClustersError::VersionMismatch);
        }
        let before = known.snapshot();
        let mut changed = known.clone();
        if let Some(name) = &change.name {
            changed.name = checked_name(name)?;
        }
        changed.accepts_instances = change.accepts_instances.unwrap_or(known.accepts_instances);
        let mut sealed = None;
        if let Some(access) = access {
            if known.server.is_none() {
                return Err(ClustersError::NoKubeconfig);
            }
            changed.server = access.server().map(str::to_owned);
            // Nothing is known of what it leads to.
            changed.health.reachable = None;
            sealed = Some(self.seal_access(scope.tenant(), id, &access)?);
        }
        if changed == known && sealed.is_none() {
            return Ok(known);
        }
        changed.version += 1;
        changed.updated_at = self.now();
        let reaches_anew = sealed.is_some();
        if !clusters::update(&tx, &changed, sealed)
            .await
            .map_err(name_taken)?
        {
            return Err(ClustersError::VersionMismatch);
        }
        if reaches_anew {
            self.queue
                .enqueue(&tx, &CheckClusters { only: Some(id) })
                .await?;
            // It may lead to where none of them is.
            instances::hurry_all(&tx, id, changed.updated_at).await?;
        }
        let event = ClusterChanged { cluster: id };
        self.queue.publish(&tx, &event).await?;
        let entry = AuditEntry::new("cluster.change", id);
        self.record(&tx, entry.before(&before).after(&changed))
            .await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Deletes one that has no instances, if its version is still that one.
    /// Nothing is touched in the cluster.
    pub async fn delete_cluster(
        &self,
        scope: &Scope,
        id: ClusterId,
        expected: &Expected,
    ) -> Result<(), ClustersError> {
        scope.require(Permission::ClustersWrite)?;
        let tx = self.database.begin_write(scope, "cluster.delete").await?;
        let known = clusters::find(&tx, id)
            .await?
            .ok_or(ClustersError::NotFound)?;
        if !expected.is_met_by(known.version) {
            return Err(ClustersError::VersionMismatch);
        }
        if known.reserved.instances > 0 {
            return Err(ClustersError::InUse);
        }
        if !clusters::delete_unused(&tx, id, known.version).await? {
            // Somebody was faster: changed it, or placed an instance there.
            return Err(match clusters::find(&tx, id).await? {
                None => ClustersError::NotFound,
                Some(now) if now.version == known.version => ClustersError::InUse,
                Some(_) => ClustersError::VersionMismatch,
            });
        }
        let event = ClusterChanged { cluster: id };
        self.queue.publish(&tx, &event).await?;
        let entry = AuditEntry::new("cluster.delete", id).before(&known.snapshot());
        self.record(&tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Adds one, in a slot that is free. Whoever took the same one at the same time
/// was faster: there is another one, or none.
async fn insert(tx: &Transaction, made: &Cluster, sealed: &[u8]) -> Result<(), ClustersError> {
    for _ in 0..MAX_CLUSTERS {
        let inserted = clusters::insert(tx, made, sealed.to_vec()).await;
        if inserted.map_err(name_taken)? {
            return Ok(());
        }
        if clusters::count(tx).await? >= MAX_CLUSTERS {
            return Err(ClustersError::TooMany);
        }
    }
    Err(Fault::transient("others took every slot").into())
}

fn name_taken(fault: Fault) -> ClustersError {
    if fault.violates(clusters::UNIQUE_NAME) {
        ClustersError::NameTaken
    } else {
        fault.into()
    }
}
