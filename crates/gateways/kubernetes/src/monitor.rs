//! What is in a cluster, and what it uses.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use clusters_model::monitoring::{
    DeploymentSeen, IngressSeen, Looking, Named, NamespaceSeen, NodeSeen, Part, PodSeen,
    ServiceSeen, Usage,
};
use clusters_model::ports::{Target, Trouble};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Node, Pod, Service};
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kernel::Timestamp;
use kube::api::{ListParams, ObjectList};
use kube::{Api, Client, Resource};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Kubernetes, quantity};

/// What `metrics.k8s.io` tells of pods and nodes.
#[derive(Deserialize)]
struct MetricsList {
    items: Vec<Metrics>,
}

#[derive(Deserialize)]
struct Metrics {
    metadata: ObjectMeta,
    #[serde(default)]
    usage: Option<BTreeMap<String, Quantity>>,
    #[serde(default)]
    containers: Vec<ContainerMetrics>,
}

#[derive(Deserialize)]
struct ContainerMetrics {
    usage: BTreeMap<String, Quantity>,
}

/// What is used, by namespace and name.
type Usages = HashMap<(String, String), Usage>;

impl Kubernetes {
    /// Things of a kind, all namespaces or one.
    pub(crate) async fn see<K, T>(
        &self,
        target: &Target,
        at: &Looking,
        seen: fn(&K) -> T,
    ) -> Result<Part<T>, Trouble>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Debug + DeserializeOwned,
    {
        let client = self.client(target)?;
        let api: Api<K> = match &at.namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let list = self.answer(target, api.list(&params(at))).await?;
        Ok(part(&list, seen))
    }

    pub(crate) async fn see_namespaces(
        &self,
        target: &Target,
        at: &Looking,
    ) -> Result<Part<NamespaceSeen>, Trouble> {
        let api: Api<Namespace> = Api::all(self.client(target)?);
        let list = self.answer(target, api.list(&params(at))).await?;
        Ok(part(&list, namespace))
    }

    pub(crate) async fn see_nodes(
        &self,
        target: &Target,
        at: &Looking,
    ) -> Result<Part<NodeSeen>, Trouble> {
        let client = self.client(target)?;
        let api: Api<Node> = Api::all(client.clone());
        let how = params(at);
        let list = self.answer(target, api.list(&how));
        // Neither waits for the other.
        let (list, usages) = tokio::join!(list, self.usages(&client, "nodes", at));
        let mut found = part(&list?, node);
        found.metrics = Some(usages.is_some());
        for one in &mut found.items {
            one.usage = usage_of_thing(usages.as_ref(), &one.named);
        }
        Ok(found)
    }

    pub(crate) async fn see_pods(
        &self,
        target: &Target,
        at: &Looking,
    ) -> Result<Part<PodSeen>, Trouble> {
        let client = self.client(target)?;
        let list = self.see(target, at, pod);
        let (list, usages) = tokio::join!(list, self.usages(&client, "pods", at));
        let mut found = list?;
        found.metrics = Some(usages.is_some());
        for one in &mut found.items {
            one.usage = usage_of_thing(usages.as_ref(), &one.named);
        }
        Ok(found)
    }

    /// What is used; none where the metrics server is not installed or does
    /// not answer.
    async fn usages(&self, client: &Client, what: &str, at: &Looking) -> Option<Usages> {
        let mut path = "/apis/metrics.k8s.io/v1beta1/".to_owned();
        if let Some(namespace) = at.namespace.as_ref().filter(|_| what == "pods") {
            path = format!("{path}namespaces/{namespace}/");
        }
        path.push_str(what);
        if let Some(labels) = &at.labels {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("labelSelector", labels)
                .finish();
            path = format!("{path}?{query}");
        }
        let request = http::Request::get(path).body(Vec::new()).ok()?;
        let asked = client.request::<MetricsList>(request);
        let list = self.answer_of_part(asked).await.ok()?;
        Some(list.items.into_iter().map(used).collect())
    }
}

fn usage_of_thing(usages: Option<&Usages>, of: &Named) -> Option<Usage> {
    let namespace = of.namespace.clone().unwrap_or_default();
    usages?.get(&(namespace, of.name.clone())).copied()
}

fn used(one: Metrics) -> ((String, String), Usage) {
    let all = one.containers.into_iter().map(|container| container.usage);
    let sum = all.chain(one.usage).fold(
        Usage {
            cpu_milli: 0,
            memory_bytes: 0,
        },
        |sum, usage| {
            let more = usage_of(Some(&usage));
            Usage {
                cpu_milli: sum.cpu_milli.saturating_add(more.cpu_milli),
                memory_bytes: sum.memory_bytes.saturating_add(more.memory_bytes),
            }
        },
    );
    let name = one.metadata.name.unwrap_or_default();
    ((one.metadata.namespace.unwrap_or_default(), name), sum)
}

fn usage_of(of: Option<&BTreeMap<String, Quantity>>) -> Usage {
    let text = |name: &str| of.and_then(|of| of.get(name)).map(|one| one.0.as_str());
    Usage {
        cpu_milli: text("cpu").and_then(quantity::milli).unwrap_or(0),
        memory_bytes: text("memory").and_then(quantity::whole).unwrap_or(0),
    }
}

fn params(at: &Looking) -> ListParams {
    let mut params = ListParams::default().limit(at.limit);
    params.label_selector.clone_from(&at.labels);
    params.continue_token.clone_from(&at.after);
    params
}

fn part<K: Clone, T>(list: &ObjectList<K>, seen: fn(&K) -> T) -> Part<T> {
    let next = list.metadata.continue_.clone();
    Part {
        items: list.items.iter().map(seen).collect(),
        next: next.filter(|next| !next.is_empty()),
        metrics: None,
    }
}

fn named(metadata: &ObjectMeta) -> Named {
    Named {
        namespace: metadata.namespace.clone(),
        name: metadata.name.clone().unwrap_or_default(),
        labels: metadata.labels.clone().unwrap_or_default(),
        created_at: metadata
            .creation_timestamp
            .as_ref()
            .map(|at| Timestamp::from_micros(at.0.as_microsecond())),
    }
}

/// A pod.
pub(crate) fn pod(pod: &Pod) -> PodSeen {
    let status = pod.status.as_ref();
    let containers = status.and_then(|status| status.container_statuses.as_deref());
    let containers = containers.unwrap_or_default();
    let phase = status.and_then(|status| status.phase.clone());
    PodSeen {
        named: named(&pod.metadata),
        status: waiting(pod)
            .or(phase)
            .unwrap_or_else(|| "Unknown".to_owned()),
        ready: !containers.is_empty() && containers.iter().all(|one| one.ready),
        restarts: containers
            .iter()
            .map(|one| i64::from(one.restart_count))
            .sum(),
        node: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
        usage: None,
    }
}

/// Why a pod does not run: what its first container waits for, or why no node
/// takes it.
pub(crate) fn waiting(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    if let Some(reason) = &status.reason {
        return Some(reason.clone());
    }
    let containers = status.container_statuses.iter().flatten();
    let container = containers
        .filter_map(|one| {
            let waits_for = one.state.as_ref()?.waiting.as_ref()?.reason.clone()?;
            // That it ends says less than why it ended.
            let ended = || one.last_state.as_ref()?.terminated.as_ref()?.reason.clone();
            let ended = (waits_for == "CrashLoopBackOff").then(ended).flatten();
            Some(ended.filter(|why| why == "OOMKilled").unwrap_or(waits_for))
        })
        .find(|reason| reason != "ContainerCreating");
    container.or_else(|| {
        let conditions = status.conditions.iter().flatten();
        conditions
            .filter(|one| one.type_ == "PodScheduled" && one.status == "False")
            .find_map(|one| one.reason.clone())
    })
}

/// A deployment.
pub(crate) fn deployment(one: &Deployment) -> DeploymentSeen {
    let status = one.status.as_ref();
    let number = |number: Option<i32>| i64::from(number.unwrap_or(0));
    DeploymentSeen {
        named: named(&one.metadata),
        replicas: number(one.spec.as_ref().and_then(|spec| spec.replicas)),
        ready: number(status.and_then(|status| status.ready_replicas)),
        updated: number(status.and_then(|status| status.updated_replicas)),
        available: number(status.and_then(|status| status.available_replicas)),
    }
}

/// A node.
pub(crate) fn node(one: &Node) -> NodeSeen {
    let status = one.status.as_ref();
    let mut conditions = status.iter().flat_map(|s| s.conditions.iter().flatten());
    let info = status.and_then(|status| status.node_info.as_ref());
    let unschedulable = one.spec.as_ref().and_then(|spec| spec.unschedulable);
    NodeSeen {
        named: named(&one.metadata),
        ready: conditions.any(|one| one.type_ == "Ready" && one.status == "True"),
        schedulable: unschedulable != Some(true),
        version: info
            .map(|info| info.kubelet_version.clone())
            .unwrap_or_default(),
        allocatable: usage_of(status.and_then(|status| status.allocatable.as_ref())),
        usage: None,
    }
}

fn namespace(one: &Namespace) -> NamespaceSeen {
    let phase = one.status.as_ref().and_then(|status| status.phase.clone());
    NamespaceSeen {
        named: named(&one.metadata),
        status: phase.unwrap_or_else(|| "Active".to_owned()),
    }
}

/// An ingress.
pub(crate) fn ingress(one: &Ingress) -> IngressSeen {
    let spec = one.spec.as_ref();
    let rules = spec.iter().flat_map(|spec| spec.rules.iter().flatten());
    let balancer = one.status.as_ref().and_then(|s| s.load_balancer.as_ref());
    let points = balancer.iter().flat_map(|b| b.ingress.iter().flatten());
    IngressSeen {
        named: named(&one.metadata),
        class: spec.and_then(|spec| spec.ingress_class_name.clone()),
        hosts: rules.filter_map(|rule| rule.host.clone()).collect(),
        addresses: points
            .filter_map(|point| point.hostname.clone().or_else(|| point.ip.clone()))
            .collect(),
    }
}

/// A service.
pub(crate) fn service(one: &Service) -> ServiceSeen {
    let spec = one.spec.as_ref();
    let ports = spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ServiceSeen {
        named: named(&one.metadata),
        kind: spec
            .and_then(|spec| spec.type_.clone())
            .unwrap_or_else(|| "ClusterIP".to_owned()),
        cluster_ip: spec.and_then(|spec| spec.cluster_ip.clone()),
        ports: ports
            .map(|port| {
                let protocol = port.protocol.as_deref().unwrap_or("TCP");
                let number = format!("{}/{protocol}", port.port);
                match &port.name {
                    Some(name) => format!("{name} {number}"),
                    None => number,
                }
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod_of(status: serde_json::Value) -> Pod {
        Pod {
            status: Some(serde_json::from_value(status).unwrap()),
            ..Pod::default()
        }
    }

    #[test]
    fn what_a_pod_waits_for_is_told() {
        let container = |state: serde_json::Value, last: serde_json::Value| {
            pod_of(serde_json::json!({"containerStatuses": [{
                "name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 3,
                "state": state, "lastState": last,
            }]}))
        };
        let looping = serde_json::json!({"waiting": {"reason": "CrashLoopBackOff"}});
        let ended = |why: &str| serde_json::json!({"terminated": {"exitCode": 137, "reason": why}});
        let cases = [
            (
                container(looping.clone(), ended("OOMKilled")),
                Some("OOMKilled"),
            ),
            (container(looping, ended("Error")), Some("CrashLoopBackOff")),
            (
                container(
                    serde_json::json!({"waiting": {"reason": "ContainerCreating"}}),
                    serde_json::json!({}),
                ),
                None,
            ),
            (
                pod_of(serde_json::json!({"reason": "Evicted"})),
                Some("Evicted"),
            ),
            (
                pod_of(serde_json::json!({"conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"},
                ]})),
                Some("Unschedulable"),
            ),
        ];
        for (pod, why) in cases {
            assert_eq!(waiting(&pod).as_deref(), why);
        }
    }
}
