//! What people see of their instances, and do with them.

use clusters_model::ClustersError;
use clusters_model::instance::{Instance, InstanceStatus, ProvisionerName, object_name};
use clusters_model::ports::{Place, Provisioner};
use clusters_repository::wishes::{self, Wished};
use clusters_repository::{clusters, instances};
use database::{Once, Scoped};
use kernel::{Fault, InstanceId, Page, PageRequest, Permission, Scope, TenantId};

use crate::{Clusters, InstanceFilter};

/// What an instance wrote, or why that cannot be seen now.
pub struct Logs {
    /// The last lines.
    pub lines: Vec<String>,
    /// Why there are none.
    pub unavailable: Option<String>,
}

impl Logs {
    fn unavailable(why: &str) -> Self {
        Self {
            lines: Vec::new(),
            unavailable: Some(why.to_owned()),
        }
    }
}

impl Clusters {
    /// One's own instances, newest first.
    pub async fn own_instances(
        &self,
        scope: &Scope,
        status: Option<InstanceStatus>,
        subscription: Option<String>,
        page: PageRequest<InstanceId>,
    ) -> Result<Page<Instance, InstanceId>, ClustersError> {
        let filter = InstanceFilter {
            owner: Some(scope.require_user()?),
            status,
            subscription,
            ..InstanceFilter::default()
        };
        let db = self.database.read(scope).await?;
        Ok(instances::list(&db, &filter, page).await?)
    }

    /// One of one's own instances.
    pub async fn own_instance(
        &self,
        scope: &Scope,
        id: InstanceId,
    ) -> Result<Instance, ClustersError> {
        scope.require_user()?;
        let db = self.database.read(scope).await?;
        self.own(&db, scope, id).await
    }

    async fn own(
        &self,
        db: &Scoped,
        scope: &Scope,
        id: InstanceId,
    ) -> Result<Instance, ClustersError> {
        let owner = scope.require_user()?;
        instances::find(db, id)
            .await?
            .filter(|one| one.owner == owner)
            .ok_or(ClustersError::InstanceNotFound)
    }

    /// All instances, newest first, for who runs the shop.
    pub async fn instances(
        &self,
        scope: &Scope,
        filter: &InstanceFilter,
        page: PageRequest<InstanceId>,
    ) -> Result<Page<Instance, InstanceId>, ClustersError> {
        scope.require(Permission::ClustersRead)?;
        let db = self.database.read(scope).await?;
        Ok(instances::list(&db, filter, page).await?)
    }

    /// One instance, for who runs the shop.
    pub async fn instance(&self, scope: &Scope, id: InstanceId) -> Result<Instance, ClustersError> {
        scope.require(Permission::ClustersRead)?;
        let db = self.database.read(scope).await?;
        instances::find(&db, id)
            .await?
            .ok_or(ClustersError::InstanceNotFound)
    }

    /// Starts one's own instance; one that is started stays as it is.
    pub async fn start_instance(
        &self,
        scope: &Scope,
        id: InstanceId,
    ) -> Result<Instance, ClustersError> {
        self.act(scope, id, Wished::Start, "instance.start").await
    }

    /// Stops one's own instance; one that is stopped stays as it is.
    pub async fn stop_instance(
        &self,
        scope: &Scope,
        id: InstanceId,
    ) -> Result<Instance, ClustersError> {
        self.act(scope, id, Wished::Stop, "instance.stop").await
    }

    /// Restarts one's own instance.
    pub async fn restart_instance(
        &self,
        scope: &Scope,
        id: InstanceId,
    ) -> Result<Instance, ClustersError> {
        self.act(scope, id, Wished::Restart, "instance.restart")
            .await
    }

    async fn act(
        &self,
        scope: &Scope,
        id: InstanceId,
        wished: Wished,
        name: &'static str,
    ) -> Result<Instance, ClustersError> {
        scope.require_user()?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Instance>(scope, name, now)
            .await?
        {
            Once::Replayed(instance) => return Ok(instance),
            Once::Fresh(tx) => tx,
        };
        let known = self.own(&tx, scope, id).await?;
        let written = wishes::write(&tx, id, wished, now).await?;
        let changed = self.own(&tx, scope, id).await?;
        if !written {
            refused(&changed, wished)?;
        } else if changed.status == known.status {
            self.look_soon(&tx, id).await?;
        } else {
            self.follow_up(&tx, &changed).await?;
        }
        Ok(tx.commit_with(changed).await?)
    }

    /// The last lines that one's own instance wrote.
    pub async fn logs(
        &self,
        scope: &Scope,
        id: InstanceId,
        lines: u32,
    ) -> Result<Logs, ClustersError> {
        scope.require_user()?;
        let (one, place) = {
            let db = self.database.read(scope).await?;
            let one = self.own(&db, scope, id).await?;
            let place = self.place(&db, scope.tenant(), &one).await?;
            (one, place)
        };
        if one.status.is_over() {
            return Ok(Logs::unavailable("the instance is gone or going"));
        }
        let has_place = place.target.is_some() || one.provisioner == ProvisionerName::Simulated;
        if one.status == InstanceStatus::Requested || !has_place {
            return Ok(Logs::unavailable("the instance runs nowhere yet"));
        }
        match self.maker(&one).logs(&place, lines).await {
            Ok(lines) => Ok(Logs {
                lines,
                unavailable: None,
            }),
            Err(trouble) => {
                tracing::info!(instance = %id, %trouble, "no logs");
                Ok(Logs::unavailable(
                    "the cluster does not show them now; try again later",
                ))
            }
        }
    }

    /// Who makes an instance.
    pub(crate) fn maker(&self, one: &Instance) -> &dyn Provisioner {
        match one.provisioner {
            ProvisionerName::Simulated => &self.simulated,
            ProvisionerName::Kubernetes => self.provisioner.as_ref(),
        }
    }

    /// Where an instance runs.
    pub(crate) async fn place(
        &self,
        db: &Scoped,
        tenant: TenantId,
        one: &Instance,
    ) -> Result<Place, Fault> {
        let mut target = None;
        if let Some(id) = one.cluster {
            let found = clusters::with_access(db, Some(id)).await?;
            if let Some((cluster, sealed)) = found.first() {
                target = Some(self.target(tenant, cluster, sealed)?);
            }
        }
        let prefix = &self.settings.namespace_prefix;
        Ok(Place {
            target,
            namespace: object_name(prefix, &one.owner.to_string()),
            name: one.object_name(),
        })
    }
}

/// Why a wish was not written down; nothing when it is so already.
fn refused(one: &Instance, wished: Wished) -> Result<(), ClustersError> {
    if one.status.is_over() {
        return Err(ClustersError::Over);
    }
    if one.suspended {
        return Err(ClustersError::Suspended);
    }
    match wished {
        Wished::Restart if one.stopped => Err(ClustersError::Stopped),
        // It is about to start anyway.
        _ => Ok(()),
    }
}
