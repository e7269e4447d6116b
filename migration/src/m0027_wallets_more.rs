//! Automatic top-ups: the ways of paying that gateways keep, and what is
//! charged to them.

use crate::reshape::{Moves, Reshape};
use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Reshape = Reshape {
    script: Script {
        name: "m0027_wallets_more",
        tables: &[Table::new("auto_top_ups", Access::Tenant)],
        up: "
CREATE TABLE auto_top_ups (
    tenant_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    gateway text NOT NULL,
    method jsonb NOT NULL,
    saved_at bigint NOT NULL,
    status text NOT NULL,
    threshold bigint,
    amount bigint,
    max_per_day bigint,
    failures bigint NOT NULL,
    not_before bigint,
    failure text,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, wallet_id),
    FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
    CONSTRAINT ck_auto_top_ups_status CHECK (status IN ('off', 'active', 'stopped')),
    CONSTRAINT ck_auto_top_ups_terms CHECK ((threshold IS NULL) = (amount IS NULL) AND (amount IS NULL) = (max_per_day IS NULL)
        AND (threshold > 0 AND amount > 0 AND max_per_day > 0 OR threshold IS NULL)),
    CONSTRAINT ck_auto_top_ups_active CHECK (status <> 'active' OR threshold IS NOT NULL),
    CONSTRAINT ck_auto_top_ups_failures CHECK (failures >= 0)
);
CREATE INDEX ix_auto_top_ups_active ON auto_top_ups (tenant_id, wallet_id) WHERE status = 'active';
ALTER TABLE wallets ADD COLUMN auto_top_up_below bigint CHECK (auto_top_up_below > 0);
ALTER TABLE top_ups ADD COLUMN saves_method boolean NOT NULL DEFAULT false;
ALTER TABLE top_ups ADD COLUMN charged_to jsonb;
ALTER TABLE test_gateway_sessions ADD COLUMN kept text CHECK (kept IN ('wanted', 'good', 'declining', 'once'));
",
    },
    // At most one automatic top-up of a wallet is under way.
    then: Moves {
        postgres: ONE_AT_A_TIME,
        sqlite: ONE_AT_A_TIME,
    },
    undo: Moves {
        postgres: FORGET_IT,
        sqlite: FORGET_IT,
    },
};

const ONE_AT_A_TIME: &str = "CREATE UNIQUE INDEX uq_top_ups__wallet_id ON top_ups (tenant_id, wallet_id) \
     WHERE charged_to IS NOT NULL AND status IN ('created', 'open', 'processing')";
const FORGET_IT: &str = "DROP INDEX uq_top_ups__wallet_id";
