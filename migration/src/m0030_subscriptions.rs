//! Subscriptions of hosted services, and what was charged for them.
//!
//! Of one customer and one service at most one subscription has not ended, and
//! each period of a subscription is paid once: two indexes say so.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0030_subscriptions",
    tables: &[
        Table::new("subscription_charges", Access::Tenant),
        Table::new("subscription_trials", Access::Tenant),
        Table::new("subscription_coupon_uses", Access::Tenant),
        Table::new("subscriptions", Access::Tenant),
        Table::new("subscription_coupons", Access::Tenant),
    ],
    up: "
CREATE TABLE subscription_coupons (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    code text NOT NULL,
    basis_points bigint NOT NULL,
    periods bigint,
    total_limit bigint,
    used bigint NOT NULL,
    expires_at bigint,
    archived boolean NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_subscription_coupons_share CHECK (basis_points BETWEEN 1 AND 10000 AND periods > 0),
    CONSTRAINT ck_subscription_coupons_used CHECK (used >= 0 AND used <= total_limit)
);
CREATE UNIQUE INDEX uq_subscription_coupons__code ON subscription_coupons (tenant_id, code);

CREATE TABLE subscriptions (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    service_id uuid NOT NULL,
    plan_id uuid NOT NULL,
    next_plan_id uuid,
    status text NOT NULL,
    auto_renew boolean NOT NULL,
    canceled_at bigint,
    price bigint NOT NULL,
    currency text NOT NULL,
    period_price bigint NOT NULL,
    discount jsonb,
    coupon_id uuid,
    time_zone text NOT NULL,
    interval_unit text NOT NULL,
    interval_count bigint NOT NULL,
    anchor_at bigint NOT NULL,
    anchor_period bigint NOT NULL,
    period bigint NOT NULL,
    period_start bigint NOT NULL,
    period_end bigint NOT NULL,
    due_at bigint NOT NULL,
    past_due_since bigint,
    reminders bigint NOT NULL,
    suspended_at bigint,
    ended_at bigint,
    end_reason text,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES service_plans (tenant_id, id),
    FOREIGN KEY (tenant_id, next_plan_id) REFERENCES service_plans (tenant_id, id),
    FOREIGN KEY (tenant_id, coupon_id) REFERENCES subscription_coupons (tenant_id, id),
    CONSTRAINT ck_subscriptions_status CHECK (status IN ('trialing', 'active', 'past_due', 'suspended', 'ended')),
    CONSTRAINT ck_subscriptions_price CHECK (price >= 0 AND period_price >= 0),
    CONSTRAINT ck_subscriptions_period CHECK (period > 0 AND period_end > period_start),
    CONSTRAINT ck_subscriptions_ended CHECK ((status = 'ended') = (ended_at IS NOT NULL)
        AND (ended_at IS NULL) = (end_reason IS NULL))
);
CREATE UNIQUE INDEX uq_subscriptions__user_id__service_id ON subscriptions (tenant_id, user_id, service_id) WHERE status <> 'ended';
CREATE INDEX ix_subscriptions_due ON subscriptions (tenant_id, due_at) WHERE status <> 'ended';
CREATE INDEX ix_subscriptions_user ON subscriptions (tenant_id, user_id, id);

CREATE TABLE subscription_coupon_uses (
    tenant_id uuid NOT NULL,
    coupon_id uuid NOT NULL,
    user_id uuid NOT NULL,
    used_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, coupon_id, user_id),
    FOREIGN KEY (tenant_id, coupon_id) REFERENCES subscription_coupons (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX ix_subscription_coupon_uses_user ON subscription_coupon_uses (tenant_id, user_id);

CREATE TABLE subscription_trials (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    service_id uuid NOT NULL,
    begun_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, user_id, service_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, service_id) REFERENCES services (tenant_id, id)
);

CREATE TABLE subscription_charges (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    period bigint NOT NULL,
    kind text NOT NULL,
    plan_id uuid NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    transfer_id uuid,
    refunded bigint NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, subscription_id) REFERENCES subscriptions (tenant_id, id),
    FOREIGN KEY (tenant_id, plan_id) REFERENCES service_plans (tenant_id, id),
    FOREIGN KEY (tenant_id, transfer_id) REFERENCES ledger_transfers (tenant_id, id),
    CONSTRAINT ck_subscription_charges_kind CHECK (kind IN ('start', 'renewal', 'upgrade')),
    CONSTRAINT ck_subscription_charges_amount CHECK (amount >= 0 AND refunded BETWEEN 0 AND amount),
    CONSTRAINT ck_subscription_charges_transfer CHECK ((amount = 0) = (transfer_id IS NULL))
);
CREATE UNIQUE INDEX uq_subscription_charges__subscription_id__period ON subscription_charges (tenant_id, subscription_id, period) WHERE kind <> 'upgrade';
CREATE INDEX ix_subscription_charges_subscription ON subscription_charges (tenant_id, subscription_id, id);
",
};
