//! Promotions, their codes, and who used them.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
        name: "m0011_promotions",
        tables: &[
            Table::new("promotion_redemptions", Access::Tenant),
            Table::new("promotion_customers", Access::Tenant),
            Table::new("coupons", Access::Tenant),
            Table::new("promotions", Access::Tenant),
        ],
        up: "
CREATE TABLE promotions (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    name text NOT NULL,
    needs_coupon boolean NOT NULL,
    status text NOT NULL,
    rule jsonb NOT NULL,
    currency text NOT NULL,
    starts_at bigint,
    ends_at bigint,
    total_limit bigint,
    customer_limit bigint,
    used bigint NOT NULL,
    position bigint NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_promotions_status CHECK (status IN ('active', 'archived')),
    CONSTRAINT ck_promotions_limits CHECK (total_limit > 0 AND customer_limit > 0),
    CONSTRAINT ck_promotions_used CHECK (used >= 0 AND used <= total_limit)
);
CREATE INDEX ix_promotions_live ON promotions (tenant_id, position, id) WHERE status = 'active';

CREATE TABLE coupons (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    code text NOT NULL,
    status text NOT NULL,
    use_limit bigint,
    used bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, promotion_id) REFERENCES promotions (tenant_id, id),
    CONSTRAINT ck_coupons_status CHECK (status IN ('active', 'archived')),
    CONSTRAINT ck_coupons_used CHECK (used >= 0 AND used <= use_limit)
);
CREATE UNIQUE INDEX uq_coupons__code ON coupons (tenant_id, code);
CREATE INDEX ix_coupons_promotion ON coupons (tenant_id, promotion_id, id);

CREATE TABLE promotion_customers (
    tenant_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    customer text NOT NULL,
    used bigint NOT NULL,
    allowed bigint NOT NULL,
    PRIMARY KEY (tenant_id, promotion_id, customer),
    FOREIGN KEY (tenant_id, promotion_id) REFERENCES promotions (tenant_id, id),
    CONSTRAINT ck_promotion_customers_used CHECK (used BETWEEN 0 AND allowed)
);

CREATE TABLE promotion_redemptions (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    promotion_id uuid NOT NULL,
    coupon_id uuid,
    user_id uuid,
    email text NOT NULL,
    created_at bigint NOT NULL,
    released_at bigint,
    PRIMARY KEY (tenant_id, order_id, promotion_id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    FOREIGN KEY (tenant_id, promotion_id) REFERENCES promotions (tenant_id, id),
    FOREIGN KEY (tenant_id, coupon_id) REFERENCES coupons (tenant_id, id)
);
CREATE INDEX ix_promotion_redemptions_promotion ON promotion_redemptions (tenant_id, promotion_id, order_id);
CREATE INDEX ix_promotion_redemptions_coupon ON promotion_redemptions (tenant_id, coupon_id) WHERE coupon_id IS NOT NULL;

ALTER TABLE carts ADD COLUMN coupons jsonb;
ALTER TABLE carts ADD COLUMN seen_discount bigint NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN discount bigint NOT NULL DEFAULT 0 CHECK (discount >= 0);
ALTER TABLE orders ADD COLUMN shipping_discount bigint NOT NULL DEFAULT 0 CHECK (shipping_discount >= 0);
ALTER TABLE orders ADD COLUMN promotions jsonb;
ALTER TABLE order_lines ADD COLUMN discount bigint NOT NULL DEFAULT 0 CHECK (discount BETWEEN 0 AND unit_price * quantity);
",
};
