//! Kubernetes clusters, and what runs there for customers.
//!
//! How Sutler gets into a cluster and what the secrets of an instance are is
//! sealed. What is promised of a cluster's capacity stands with the cluster,
//! so that one conditional statement can promise more of it. Each cluster has
//! one of a hundred slots, so that there are never more. An instance that
//! somebody looks at is theirs until `looked_until`, whatever is wished of it in
//! the meantime.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0031_clusters",
    tables: &[
        Table::new("service_instances", Access::Tenant),
        Table::new("clusters", Access::Tenant),
    ],
    up: "
CREATE TABLE clusters (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    name text NOT NULL,
    slot bigint NOT NULL,
    access_kind text NOT NULL,
    server text,
    access bytea NOT NULL,
    accepts_instances boolean NOT NULL,
    reachable boolean,
    trouble text,
    checked_at bigint,
    seen_at bigint,
    kubernetes_version text,
    nodes bigint,
    cpu_milli bigint,
    memory_bytes bigint,
    instances bigint NOT NULL,
    reserved_cpu_milli bigint NOT NULL,
    reserved_memory_bytes bigint NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_clusters_slot CHECK (slot BETWEEN 1 AND 100),
    CONSTRAINT ck_clusters_access_kind CHECK (access_kind IN ('kubeconfig', 'in_cluster')),
    CONSTRAINT ck_clusters_server CHECK ((access_kind = 'kubeconfig') = (server IS NOT NULL)),
    CONSTRAINT ck_clusters_reserved CHECK (instances >= 0 AND reserved_cpu_milli >= 0 AND reserved_memory_bytes >= 0)
);
CREATE UNIQUE INDEX uq_clusters__name ON clusters (tenant_id, name);
CREATE UNIQUE INDEX uq_clusters__slot ON clusters (tenant_id, slot);

CREATE TABLE service_instances (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    subscription text NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    provisioner text NOT NULL,
    cluster_id uuid,
    template jsonb NOT NULL,
    reserved_cpu_milli bigint NOT NULL,
    reserved_memory_bytes bigint NOT NULL,
    status text NOT NULL,
    stopped boolean NOT NULL,
    suspended boolean NOT NULL,
    restarts bigint NOT NULL,
    reason text,
    trouble text,
    failures bigint NOT NULL,
    has_credentials boolean NOT NULL,
    credentials bytea,
    credentials_shown_at bigint,
    ran_at bigint,
    wished_at bigint NOT NULL,
    status_at bigint NOT NULL,
    next_at bigint,
    looked_until bigint,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, cluster_id) REFERENCES clusters (tenant_id, id),
    CONSTRAINT ck_service_instances_provisioner CHECK (provisioner IN ('simulated', 'kubernetes')),
    CONSTRAINT ck_service_instances_status CHECK (status IN ('requested', 'provisioning', 'running', 'stopped', 'failed', 'suspended', 'terminating', 'terminated')),
    CONSTRAINT ck_service_instances_counts CHECK (restarts >= 0 AND failures >= 0),
    CONSTRAINT ck_service_instances_shown CHECK (credentials_shown_at IS NULL OR (has_credentials AND credentials IS NULL)),
    CONSTRAINT ck_service_instances_gone CHECK (status <> 'terminated' OR (cluster_id IS NULL AND next_at IS NULL AND looked_until IS NULL AND credentials IS NULL))
);
CREATE UNIQUE INDEX uq_service_instances__subscription ON service_instances (tenant_id, subscription);
CREATE INDEX ix_service_instances_user ON service_instances (tenant_id, user_id, id);
CREATE INDEX ix_service_instances_cluster ON service_instances (tenant_id, cluster_id, user_id) WHERE cluster_id IS NOT NULL;
CREATE INDEX ix_service_instances_due ON service_instances (tenant_id, next_at) WHERE next_at IS NOT NULL;
",
};
