//! Making instances, seeing what they are like, and removing them.

use std::fmt::Debug;
use std::time::Duration;

use clusters_model::instance::Wish;
use clusters_model::ports::{Observed, Place, Provisioner, State, Target, Trouble, Wanted};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, ResourceQuota};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::{DeleteParams, ListParams, LogParams, Patch, PatchParams, PropagationPolicy};
use kube::{Api, Client, Resource, ResourceExt as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::objects::{CUSTOMER, MANAGED_BY, MANAGER};
use crate::workload::{CONTAINER, Workload};
use crate::{Kubernetes, monitor, objects, workload};

/// The longest that one look at an instance may take.
const LOOK: Duration = Duration::from_mins(2);
/// The most that is read of what an instance wrote, in bytes.
const MAX_LOG: i64 = 1 << 20;
/// The most pods of an instance that are looked at: the one there is to be, and
/// those that ended.
const MAX_PODS: u32 = 100;
/// How often, and how long, a look waits for a cluster to count by new limits.
const COUNTINGS: u32 = 15;
const COUNTING: Duration = Duration::from_millis(200);

#[async_trait::async_trait]
impl Provisioner for Kubernetes {
    async fn reconcile(&self, wanted: &Wanted) -> Result<Observed, Trouble> {
        let look = async {
            let (target, client) = self.reach(&wanted.place)?;
            let there = There {
                gateway: self,
                target,
                client,
                wanted,
            };
            match wanted.wish {
                Wish::Gone => there.remove().await,
                _ => there.make().await,
            }
        };
        tokio::time::timeout(LOOK, look)
            .await
            .unwrap_or_else(|_| Err(Trouble::passing("the cluster is too slow")))
    }

    async fn logs(&self, place: &Place, lines: u32) -> Result<Vec<String>, Trouble> {
        let (target, client) = self.reach(place)?;
        let pods: Api<Pod> = Api::namespaced(client, &place.namespace);
        let Some(pod) = self.newest_pod(target, &pods, place).await? else {
            return Ok(Vec::new());
        };
        let how = LogParams {
            container: Some(CONTAINER.to_owned()),
            limit_bytes: Some(MAX_LOG),
            tail_lines: Some(i64::from(lines)),
            ..LogParams::default()
        };
        // The kubelet of its node answers.
        let text = self
            .answer_of_part(pods.logs(&pod.name_any(), &how))
            .await?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

impl Kubernetes {
    fn reach<'a>(&self, place: &'a Place) -> Result<(&'a Target, Client), Trouble> {
        let gone = || Trouble::passing("the cluster is not registered any more");
        let target = place.target.as_ref().ok_or_else(gone)?;
        Ok((target, self.client(target)?))
    }

    /// The pod of an instance that was made last. Those before it, such as one
    /// that was evicted, tell nothing of how it is now.
    async fn newest_pod(
        &self,
        target: &Target,
        pods: &Api<Pod>,
        place: &Place,
    ) -> Result<Option<Pod>, Trouble> {
        let labels = format!("app.kubernetes.io/instance={}", place.name);
        let at = ListParams::default().labels(&labels).limit(MAX_PODS);
        let found = self.answer(target, pods.list(&at)).await?;
        let newest = found.items.into_iter();
        Ok(newest.max_by_key(|pod| pod.creation_timestamp().map(|at| at.0)))
    }
}

/// One instance in its cluster.
struct There<'a> {
    gateway: &'a Kubernetes,
    target: &'a Target,
    client: Client,
    wanted: &'a Wanted,
}

impl There<'_> {
    async fn make(&self) -> Result<Observed, Trouble> {
        let wanted = self.wanted;
        let settings = &self.gateway.settings;
        self.apply_global(&objects::namespace(wanted)).await?;
        self.apply_limits().await?;
        let policy = objects::network_policy(wanted, &settings.ingress_namespace);
        self.apply(&policy).await?;
        let anchor = self.apply(&workload::anchor(wanted)).await?;
        if anchor.metadata.deletion_timestamp.is_some() {
            return Err(Trouble::passing(
                "an earlier one of this name is being removed",
            ));
        }
        let patience = settings.provision_timeout.as_secs();
        let all = Workload {
            wanted,
            anchor: anchor.uid().unwrap_or_default(),
            ingress_class: settings.ingress_class.as_deref(),
            certificate_issuer: settings.certificate_issuer.as_deref(),
            patience_seconds: i32::try_from(patience).unwrap_or(i32::MAX),
        };
        if let Some(secret) = all.secret() {
            self.apply(&secret).await?;
        }
        let trouble = self.claim(&all).await?;
        if let Some(service) = all.service() {
            self.apply(&service).await?;
        }
        if let Some(ingress) = all.ingress() {
            self.apply(&ingress).await?;
        }
        let deployment = self.apply(&all.deployment()).await?;
        let observed = self.observe(&deployment).await?;
        Ok(Observed {
            trouble,
            ..observed
        })
    }

    /// Asks for storage. A cluster that does not let volumes grow refuses
    /// that, which keeps nothing else from being as it should: what it said is
    /// the answer.
    async fn claim(&self, all: &Workload<'_>) -> Result<Option<String>, Trouble> {
        let mut told = None;
        for claim in all.claims() {
            match self.apply(&claim).await {
                Ok(_) => {}
                Err(trouble) if trouble.refused => told = Some(trouble.reason),
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(told)
    }

    /// Says what all of the customer's may use together, and waits a moment
    /// until the cluster counts by that: before, it refuses all that would use
    /// some of it.
    async fn apply_limits(&self) -> Result<(), Trouble> {
        self.apply(&objects::limit_range(self.wanted)).await?;
        let wanted = objects::resource_quota(self.wanted);
        let mut found = self.apply(&wanted).await?;
        let quotas: Api<ResourceQuota> =
            Api::namespaced(self.client.clone(), &self.wanted.place.namespace);
        let name = wanted.name_any();
        for _ in 0..COUNTINGS {
            if objects::is_counted(&wanted, &found) {
                return Ok(());
            }
            tokio::time::sleep(COUNTING).await;
            found = self.gateway.answer(self.target, quotas.get(&name)).await?;
        }
        Err(Trouble::passing(
            "the cluster does not count by the new limits of the namespace yet; it is tried again",
        ))
    }

    async fn apply<K>(&self, object: &K) -> Result<K, Trouble>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned + Serialize,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.wanted.place.namespace);
        self.apply_with(&api, object).await
    }

    async fn apply_global<K>(&self, object: &K) -> Result<K, Trouble>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope>,
        K: Clone + Debug + DeserializeOwned + Serialize,
    {
        self.apply_with(&Api::all(self.client.clone()), object)
            .await
    }

    async fn apply_with<K>(&self, api: &Api<K>, object: &K) -> Result<K, Trouble>
    where
        K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Serialize,
    {
        let how = PatchParams::apply(MANAGER).force();
        let name = object.name_any();
        let patch = Patch::Apply(object);
        self.gateway
            .answer(self.target, api.patch(&name, &how, &patch))
            .await
    }

    /// What the instance is like.
    async fn observe(&self, deployment: &Deployment) -> Result<Observed, Trouble> {
        let status = deployment.status.as_ref();
        let number = |number: Option<i32>| number.unwrap_or(0);
        let seen =
            status.and_then(|status| status.observed_generation) >= deployment.metadata.generation;
        let pods = number(status.and_then(|status| status.replicas));
        if self.wanted.wish != Wish::Running {
            let stopped = seen && pods == 0;
            return Ok(Observed::of(if stopped {
                State::Stopped
            } else {
                State::Provisioning
            }));
        }
        let available = number(status.and_then(|status| status.available_replicas));
        let updated = number(status.and_then(|status| status.updated_replicas));
        if seen && available >= 1 && updated >= 1 {
            return Ok(Observed::of(State::Running));
        }
        let mut conditions = status.iter().flat_map(|s| s.conditions.iter().flatten());
        let given_up = seen
            && conditions.any(|one| {
                one.type_ == "Progressing"
                    && one.reason.as_deref() == Some("ProgressDeadlineExceeded")
            });
        let state = if given_up {
            State::Failed
        } else {
            State::Provisioning
        };
        let reason = self.why().await?;
        Ok(Observed {
            reason,
            ..Observed::of(state)
        })
    }

    /// Why the instance does not work, in words its owner may read.
    async fn why(&self) -> Result<Option<String>, Trouble> {
        let place = &self.wanted.place;
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &place.namespace);
        let newest = self.gateway.newest_pod(self.target, &pods, place).await?;
        let reason = newest.as_ref().and_then(monitor::waiting);
        Ok(reason.map(|reason| explained(&reason)))
    }

    /// Removes the anchor, and waits until it is gone: then all it owned is
    /// too. With the last instance of a customer goes their namespace.
    async fn remove(&self) -> Result<Observed, Trouble> {
        let (gateway, place) = (self.gateway, &self.wanted.place);
        let on_its_way = || Ok(Observed::of(State::Provisioning));
        let anchors: Api<ConfigMap> = Api::namespaced(self.client.clone(), &place.namespace);
        let anchor = gateway
            .answer(self.target, anchors.get_opt(&place.name))
            .await?;
        if let Some(anchor) = anchor {
            if anchor.metadata.deletion_timestamp.is_none() {
                let how = DeleteParams {
                    propagation_policy: Some(PropagationPolicy::Foreground),
                    ..DeleteParams::default()
                };
                let deleted = gateway.answer(self.target, anchors.delete(&place.name, &how));
                deleted.await?;
            }
            return on_its_way();
        }
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let found = gateway
            .answer(self.target, namespaces.get_opt(&place.namespace))
            .await?;
        let Some(found) = found.filter(|found| self.is_theirs(found)) else {
            return Ok(Observed::of(State::Gone));
        };
        let is_going = found.metadata.deletion_timestamp.is_some();
        if self.wanted.quota.instances > 0 {
            if !is_going {
                self.apply(&objects::limit_range(self.wanted)).await?;
                self.apply(&objects::resource_quota(self.wanted)).await?;
            }
            return Ok(Observed::of(State::Gone));
        }
        let others = ListParams::default()
            .labels(&format!("{MANAGED_BY}={MANAGER}"))
            .limit(1);
        let others = gateway.answer(self.target, anchors.list(&others)).await?;
        if !others.items.is_empty() {
            return Ok(Observed::of(State::Gone));
        }
        if !is_going {
            let how = DeleteParams::default();
            let deleted = gateway.answer(self.target, namespaces.delete(&place.namespace, &how));
            deleted.await?;
        }
        on_its_way()
    }

    /// Whether Sutler made the namespace for this customer.
    fn is_theirs(&self, namespace: &Namespace) -> bool {
        let labels = namespace.labels();
        labels.get(MANAGED_BY).is_some_and(|by| by == MANAGER)
            && labels.get(CUSTOMER) == Some(&self.wanted.owner.to_string())
    }
}

/// The reasons of Kubernetes, in words for whoever uses the instance.
fn explained(reason: &str) -> String {
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" => "its image cannot be pulled",
        "CrashLoopBackOff" | "RunContainerError" => "it ends again and again; see its logs",
        "CreateContainerConfigError" | "CreateContainerError" => {
            "its configuration is out of order"
        }
        "Unschedulable" => "it waits for room in the cluster",
        "Evicted" | "OOMKilled" => "it used more than it may",
        _ => "it does not begin to work yet",
    }
    .to_owned()
}
