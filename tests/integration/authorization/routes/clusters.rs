//! Clusters, what is in them, and instances.

use super::Access::{Account, Needs};
use super::{Route, delete, get, patch, post};

const READ: super::Access = Needs("clusters:read");
const WRITE: super::Access = Needs("clusters:write");

#[rustfmt::skip]
pub(super) const ROUTES: &[Route] = &[
    get("/api/admin/clusters", READ),
    post("/api/admin/clusters", WRITE, r#"{"name": "{any}", "access": "kubeconfig", "kubeconfig": "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: https://k8s.example.com}}]\nusers: [{name: u, user: {token: abc}}]"}"#),
    get("/api/admin/clusters/{cluster_id}", READ),
    patch("/api/admin/clusters/{cluster_id}", WRITE, r#"{"name": "{any}"}"#),
    post("/api/admin/clusters/{cluster_id}/check", WRITE, ""),
    delete("/api/admin/clusters/{cluster_id}", WRITE),
    get("/api/admin/instances", READ),
    get("/api/admin/instances/{instance_id}", READ),
    get("/api/admin/k8s/pods", READ),
    get("/api/admin/k8s/deployments", READ),
    get("/api/admin/k8s/nodes", READ),
    get("/api/admin/k8s/namespaces", READ),
    get("/api/admin/k8s/ingresses", READ),
    get("/api/admin/k8s/services", READ),
    get("/api/instances", Account),
    get("/api/instances/{instance_id}", Account),
    post("/api/instances/{instance_id}/start", Account, ""),
    post("/api/instances/{instance_id}/stop", Account, ""),
    post("/api/instances/{instance_id}/restart", Account, ""),
    get("/api/instances/{instance_id}/logs", Account),
    post("/api/instances/{instance_id}/credentials", Account, ""),
];
