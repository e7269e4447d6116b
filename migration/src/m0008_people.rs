//! The audit log: what administrators did, chained by hashes.
//!
//! `audit_heads` is the end of each tenant's chain. Whoever appends holds its
//! row until they commit, so the chain has no forks; the key of the log says
//! so once more.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0008_people",
    tables: &[
        Table::new("audit_log", Access::Tenant).append_only(),
        Table::new("audit_heads", Access::Tenant),
    ],
    up: "
CREATE TABLE audit_log (
    tenant_id uuid NOT NULL,
    sequence bigint NOT NULL,
    at bigint NOT NULL,
    actor text NOT NULL,
    acting_user text,
    action text NOT NULL,
    object text NOT NULL,
    request_id text NOT NULL,
    network text,
    before text,
    after text,
    hash bytea NOT NULL,
    PRIMARY KEY (tenant_id, sequence),
    CONSTRAINT ck_audit_log_sequence CHECK (sequence > 0)
);
CREATE INDEX ix_audit_log_actor ON audit_log (tenant_id, actor, sequence);
CREATE INDEX ix_audit_log_user ON audit_log (tenant_id, acting_user, sequence);
CREATE INDEX ix_audit_log_action ON audit_log (tenant_id, action, sequence);
CREATE INDEX ix_audit_log_object ON audit_log (tenant_id, object, sequence);
CREATE INDEX ix_audit_log_at ON audit_log (tenant_id, at);

CREATE TABLE audit_heads (
    tenant_id uuid NOT NULL PRIMARY KEY,
    sequence bigint NOT NULL,
    hash bytea NOT NULL,
    seal bytea NOT NULL
);
",
};
