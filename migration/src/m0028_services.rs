//! Hosted services, what they are sorted by, and their plans.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0028_services",
    tables: &[
        Table::new("service_plans", Access::Tenant),
        Table::new("services", Access::Tenant),
        Table::new("service_categories", Access::Tenant),
    ],
    up: "
CREATE TABLE service_categories (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    position bigint NOT NULL,
    status text NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_service_categories_status CHECK (status IN ('active', 'archived'))
);
CREATE UNIQUE INDEX uq_service_categories__slug ON service_categories (tenant_id, slug);

CREATE TABLE services (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    category_id uuid,
    slug text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    status text NOT NULL,
    template jsonb NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, category_id) REFERENCES service_categories (tenant_id, id),
    CONSTRAINT ck_services_status CHECK (status IN ('draft', 'active', 'archived'))
);
CREATE UNIQUE INDEX uq_services__slug ON services (tenant_id, slug);
CREATE INDEX ix_services_category ON services (tenant_id, category_id) WHERE category_id IS NOT NULL;

CREATE TABLE service_plans (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    service_id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    tier text NOT NULL,
    price bigint NOT NULL,
    currency text NOT NULL,
    interval_unit text NOT NULL,
    interval_count bigint NOT NULL,
    trial_days bigint NOT NULL,
    features jsonb NOT NULL,
    limits jsonb NOT NULL,
    resources jsonb,
    status text NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id),
    CONSTRAINT ck_service_plans_tier CHECK (tier IN ('FREE', 'BASIC', 'PRO', 'PREMIUM', 'ENTERPRISE')),
    CONSTRAINT ck_service_plans_price CHECK (price >= 0 AND (tier = 'FREE') = (price = 0)),
    CONSTRAINT ck_service_plans_interval CHECK (interval_unit IN ('day', 'week', 'month', 'year') AND interval_count > 0),
    CONSTRAINT ck_service_plans_trial CHECK (trial_days >= 0),
    CONSTRAINT ck_service_plans_status CHECK (status IN ('active', 'archived'))
);
CREATE UNIQUE INDEX uq_service_plans__service_id__slug ON service_plans (tenant_id, service_id, slug);
",
};
