//! What the embedded test gateway remembers, as a real one would.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0006_test_gateway",
    tables: &[
        Table::new("test_gateway_refunds", Access::Tenant),
        Table::new("test_gateway_sessions", Access::Tenant),
    ],
    up: "
CREATE TABLE test_gateway_sessions (
    tenant_id uuid NOT NULL,
    id text NOT NULL,
    idempotency_key text NOT NULL,
    payment_id text NOT NULL,
    description text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    success_url text NOT NULL,
    cancel_url text NOT NULL,
    expires_at bigint NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_test_gateway_sessions_status CHECK (status IN ('open', 'paid', 'declined', 'expired'))
);
CREATE UNIQUE INDEX uq_test_gateway_sessions__idempotency_key ON test_gateway_sessions (tenant_id, idempotency_key);

CREATE TABLE test_gateway_refunds (
    tenant_id uuid NOT NULL,
    id text NOT NULL,
    idempotency_key text NOT NULL,
    session_id text NOT NULL,
    amount bigint NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, session_id) REFERENCES test_gateway_sessions (tenant_id, id)
);
CREATE UNIQUE INDEX uq_test_gateway_refunds__idempotency_key ON test_gateway_refunds (tenant_id, idempotency_key);
",
};
