//! A real API server, as an administrator sees it, with one node whose kubelet
//! is played here.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// The node that all pods are on.
pub const NODE: &str = "node-1";
/// The image whose pods cannot be made.
pub const BROKEN: &str = "docker.io/n8nio/n8n:missing";

/// A cluster, by its administrator's way in.
#[derive(Clone)]
pub struct Admin {
    http: reqwest::Client,
    url: String,
}

/// A cluster with a node.
pub struct Cluster {
    pub admin: Admin,
    kubelet: JoinHandle<()>,
}

fn variable(name: &str) -> String {
    let hint = "these tests need a Kubernetes API server: make kubernetes";
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is missing; {hint}"))
}

impl Cluster {
    /// The cluster of `scripts/with-kubernetes`.
    pub async fn start() -> Self {
        let admin = Admin {
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client"),
            url: variable("TEST_KUBERNETES_ADMIN"),
        };
        admin.make_node().await;
        let there = admin.clone();
        let kubelet = tokio::spawn(async move {
            loop {
                there.run_pods().await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        Self { admin, kubelet }
    }

    /// What the service account of the manifest gets in with.
    pub fn kubeconfig() -> String {
        std::fs::read_to_string(variable("TEST_KUBECONFIG")).expect("a kubeconfig")
    }

    /// All that was asked of the API server until now.
    pub fn audit() -> Vec<Value> {
        let text = std::fs::read_to_string(variable("TEST_KUBERNETES_AUDIT"));
        let text = text.expect("an audit log");
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines.collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kubelet.abort();
    }
}

impl Admin {
    /// The status and the answer to a call.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.url));
        if let Some(body) = body {
            let kind = match method {
                Method::PATCH => "application/merge-patch+json",
                _ => "application/json",
            };
            request = request.header("content-type", kind).body(body.to_string());
        }
        let answer = request.send().await.expect("an answer of the API server");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// What is at a path; none when nothing is.
    pub async fn get(&self, path: &str) -> Option<Value> {
        let (status, found) = self.call(Method::GET, path, None).await;
        (status == 200).then_some(found)
    }

    /// What is in a list.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let found = self.get(path).await.unwrap_or_default();
        found["items"].as_array().cloned().unwrap_or_default()
    }

    /// Makes something, or leaves what is there.
    pub async fn make(&self, path: &str, object: &Value) {
        let (status, answer) = self.call(Method::POST, path, Some(object)).await;
        assert!(
            matches!(status, 200 | 201 | 409),
            "{path}: {status} {answer}"
        );
    }

    /// Changes something.
    pub async fn patch(&self, path: &str, change: &Value) {
        let (status, answer) = self.call(Method::PATCH, path, Some(change)).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }

    async fn make_node(&self) {
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": {"zone": "a"}}});
        self.make("/api/v1/nodes", &node).await;
        let port: i64 = variable("TEST_KUBELET_PORT").parse().expect("a port");
        let status = json!({"status": {
            "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": ""}],
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }});
        self.patch(&format!("/api/v1/nodes/{NODE}/status"), &status)
            .await;
    }

    /// What a kubelet does, and who gives it pods.
    async fn run_pods(&self) {
        for pod in self.list("/api/v1/pods").await {
            let (Some(namespace), Some(name)) = (
                pod["metadata"]["namespace"].as_str(),
                pod["metadata"]["name"].as_str(),
            ) else {
                continue;
            };
            let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
            if !pod["metadata"]["deletionTimestamp"].is_null() {
                let now = json!({"gracePeriodSeconds": 0});
                self.call(Method::DELETE, &path, Some(&now)).await;
            } else if pod["spec"]["nodeName"].is_null() {
                let binding = json!({
                    "apiVersion": "v1", "kind": "Binding", "metadata": {"name": name},
                    "target": {"apiVersion": "v1", "kind": "Node", "name": NODE},
                });
                let binding = (format!("{path}/binding"), binding);
                self.call(Method::POST, &binding.0, Some(&binding.1)).await;
            } else if pod["status"]["containerStatuses"].is_null() {
                let status = status_of(&pod);
                let path = format!("{path}/status");
                self.call(Method::PATCH, &path, Some(&status)).await;
            }
        }
    }
}

/// A pod that runs, or whose image cannot be had.
fn status_of(pod: &Value) -> Value {
    let container = &pod["spec"]["containers"][0];
    let runs = container["image"] != BROKEN;
    let truth = if runs { "True" } else { "False" };
    let state = if runs {
        json!({"running": {"startedAt": "2026-03-01T12:00:00Z"}})
    } else {
        json!({"waiting": {"reason": "ImagePullBackOff"}})
    };
    json!({"status": {
        "phase": if runs { "Running" } else { "Pending" },
        "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {"type": "ContainersReady", "status": truth},
            {"type": "Ready", "status": truth, "lastTransitionTime": "2026-03-01T12:00:00Z"},
        ],
        "containerStatuses": [{
            "name": container["name"], "image": container["image"], "imageID": "", "restartCount": 2,
            "ready": runs, "started": runs, "state": state,
        }],
    }})
}
