//! A stand-in for the API server of a Kubernetes cluster.
//!
//! It keeps what is applied to it, as far as the kinds go that Sutler uses,
//! and records every call by the verb that the real one would authorise. Its
//! controllers act when a test says so: [`KubeApi::settle`].

mod books;
mod http;

use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::web::Data;
use serde_json::{Value, json};

use crate::stand_in::Serving;
use books::Books;
pub use books::Call;

/// The token that it takes.
pub const TOKEN: &str = "a-token-of-a-service-account";

/// The settings with which Sutler talks to it.
pub const SETTINGS: &[(&str, &str)] = &[
    ("CLUSTERS_PROVISIONER", "kubernetes"),
    ("CLUSTERS_ALLOW_PRIVATE_ADDRESSES", "true"),
    ("CLUSTERS_TIMEOUT", "2s"),
    // Tests of clusters let more time pass than others.
    ("AUTH_ACCESS_TTL", "1h"),
];

/// The API server.
pub struct KubeApi {
    books: Data<Mutex<Books>>,
    server: Serving,
}

impl KubeApi {
    /// A cluster with two nodes of 4 CPUs and 8 GiB, one of which takes pods.
    pub fn start() -> Self {
        let books = Data::new(Mutex::new(Books::default()));
        let server = Serving::start(books.clone(), http::answer);
        let started = Self { books, server };
        started.add_node("node-1", false);
        started.add_node("node-2", true);
        started
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A kubeconfig for it.
    pub fn kubeconfig(&self) -> String {
        kubeconfig(&self.server.url())
    }

    /// Adds a node.
    pub fn add_node(&self, name: &str, unschedulable: bool) {
        self.put(
            &format!("nodes/{name}"),
            json!({
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {"zone": name}},
                "spec": {"unschedulable": unschedulable},
                "status": {
                    "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"},
                    "conditions": [{"type": "Ready", "status": "True"}],
                    "nodeInfo": {
                        "kubeletVersion": "v1.20.2", "architecture": "", "bootID": "",
                        "containerRuntimeVersion": "", "kernelVersion": "", "kubeProxyVersion": "",
                        "machineID": "", "operatingSystem": "", "osImage": "", "systemUUID": "",
                    },
                },
            }),
        );
    }

    /// Puts something there, as others do: `pods/default/one`.
    pub fn put(&self, path: &str, object: Value) {
        self.books().objects.insert(path.to_owned(), object);
    }

    /// What is there, by its path: `deployments/namespace/name`.
    pub fn object(&self, path: &str) -> Option<Value> {
        self.books().objects.get(path).cloned()
    }

    /// The paths of all that is there and begins so.
    pub fn paths(&self, begin: &str) -> Vec<String> {
        let books = self.books();
        let all = books.objects.keys();
        all.filter(|path| path.starts_with(begin))
            .cloned()
            .collect()
    }

    /// What was asked of it, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.books().calls.clone()
    }

    /// Lets its controllers act: pods start, what is to go goes with all that
    /// it owns.
    pub fn settle(&self) {
        self.books().settle();
    }

    /// Lets pods of that image wait for a reason instead of starting.
    pub fn break_image(&self, image: &str, reason: &str) {
        let mut books = self.books();
        books.broken.insert(image.to_owned(), reason.to_owned());
    }

    /// Lets it answer nothing at all, or again.
    pub fn hang(&self, hangs: bool) {
        self.books().hangs = hangs;
    }

    /// Lets it not count what is in namespaces, or again: without that it
    /// refuses storage.
    pub fn count_nothing(&self, nothing: bool) {
        self.books().counts_nothing = nothing;
    }

    /// Lets it refuse to apply a kind with a status, or no longer; or to answer
    /// for a part, such as `log` or `metrics.k8s.io`.
    pub fn refuse(&self, resource: &str, status: Option<u16>) {
        let mut books = self.books();
        match status {
            Some(status) => books.refused.insert(resource.to_owned(), status),
            None => books.refused.remove(resource),
        };
    }

    /// Lets it have a metrics server.
    pub fn with_metrics(&self) {
        self.books().has_metrics = true;
    }
}

/// A kubeconfig for an API server.
pub fn kubeconfig(server: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: test\n\
         contexts:\n- name: test\n  context: {{cluster: here, user: sutler}}\n\
         clusters:\n- name: here\n  cluster: {{server: '{server}'}}\n\
         users:\n- name: sutler\n  user: {{token: {TOKEN}}}\n"
    )
}
