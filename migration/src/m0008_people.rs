//! The audit log: what administrators did, chained by hashes. Second factors,
//! where people signed in before, and who was forgotten.
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
        Table::new("recovery_codes", Access::Tenant),
        Table::new("two_factors", Access::Tenant),
        Table::new("sign_in_places", Access::Tenant),
        Table::new("erasures", Access::Tenant),
        Table::new("kept_invoices", Access::Tenant),
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

CREATE TABLE two_factors (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    secret bytea NOT NULL,
    confirmed_at bigint,
    last_step bigint NOT NULL,
    failures bigint NOT NULL,
    blocked_until bigint,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE recovery_codes (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    hash bytea NOT NULL,
    used_at bigint,
    PRIMARY KEY (tenant_id, user_id, hash),
    FOREIGN KEY (tenant_id, user_id) REFERENCES two_factors (tenant_id, user_id)
);

CREATE TABLE sign_in_places (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    fingerprint bytea NOT NULL,
    first_seen_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, user_id, kind, fingerprint),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CONSTRAINT ck_sign_in_places_kind CHECK (kind IN ('device', 'network'))
);
CREATE INDEX ix_sign_in_places_seen ON sign_in_places (tenant_id, last_seen_at);

CREATE TABLE erasures (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    requested_by text NOT NULL,
    erased_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);

CREATE TABLE kept_invoices (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    until bigint NOT NULL,
    PRIMARY KEY (tenant_id, order_id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
CREATE INDEX ix_kept_invoices_until ON kept_invoices (tenant_id, until);
",
};
