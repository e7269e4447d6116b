//! The domain of __domain__.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "__migration__",
    tables: &[Table::new("__entities__", Access::Tenant)],
    up: "
CREATE TABLE __entities__ (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck___entities___status CHECK (status IN ('active', 'archived'))
);
CREATE UNIQUE INDEX uq___entities____name ON __entities__ (tenant_id, name);
",
};
