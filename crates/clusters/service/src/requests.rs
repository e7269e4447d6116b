//! What subscriptions ask for, in transactions of theirs.

use std::collections::BTreeMap;

use clusters_model::ClustersError;
use clusters_model::events::InstanceChanged;
use clusters_model::instance::{
    CredentialsStatus, Instance, InstanceStatus, NewInstance, ProvisionerName,
};
use clusters_model::jobs::ReconcileInstance;
use clusters_model::template::{PlanLimits, Template};
use clusters_repository::wishes::{self, Wished};
use clusters_repository::{instances, places};
use config::ClusterProvisioner;
use database::Transaction;
use kernel::secret::hex;
use kernel::{Fault, InstanceId, TenantId, random};

use crate::Clusters;

/// How many random bytes a secret of an instance has.
const SECRET_BYTES: usize = 24;

impl Clusters {
    /// Asks for an instance. A subscription has one: asking again answers the
    /// one that is there.
    pub async fn request_in_tx(
        &self,
        tx: &Transaction,
        new: NewInstance,
    ) -> Result<Instance, ClustersError> {
        let template = new.template.within(&new.limits);
        template.check()?;
        let now = self.now();
        let id = InstanceId::new(now);
        let secrets = self.make_secrets(tx.scope().tenant(), id, &template)?;
        let instance = Instance {
            id,
            subscription: new.subscription,
            owner: new.owner,
            name: new.name,
            provisioner: match self.settings.provisioner {
                ClusterProvisioner::Simulated => ProvisionerName::Simulated,
                ClusterProvisioner::Kubernetes => ProvisionerName::Kubernetes,
            },
            cluster: None,
            template,
            status: InstanceStatus::Requested,
            stopped: false,
            suspended: false,
            restarts: 0,
            reason: None,
            trouble: None,
            failures: 0,
            credentials: match &secrets {
                Some(_) => CredentialsStatus::Waiting,
                None => CredentialsStatus::None,
            },
            wished_at: now,
            status_at: now,
            version: 1,
            created_at: now,
        };
        if !instances::insert(tx, &instance, secrets, now).await? {
            return self.of_subscription(tx, &instance.subscription).await;
        }
        self.follow_up(tx, &instance).await?;
        Ok(instance)
    }

    /// Stops the instance of a subscription that is not paid for; its storage
    /// is kept, and its owner cannot start it. Again is no error.
    pub async fn suspend_in_tx(
        &self,
        tx: &Transaction,
        subscription: &str,
    ) -> Result<Instance, ClustersError> {
        self.wish_in_tx(tx, subscription, Wished::Suspend).await
    }

    /// Ends that. One that its owner had stopped before stays stopped.
    pub async fn resume_in_tx(
        &self,
        tx: &Transaction,
        subscription: &str,
    ) -> Result<Instance, ClustersError> {
        self.wish_in_tx(tx, subscription, Wished::Resume).await
    }

    /// Removes the instance of a subscription and all it stored. Again is no
    /// error.
    pub async fn terminate_in_tx(
        &self,
        tx: &Transaction,
        subscription: &str,
    ) -> Result<Instance, ClustersError> {
        self.wish_in_tx(tx, subscription, Wished::Terminate).await
    }

    /// Gives the instance of a subscription the limits of another plan.
    /// Volumes do not shrink.
    pub async fn change_limits_in_tx(
        &self,
        tx: &Transaction,
        subscription: &str,
        limits: &PlanLimits,
    ) -> Result<Instance, ClustersError> {
        let known = self.of_subscription(tx, subscription).await?;
        let template = known.template.clone().within(limits);
        template.check()?;
        let r = &template.resources;
        if !wishes::change_template(tx, known.id, &template, self.now()).await? {
            return Err(ClustersError::Over);
        }
        let reserved = (r.cpu_request_milli, r.memory_request_bytes);
        places::resize(tx, known.id, reserved).await?;
        let changed = self.of_subscription(tx, subscription).await?;
        self.look_soon(tx, changed.id).await?;
        Ok(changed)
    }

    async fn wish_in_tx(
        &self,
        tx: &Transaction,
        subscription: &str,
        wished: Wished,
    ) -> Result<Instance, ClustersError> {
        let known = self.of_subscription(tx, subscription).await?;
        if !wishes::write(tx, known.id, wished, self.now()).await? {
            let now = self.of_subscription(tx, subscription).await?;
            // What is over cannot come back; all else is so already.
            return if now.status.is_over() && wished != Wished::Terminate {
                Err(ClustersError::Over)
            } else {
                Ok(now)
            };
        }
        let changed = self.of_subscription(tx, subscription).await?;
        if changed.status == known.status {
            self.look_soon(tx, changed.id).await?;
        } else {
            self.follow_up(tx, &changed).await?;
        }
        Ok(changed)
    }

    /// The instance of a subscription.
    pub async fn of_subscription(
        &self,
        tx: &Transaction,
        subscription: &str,
    ) -> Result<Instance, ClustersError> {
        instances::of_subscription(tx, subscription)
            .await?
            .ok_or(ClustersError::InstanceNotFound)
    }

    /// Says that an instance is in another state, and lets a job look at it.
    pub(crate) async fn follow_up(&self, tx: &Transaction, one: &Instance) -> Result<(), Fault> {
        self.say(tx, one, one.status).await?;
        self.look_soon(tx, one.id).await
    }

    /// Says that an instance is in another state.
    pub(crate) async fn say(
        &self,
        tx: &Transaction,
        one: &Instance,
        status: InstanceStatus,
    ) -> Result<(), Fault> {
        let event = InstanceChanged {
            instance: one.id,
            subscription: one.subscription.clone(),
            status,
        };
        self.queue.publish(tx, &event).await
    }

    /// Lets a job look at an instance.
    pub(crate) async fn look_soon(&self, tx: &Transaction, id: InstanceId) -> Result<(), Fault> {
        let job = ReconcileInstance { instance: id };
        self.queue.enqueue(tx, &job).await.map(|_| ())
    }

    fn make_secrets(
        &self,
        tenant: TenantId,
        id: InstanceId,
        template: &Template,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let secrets: BTreeMap<&str, String> = template
            .secrets()
            .into_iter()
            .map(|name| (name, hex(&random::bytes::<SECRET_BYTES>())))
            .collect();
        if secrets.is_empty() {
            return Ok(None);
        }
        self.seal_secrets(tenant, id, &secrets).map(Some)
    }
}
