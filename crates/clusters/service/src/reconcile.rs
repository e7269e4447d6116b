//! Making instances what they should be.
//!
//! Each look at an instance is taken by one conditional statement, so of any
//! number of jobs one looks. What is found out is written only if nobody
//! wished for anything else in the meantime; otherwise it is looked at again.

use std::time::Duration;

use clusters_model::ClustersError;
use clusters_model::cluster::{candidates, shortened};
use clusters_model::instance::{Instance, InstanceStatus, ProvisionerName, Wish, backoff};
use clusters_model::jobs::ReconcileInstance;
use clusters_model::ports::{Observed, Quota, State, Trouble, Wanted};
use clusters_repository::{clusters, instances, places};
use database::Transaction;
use kernel::{Fault, InstanceId, Scope, Timestamp, random};

use crate::Clusters;

/// How long a look may take before another one is due. Longer than all calls
/// of one look can take together.
const LOOK: Duration = Duration::from_mins(3);
/// How many instances are found due at once.
const AT_ONCE: i64 = 500;

/// What comes before a look.
enum Before {
    /// Somebody else looks, or there is nothing to look at.
    Nothing,
    /// There is no room for it.
    NoRoom(Box<Instance>),
    /// This is wanted.
    Look(Box<Instance>, Box<Wanted>),
}

impl Clusters {
    /// Lets jobs look at the instances that are due: those whose jobs were
    /// lost, and those that nobody touched for a while.
    pub async fn find_due_instances(&self, scope: &Scope) -> Result<(), ClustersError> {
        let tx = self
            .database
            .begin_write(scope, "instances.find_due")
            .await?;
        for instance in instances::due(&tx, self.now(), AT_ONCE).await? {
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
        let (one, found) = match self.before(scope, id).await? {
            Before::Nothing => return Ok(()),
            Before::NoRoom(one) => {
                let why = "no cluster that takes instances has room for it";
                (one, Err(Trouble::passing(why)))
            }
            Before::Look(one, wanted) => {
                let found = if wanted.wish == Wish::Gone && is_nowhere(&wanted, &one) {
                    Ok(Observed::of(State::Gone))
                } else {
                    self.maker(&one).reconcile(&wanted).await
                };
                (one, found)
            }
        };
        let tx = self.database.begin_write(scope, "instance.note").await?;
        let noted = match found {
            Ok(observed) => self.note(&tx, &one, &observed).await?,
            Err(trouble) => self.note_trouble(&tx, &one, &trouble).await?,
        };
        if !noted {
            // Somebody wished for something else, which may have been done
            // before this was: it is compared again.
            instances::hurry(&tx, id, self.now()).await?;
            self.look_soon(&tx, id).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn before(&self, scope: &Scope, id: InstanceId) -> Result<Before, ClustersError> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "instance.look").await?;
        if !instances::take(&tx, id, now, now.plus(LOOK)).await? {
            return Ok(Before::Nothing);
        }
        let Some(mut one) = instances::find(&tx, id).await? else {
            return Ok(Before::Nothing);
        };
        if one.provisioner == ProvisionerName::Kubernetes
            && one.cluster.is_none()
            && one.wish() != Wish::Gone
        {
            self.find_place(&tx, &mut one).await?;
            if one.cluster.is_none() {
                tx.commit().await?;
                return Ok(Before::NoRoom(Box::new(one)));
            }
        }
        let wanted = self.wanted(&tx, scope, &one).await?;
        tx.commit().await?;
        Ok(Before::Look(Box::new(one), Box::new(wanted)))
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

    async fn note(
        &self,
        tx: &Transaction,
        one: &Instance,
        observed: &Observed,
    ) -> Result<bool, Fault> {
        let now = self.now();
        let next = one.next(observed, now, self.settings.provision_timeout);
        if next.status == InstanceStatus::Terminated {
            places::release(tx, one.id).await?;
        }
        if !instances::note(tx, one, &next, now).await? {
            // What was released is not, as the transaction is undone.
            return if next.status == InstanceStatus::Terminated {
                Err(Fault::transient("the instance changed as it went away"))
            } else {
                Ok(false)
            };
        }
        if let Some(after) = next.after {
            self.look_at(tx, one.id, now.plus(after)).await?;
        }
        if next.status != one.status {
            self.say(tx, one, next.status).await?;
        }
        Ok(true)
    }

    async fn note_trouble(
        &self,
        tx: &Transaction,
        one: &Instance,
        trouble: &Trouble,
    ) -> Result<bool, Fault> {
        let now = self.now();
        tracing::warn!(instance = %one.id, %trouble, "instance in trouble");
        let patience = self.settings.provision_timeout;
        // What has no place waits for room.
        let is_late = one.cluster.is_some() && one.is_late(now, patience);
        if one.wish() == Wish::Running && (is_late || !trouble.passing) {
            let observed = Observed {
                reason: Some(
                    "the cluster does not take it; whoever runs the shop can see why".to_owned(),
                ),
                ..Observed::of(State::Failed)
            };
            let next = one.next(&observed, now, patience);
            if instances::note(tx, one, &next, now).await? && next.status != one.status {
                self.say(tx, one, next.status).await?;
            }
        }
        let pause = backoff(one.failures + 1, random::below(1001));
        let at = now.plus(pause);
        let told = shortened(&trouble.reason);
        if !instances::note_trouble(tx, one, &told, at).await? {
            return Ok(false);
        }
        self.look_at(tx, one.id, at).await?;
        Ok(true)
    }

    async fn look_at(&self, tx: &Transaction, id: InstanceId, at: Timestamp) -> Result<(), Fault> {
        let job = ReconcileInstance { instance: id };
        self.queue.enqueue_at(tx, &job, at).await.map(|_| ())
    }
}

/// Whether it never got a place, so that nothing of it can be anywhere.
fn is_nowhere(wanted: &Wanted, one: &Instance) -> bool {
    wanted.place.target.is_none() && one.provisioner == ProvisionerName::Kubernetes
}
