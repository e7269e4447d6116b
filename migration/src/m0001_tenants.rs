//! Tenants and the hosts they are reached at.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0001_tenants",
    tables: &[
        Table::new("tenant_hosts", Access::TenantAndSystem),
        Table::new("tenants", Access::IsTenant),
    ],
    up: "
CREATE TABLE tenants (
    id uuid NOT NULL PRIMARY KEY,
    slug text NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    is_default boolean NOT NULL,
    settings jsonb NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    CONSTRAINT ck_tenants_status CHECK (status IN ('active', 'suspended'))
);
CREATE UNIQUE INDEX uq_tenants__slug ON tenants (slug);
CREATE UNIQUE INDEX uq_tenants__is_default ON tenants (is_default) WHERE is_default;

CREATE TABLE tenant_hosts (
    host text NOT NULL PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    created_at bigint NOT NULL
);
CREATE INDEX ix_tenant_hosts_tenant ON tenant_hosts (tenant_id);
",
};
