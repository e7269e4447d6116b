//! How much of a plan can be sold, who has it, and who waits for it.
//!
//! `ceiling` is `total`, or what was given before `total` was lowered below
//! it: it comes down with every release. Behind all statements it forbids that
//! more is given than there is. Where `total` is null there is no limit.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0029_quotas",
    tables: &[
        Table::new("quota_waiters", Access::Tenant),
        Table::new("quota_samples", Access::Tenant),
        Table::new("quota_allocations", Access::Tenant),
        Table::new("quotas", Access::Tenant),
    ],
    up: "
CREATE TABLE quotas (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    plan_id uuid NOT NULL,
    total bigint,
    used bigint NOT NULL,
    ceiling bigint,
    warning_percent bigint NOT NULL,
    critical_percent bigint NOT NULL,
    last_place bigint NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES service_plans (tenant_id, id),
    CONSTRAINT ck_quotas_used CHECK (used >= 0),
    CONSTRAINT ck_quotas_total CHECK (total >= 0),
    CONSTRAINT ck_quotas_ceiling CHECK ((total IS NULL) = (ceiling IS NULL) AND used <= ceiling AND total <= ceiling),
    CONSTRAINT ck_quotas_thresholds CHECK (warning_percent BETWEEN 1 AND critical_percent AND critical_percent <= 100)
);
CREATE UNIQUE INDEX uq_quotas__plan_id ON quotas (tenant_id, plan_id);

CREATE TABLE quota_allocations (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    quota_id uuid NOT NULL,
    reference text NOT NULL,
    units bigint NOT NULL,
    created_at bigint NOT NULL,
    released_at bigint,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, quota_id) REFERENCES quotas (tenant_id, id),
    CONSTRAINT ck_quota_allocations_units CHECK (units > 0)
);
CREATE UNIQUE INDEX uq_quota_allocations__quota_id__reference ON quota_allocations (tenant_id, quota_id, reference) WHERE released_at IS NULL;
CREATE INDEX ix_quota_allocations_live ON quota_allocations (tenant_id, id) WHERE released_at IS NULL;

CREATE TABLE quota_samples (
    tenant_id uuid NOT NULL,
    quota_id uuid NOT NULL,
    hour bigint NOT NULL,
    used bigint NOT NULL,
    total bigint,
    PRIMARY KEY (tenant_id, quota_id, hour),
    FOREIGN KEY (tenant_id, quota_id) REFERENCES quotas (tenant_id, id)
);
CREATE INDEX ix_quota_samples_hour ON quota_samples (tenant_id, hour);

CREATE TABLE quota_waiters (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    quota_id uuid NOT NULL,
    user_id uuid NOT NULL,
    place bigint NOT NULL,
    status text NOT NULL,
    told_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, quota_id) REFERENCES quotas (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CONSTRAINT ck_quota_waiters_status CHECK (status IN ('waiting', 'told', 'left', 'served')),
    CONSTRAINT ck_quota_waiters_told CHECK (status <> 'told' OR told_at IS NOT NULL)
);
CREATE UNIQUE INDEX uq_quota_waiters__quota_id__place ON quota_waiters (tenant_id, quota_id, place);
CREATE UNIQUE INDEX uq_quota_waiters__quota_id__user_id ON quota_waiters (tenant_id, quota_id, user_id) WHERE status = 'waiting';
CREATE INDEX ix_quota_waiters_user ON quota_waiters (tenant_id, user_id);
",
};
