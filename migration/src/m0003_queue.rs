//! Background work: jobs, events, schedules, received webhooks, and the
//! answers kept for repeated requests.
//!
//! None of these reference `tenants`: every write of every request would
//! queue for a share lock on the one row of its tenant.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0003_queue",
    tables: &[
        Table::new("jobs", Access::TenantAndSystem),
        Table::new("events", Access::TenantAndSystem),
        Table::new("schedules", Access::Everybody),
        Table::new("webhook_events", Access::TenantAndSystem),
        Table::new("request_keys", Access::TenantAndSystem),
    ],
    up: "
CREATE TABLE jobs (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    single text,
    state text NOT NULL,
    available_at bigint NOT NULL,
    attempts bigint NOT NULL,
    max_attempts bigint NOT NULL,
    lease bigint NOT NULL,
    last_error text,
    request_id text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_jobs_state CHECK (state IN ('queued', 'running', 'dead'))
);
CREATE INDEX ix_jobs_available ON jobs (available_at) WHERE state <> 'dead';
CREATE INDEX ix_jobs_state ON jobs (tenant_id, state, id);
CREATE UNIQUE INDEX uq_jobs__single ON jobs (tenant_id, kind, single) WHERE single IS NOT NULL AND state <> 'dead';

CREATE TABLE events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    request_id text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (id, tenant_id)
);

CREATE TABLE schedules (
    name text NOT NULL PRIMARY KEY,
    every_micros bigint NOT NULL,
    next_at bigint NOT NULL,
    last_at bigint
);

CREATE TABLE webhook_events (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    kind text NOT NULL,
    payload text NOT NULL,
    state text NOT NULL,
    note text,
    received_at bigint NOT NULL,
    processed_at bigint,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_webhook_events_state CHECK (state IN ('received', 'processed', 'ignored', 'failed'))
);
CREATE UNIQUE INDEX uq_webhook_events__source__external_id ON webhook_events (tenant_id, source, external_id);
CREATE INDEX ix_webhook_events_open ON webhook_events (received_at) WHERE state = 'received';

CREATE TABLE request_keys (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    principal text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    response bytea NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX uq_request_keys__principal__route__key ON request_keys (tenant_id, principal, route, key);
CREATE INDEX ix_request_keys_age ON request_keys (created_at);
",
};
