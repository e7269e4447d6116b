//! Carts that were left behind, and what a shop is told of its business.
//!
//! `insight_facts` is what was counted, once each; the other `insight_` tables
//! are its sums, and those of visitors and stock, by day.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0015_engagement",
    tables: &[
        Table::new("insight_stock", Access::Tenant),
        Table::new("insight_visits", Access::Tenant),
        Table::new("insight_products", Access::Tenant),
        Table::new("insight_days", Access::Tenant),
        Table::new("insight_facts", Access::Tenant),
        Table::new("insight_locks", Access::Tenant),
        Table::new("visitors", Access::Tenant),
        Table::new("visitor_salts", Access::Tenant),
        Table::new("mail_optouts", Access::Tenant),
        Table::new("reminded_addresses", Access::Tenant),
        Table::new("cart_reminders", Access::Tenant),
    ],
    up: "
ALTER TABLE carts ADD COLUMN abandoned_at bigint;

CREATE TABLE cart_reminders (
    tenant_id uuid NOT NULL,
    cart_id uuid NOT NULL,
    job_id uuid NOT NULL,
    claimed_at bigint NOT NULL,
    sent_at bigint,
    PRIMARY KEY (tenant_id, cart_id),
    FOREIGN KEY (tenant_id, cart_id) REFERENCES carts (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE reminded_addresses (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    address_hash bytea NOT NULL,
    cart_id uuid NOT NULL,
    reminded_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, address_hash)
);

CREATE TABLE mail_optouts (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    address_hash bytea NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, address_hash)
);

CREATE TABLE visitor_salts (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    day text NOT NULL,
    salt bytea NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

CREATE TABLE visitors (
    tenant_id uuid NOT NULL,
    day text NOT NULL,
    hash bytea NOT NULL,
    stages bigint NOT NULL,
    PRIMARY KEY (tenant_id, day, hash),
    CONSTRAINT ck_visitors_stages CHECK (stages BETWEEN 1 AND 255)
);

CREATE TABLE insight_locks (
    tenant_id uuid NOT NULL PRIMARY KEY REFERENCES tenants (id),
    counted_at bigint NOT NULL
);

CREATE TABLE insight_facts (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    kind text NOT NULL,
    object_id uuid NOT NULL,
    day text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    quantity bigint NOT NULL,
    product_id uuid,
    name text,
    PRIMARY KEY (tenant_id, kind, object_id),
    CONSTRAINT ck_insight_facts_kind CHECK (kind IN ('order', 'line', 'refund', 'reminder', 'recovered')),
    CONSTRAINT ck_insight_facts_product CHECK ((kind = 'line') = (product_id IS NOT NULL AND name IS NOT NULL))
);
CREATE INDEX ix_insight_facts_day ON insight_facts (tenant_id, day);

CREATE TABLE insight_days (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    day text NOT NULL,
    currency text NOT NULL,
    orders bigint NOT NULL,
    revenue bigint NOT NULL,
    refunds bigint NOT NULL,
    refunded bigint NOT NULL,
    reminders bigint NOT NULL,
    recovered bigint NOT NULL,
    recovered_revenue bigint NOT NULL,
    PRIMARY KEY (tenant_id, day, currency)
);

CREATE TABLE insight_products (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    day text NOT NULL,
    product_id uuid NOT NULL,
    currency text NOT NULL,
    name text NOT NULL,
    quantity bigint NOT NULL,
    revenue bigint NOT NULL,
    PRIMARY KEY (tenant_id, day, product_id, currency)
);

CREATE TABLE insight_visits (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    day text NOT NULL,
    visitors bigint NOT NULL,
    viewers bigint NOT NULL,
    carts bigint NOT NULL,
    checkouts bigint NOT NULL,
    PRIMARY KEY (tenant_id, day)
);

CREATE TABLE insight_stock (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    day text NOT NULL,
    currency text NOT NULL,
    pieces bigint NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (tenant_id, day, currency)
);
",
};
