//! What a customer has in a cluster: a namespace, what all of theirs may use
//! together, and whom they may talk to.

use std::collections::BTreeMap;

use clusters_model::ports::{Quota, Wanted};
use k8s_openapi::api::core::v1::{
    LimitRange, LimitRangeItem, LimitRangeSpec, Namespace, ResourceQuota, ResourceQuotaSpec,
};
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use kernel::address::NOT_PUBLIC_V4;

use crate::quantity;

/// Who says what is in the objects, for server-side apply.
pub(crate) const MANAGER: &str = "sutler";
/// The label of all that Sutler made.
pub(crate) const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label of whose it is.
pub(crate) const CUSTOMER: &str = "sutler.dev/customer";
/// The label of which instance it belongs to.
pub(crate) const INSTANCE: &str = "sutler.dev/instance";
const TENANT: &str = "sutler.dev/tenant";
/// What the objects of a customer are called.
const NAME: &str = "customer";

pub(crate) type Labels = BTreeMap<String, String>;

/// The labels of what belongs to a customer.
pub(crate) fn labels(wanted: &Wanted) -> Labels {
    let label = |name: &str, value: String| (name.to_owned(), value);
    Labels::from([
        label(MANAGED_BY, MANAGER.to_owned()),
        label(TENANT, wanted.tenant.to_string()),
        label(CUSTOMER, wanted.owner.to_string()),
    ])
}

fn in_namespace(wanted: &Wanted) -> ObjectMeta {
    ObjectMeta {
        name: Some(NAME.to_owned()),
        namespace: Some(wanted.place.namespace.clone()),
        labels: Some(labels(wanted)),
        ..ObjectMeta::default()
    }
}

/// The namespace, in which no pod may do what the baseline of the pod security
/// standards forbids.
pub(crate) fn namespace(wanted: &Wanted) -> Namespace {
    let mut labels = labels(wanted);
    labels.insert(
        "pod-security.kubernetes.io/enforce".to_owned(),
        "baseline".to_owned(),
    );
    Namespace {
        metadata: ObjectMeta {
            name: Some(wanted.place.namespace.clone()),
            labels: Some(labels),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    }
}

pub(crate) fn quantities<const N: usize>(all: [(&str, String); N]) -> BTreeMap<String, Quantity> {
    all.into_iter()
        .map(|(name, value)| (name.to_owned(), Quantity(value)))
        .collect()
}

/// What all instances of the customer may use together.
pub(crate) fn resource_quota(wanted: &Wanted) -> ResourceQuota {
    let q = &wanted.quota;
    let hard = quantities([
        ("requests.cpu", quantity::of_milli(q.cpu_request_milli)),
        ("limits.cpu", quantity::of_milli(q.cpu_limit_milli)),
        ("requests.memory", q.memory_request_bytes.to_string()),
        ("limits.memory", q.memory_limit_bytes.to_string()),
        ("requests.storage", q.storage_bytes.to_string()),
        ("persistentvolumeclaims", q.volumes.to_string()),
        ("pods", q.instances.to_string()),
        ("services.loadbalancers", "0".to_owned()),
        ("services.nodeports", "0".to_owned()),
    ]);
    ResourceQuota {
        metadata: in_namespace(wanted),
        spec: Some(ResourceQuotaSpec {
            hard: Some(hard),
            ..ResourceQuotaSpec::default()
        }),
        ..ResourceQuota::default()
    }
}

/// Whether the cluster counts by what is wanted, or by more: another look at
/// the customer's may have said so. It writes down what it counts by a moment
/// after that changed.
pub(crate) fn is_counted(wanted: &ResourceQuota, found: &ResourceQuota) -> bool {
    let wanted = wanted
        .spec
        .iter()
        .flat_map(|spec| spec.hard.iter().flatten());
    let status = found.status.as_ref();
    let counted = status.and_then(|status| status.hard.as_ref());
    let mut all = wanted.map(|(name, most)| {
        let counted = counted.and_then(|counted| counted.get(name));
        counted.is_some_and(|counted| {
            let number = |quantity: &Quantity| quantity::milli(&quantity.0);
            counted == most || number(counted).is_some_and(|n| Some(n) >= number(most))
        })
    });
    all.all(|is_counted| is_counted)
}

/// What one container may use: no more than the largest instance, and that
/// where it says nothing.
pub(crate) fn limit_range(wanted: &Wanted) -> LimitRange {
    let Quota {
        largest_cpu_milli,
        largest_memory_bytes,
        ..
    } = wanted.quota;
    let largest = quantities([
        ("cpu", quantity::of_milli(largest_cpu_milli)),
        ("memory", largest_memory_bytes.to_string()),
    ]);
    LimitRange {
        metadata: in_namespace(wanted),
        spec: Some(LimitRangeSpec {
            limits: vec![LimitRangeItem {
                type_: "Container".to_owned(),
                default: Some(largest.clone()),
                max: Some(largest),
                ..LimitRangeItem::default()
            }],
        }),
    }
}

/// Whom instances talk to: each other, the ingress controller, name servers,
/// and the public internet. Nobody else of the cluster.
pub(crate) fn network_policy(wanted: &Wanted, ingress_namespace: &str) -> NetworkPolicy {
    let neighbours = NetworkPolicyPeer {
        pod_selector: Some(LabelSelector::default()),
        ..NetworkPolicyPeer::default()
    };
    let controller = NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector {
            match_labels: Some(Labels::from([(
                "kubernetes.io/metadata.name".to_owned(),
                ingress_namespace.to_owned(),
            )])),
            ..LabelSelector::default()
        }),
        ..NetworkPolicyPeer::default()
    };
    let names = |protocol: &str| NetworkPolicyPort {
        port: Some(IntOrString::Int(53)),
        protocol: Some(protocol.to_owned()),
        ..NetworkPolicyPort::default()
    };
    let public = NetworkPolicyPeer {
        ip_block: Some(IPBlock {
            cidr: "0.0.0.0/0".to_owned(),
            except: Some(
                NOT_PUBLIC_V4
                    .iter()
                    .map(|(network, bits)| format!("{network}/{bits}"))
                    .collect(),
            ),
        }),
        ..NetworkPolicyPeer::default()
    };
    let to = |peers: Vec<NetworkPolicyPeer>| NetworkPolicyEgressRule {
        to: Some(peers),
        ..NetworkPolicyEgressRule::default()
    };
    NetworkPolicy {
        metadata: in_namespace(wanted),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(LabelSelector::default()),
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(vec![NetworkPolicyIngressRule {
                from: Some(vec![neighbours.clone(), controller]),
                ..NetworkPolicyIngressRule::default()
            }]),
            egress: Some(vec![
                to(vec![neighbours, public]),
                NetworkPolicyEgressRule {
                    ports: Some(vec![names("UDP"), names("TCP")]),
                    ..NetworkPolicyEgressRule::default()
                },
            ]),
        }),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ResourceQuotaStatus;

    use super::*;

    #[test]
    fn limits_are_counted_by_when_all_of_them_are_as_high() {
        let of = |cpu: &str, pods: &str| {
            quantities([("limits.cpu", cpu.to_owned()), ("pods", pods.to_owned())])
        };
        let wanted = ResourceQuota {
            spec: Some(ResourceQuotaSpec {
                hard: Some(of("1500m", "2")),
                ..ResourceQuotaSpec::default()
            }),
            ..ResourceQuota::default()
        };
        let counted = |hard: Option<BTreeMap<String, Quantity>>| {
            let found = ResourceQuota {
                status: hard.map(|hard| ResourceQuotaStatus {
                    hard: Some(hard),
                    used: None,
                }),
                ..ResourceQuota::default()
            };
            is_counted(&wanted, &found)
        };
        assert!(!counted(None));
        assert!(!counted(Some(BTreeMap::new())));
        assert!(!counted(Some(of("1", "2"))));
        assert!(!counted(Some(of("2", "1"))));
        assert!(counted(Some(of("1500m", "2"))));
        assert!(counted(Some(of("1.5", "2"))));
        assert!(counted(Some(of("2", "3"))));
    }
}
