//! Making instances what they should be.
//!
//! Each look at an instance is taken by one conditional statement, so of any
//! number of jobs one looks, whatever is wished meanwhile: what is on its way
//! into a cluster is there before it is removed. What is found out is written
//! only if nobody wished for anything else; otherwise it is looked at again.

use std::time::Duration;

use clusters_model::ClustersError;
use clusters_model::cluster::candidates;
use clusters_model::instance::{Instance, InstanceStatus, ProvisionerName, Wish};
use clusters_model::jobs::ReconcileInstance;
use clusters_model::ports::{Observed, Quota, State, Trouble, Wanted};
use clusters_repository::{clusters, instances, places};
use database::{Transaction, retrying};
use kernel::{Fault, InstanceId, Scope, Timestamp, random};

use crate::Clusters;

/// How long a look may take before another one is due. Longer than all calls
/// of one look can take together.
const LOOK: Duration = Duration::from_mins(3);
/// How late a look may be before it counts as lost: workers have other jobs.
const GRACE: Duration = Duration::from_secs(30);
/// How many instances are found due at once.
const AT_ONCE: i64 = 500;

/// A look at an instance that nobody else takes before `until`.
struct Look {
    one: Instance,
    until: Timestamp,
    /// What is wanted; none while there is no room for it.
    wanted: Option<Wanted>,
}

impl Clusters {
    /// Lets jobs look at the instances that should have been looked at: those
    /// whose jobs, or whose looks, were lost.
    pub async fn find_due_instances(&self, scope: &Scope) -> Result<(), ClustersError> {
        let tx = self
            .database
            .begin_write(scope, "instances.find_due")
            .await?;
        let by = self.now().minus(GRACE);
        for instance in instances::overdue(&tx, by, AT_ONCE).await? {
            self.look_soon(&tx, instance).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Looks at an instance, does what is missing, and writes down what it is
    /// like.
    pub async fn reconcile_instance(
        &self,
        scope: &Scope,
        id: InstanceId,
    ) -> Result<(), ClustersError> {
        let Some(look) = self.begin_look(scope, id).await? else {
            return Ok(());
        };
        let found = match &look.wanted {
            None => {
                let why = "no cluster that takes instances has room for it";
                Err(Trouble::passing(why))
            }
            Some(wanted) if wanted.wish == Wish::Gone && is_nowhere(wanted, &look.one) => {
                Ok(Observed::of(State::Gone))
            }
            Some(wanted) => self.maker(&look.one).reconcile(wanted).await,
        };
        if let Err(trouble) = &found {
            tracing::warn!(instance = %id, %trouble, "instance in trouble");
        }
        retrying("instance.note", || self.end_look(scope, &look, &found)).await
    }

    /// Takes a look, unless somebody else has it, or there is none to take.
    async fn begin_look(
        &self,
        scope: &Scope,
        id: InstanceId,
    ) -> Result<Option<Look>, ClustersError> {
        let now = self.now();
        let until = now.plus(LOOK);
        let tx = self.database.begin_write(scope, "instance.look").await?;
        if !instances::take(&tx, id, now, until).await? {
            return Ok(None);
        }
        let Some(mut one) = instances::find(&tx, id).await? else {
            return Ok(None);
        };
        let needs_place = one.provisioner == ProvisionerName::Kubernetes
            && one.cluster.is_none()
            && one.wish() != Wish::Gone;
        if needs_place {
            self.find_place(&tx, &mut one).await?;
        }
        let wanted = if needs_place && one.cluster.is_none() {
            None
        } else {
            Some(self.wanted(&tx, scope, &one).await?)
        };
        tx.commit().await?;
        Ok(Some(Look { one, until, wanted }))
    }

    /// Writes down what was found out.
    async fn end_look(
        &self,
        scope: &Scope,
        look: &Look,
        found: &Result<Observed, Trouble>,
    ) -> Result<(), ClustersError> {
        let (one, now) = (&look.one, self.now());
        let patience = self.settings.provision_timeout;
        let next = match found {
            Ok(observed) => one.next(observed, now, patience),
            Err(trouble) => one.troubled(trouble, now, patience, random::below(1001)),
        };
        let tx = self.database.begin_write(scope, "instance.note").await?;
        if instances::note(&tx, one, look.until, &next, now).await? {
            if let (InstanceStatus::Terminated, Some(cluster)) = (next.status, one.cluster) {
                places::release(&tx, one.id, cluster).await?;
            }
            if let Some(after) = next.after {
                let job = ReconcileInstance { instance: one.id };
                self.queue.enqueue_at(&tx, &job, now.plus(after)).await?;
            }
            if next.status != one.status {
                self.say(&tx, one, next.status).await?;
            }
        } else {
            // Somebody wished for something else, which waited for this: it is
            // compared again.
            instances::hurry(&tx, one.id, look.until, now).await?;
            self.look_soon(&tx, one.id).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Gives an instance a place in the least loaded cluster that has room.
    async fn find_place(&self, tx: &Transaction, one: &mut Instance) -> Result<(), Fault> {
        let r = &one.template.resources;
        let size = (r.cpu_request_milli, r.memory_request_bytes);
        let all = clusters::all(tx, None).await?;
        for cluster in candidates(&all, size.0, size.1) {
            if places::reserve(tx, cluster, size.0, size.1).await? {
                if places::assign(tx, one.id, cluster, size).await? {
                    one.cluster = Some(cluster);
                    return Ok(());
                }
                // Nothing of this transaction stays.
                return Err(Fault::transient("the instance got a place elsewhere"));
            }
        }
        Ok(())
    }

    async fn wanted(
        &self,
        tx: &Transaction,
        scope: &Scope,
        one: &Instance,
    ) -> Result<Wanted, Fault> {
        let tenant = scope.tenant();
        let templates = match one.cluster {
            Some(cluster) => instances::templates_at(tx, cluster, one.owner).await?,
            None => Vec::new(),
        };
        Ok(Wanted {
            instance: one.id,
            tenant,
            owner: one.owner,
            place: self.place(tx, tenant, one).await?,
            template: one.template.clone(),
            host: one.host(),
            wish: one.wish(),
            restarts: one.restarts,
            secrets: self.secrets_of(tx, tenant, one.id).await?,
            quota: Quota::of(&templates),
            since: one.wished_at,
        })
    }
}

/// Whether it never got a place, so that nothing of it can be anywhere.
fn is_nowhere(wanted: &Wanted, one: &Instance) -> bool {
    wanted.place.target.is_none() && one.provisioner == ProvisionerName::Kubernetes
}
