//! What the stand-in keeps, and what its controllers do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// A call, as the real API server would authorise it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// The API group; empty for the core.
    pub group: String,
    /// The plural, with the part of the thing if one is meant: `pods/log`.
    pub resource: String,
    /// The verb.
    pub verb: &'static str,
}

/// What the stand-in keeps.
#[derive(Default)]
pub(super) struct Books {
    /// By `resource/namespace/name`, or `resource/name` for what is in none.
    pub(super) objects: BTreeMap<String, Value>,
    pub(super) calls: Vec<Call>,
    pub(super) broken: BTreeMap<String, String>,
    pub(super) refused: BTreeMap<String, u16>,
    pub(super) hangs: bool,
    pub(super) counts_nothing: bool,
    pub(super) has_metrics: bool,
    made: u64,
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

impl Books {
    /// Keeps what is applied; what the server itself says stays.
    pub(super) fn apply(&mut self, path: &str, mut object: Value) -> Value {
        self.made += 1;
        let before = self.objects.get(path).cloned();
        let old = before.unwrap_or_else(|| {
            json!({
                "metadata": {
                    "uid": format!("uid-{}", self.made),
                    "creationTimestamp": "2026-03-01T12:00:00Z",
                    "generation": 0,
                },
            })
        });
        let mut generation = old["metadata"]["generation"].as_i64().unwrap_or(0);
        generation += i64::from(old["spec"] != object["spec"] || generation == 0);
        for name in ["uid", "creationTimestamp", "deletionTimestamp"] {
            if !old["metadata"][name].is_null() {
                object["metadata"][name] = old["metadata"][name].clone();
            }
        }
        object["metadata"]["generation"] = generation.into();
        if !old["status"].is_null() {
            object["status"] = old["status"].clone();
        }
        self.objects.insert(path.to_owned(), object.clone());
        object
    }

    /// Lets the cluster count by the limits that are there: a moment after
    /// they changed.
    pub(super) fn count(&mut self, path: &str) {
        if self.counts_nothing {
            return;
        }
        if let Some(quota) = self.objects.get_mut(path) {
            quota["status"] = json!({"hard": quota["spec"]["hard"]});
        }
    }

    /// Why a claim is refused by the limits of its namespace.
    pub(super) fn over_quota(&self, namespace: &str) -> Option<String> {
        let begin = format!("resourcequotas/{namespace}/");
        let quotas = self.objects.iter();
        let mut quotas = quotas.filter(|(path, _)| path.starts_with(&begin));
        quotas.find_map(|(path, quota)| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let most = &quota["status"]["hard"]["persistentvolumeclaims"];
            let Some(most) = most.as_str() else {
                return Some(format!(
                    "status unknown for quota: {name}, resources: persistentvolumeclaims"
                ));
            };
            let begin = format!("persistentvolumeclaims/{namespace}/");
            let keys = self.objects.keys();
            let used = keys.filter(|path| path.starts_with(&begin)).count();
            let is_full = most.parse().is_ok_and(|most: usize| used >= most);
            is_full.then(|| format!("exceeded quota: {name}"))
        })
    }

    /// Marks what is to go.
    pub(super) fn mark(&mut self, path: &str) -> Option<Value> {
        let object = self.objects.get_mut(path)?;
        object["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z".into();
        Some(object.clone())
    }

    /// Lets the controllers act.
    pub(super) fn settle(&mut self) {
        self.collect_garbage();
        let deployments: Vec<(String, Value)> = self
            .objects
            .iter()
            .filter(|(path, _)| path.starts_with("deployments/"))
            .map(|(path, object)| (path.clone(), object.clone()))
            .collect();
        for (path, deployment) in deployments {
            self.roll_out(&path, &deployment);
        }
    }

    fn collect_garbage(&mut self) {
        loop {
            let gone: BTreeSet<String> = self
                .objects
                .iter()
                .filter(|(path, object)| self.is_garbage(path, object))
                .map(|(path, _)| path.clone())
                .collect();
            if gone.is_empty() {
                return;
            }
            self.objects.retain(|path, _| !gone.contains(path));
        }
    }

    fn is_garbage(&self, path: &str, object: &Value) -> bool {
        if !object["metadata"]["deletionTimestamp"].is_null() {
            return true;
        }
        let namespace = text(object, "/metadata/namespace");
        if path.split('/').count() == 3
            && !self
                .objects
                .contains_key(&format!("namespaces/{namespace}"))
        {
            // Only what was put there without one.
            return object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "sutler";
        }
        let owners = object["metadata"]["ownerReferences"].as_array();
        let mut owners = owners.into_iter().flatten().peekable();
        owners.peek().is_some()
            && owners.all(|owner| {
                let uid = &owner["uid"];
                !self
                    .objects
                    .values()
                    .any(|one| one["metadata"]["uid"] == *uid)
            })
    }

    /// Starts or stops the pods of a deployment.
    fn roll_out(&mut self, path: &str, deployment: &Value) {
        let pod = path.replacen("deployments/", "pods/", 1);
        let replicas = deployment["spec"]["replicas"].as_i64().unwrap_or(1);
        let template = &deployment["spec"]["template"];
        let image = text(template, "/spec/containers/0/image");
        let waits = self.broken.get(image).cloned();
        let running = if waits.is_some() { 0 } else { replicas };
        let status = json!({
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": running,
            "availableReplicas": running,
        });
        if replicas == 0 {
            self.objects.remove(&pod);
        } else {
            let state = match waits {
                Some(reason) => json!({"waiting": {"reason": reason}}),
                None => json!({"running": {}}),
            };
            let object = json!({
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": deployment["metadata"]["name"],
                    "namespace": deployment["metadata"]["namespace"],
                    "labels": template["metadata"]["labels"],
                    "creationTimestamp": "2026-03-01T12:00:00Z",
                    "ownerReferences": [{"uid": deployment["metadata"]["uid"], "name": "", "kind": "", "apiVersion": ""}],
                },
                "spec": {"nodeName": "node-1", "containers": template["spec"]["containers"]},
                "status": {
                    "phase": if running > 0 { "Running" } else { "Pending" },
                    "containerStatuses": [{
                        "name": "service", "ready": running > 0, "restartCount": 2,
                        "image": image, "imageID": "", "state": state,
                    }],
                },
            });
            self.objects.insert(pod, object);
        }
        if let Some(kept) = self.objects.get_mut(path) {
            kept["status"] = status;
        }
    }
}
