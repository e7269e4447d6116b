//! Carts, orders, payments, refunds.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0005_orders",
    tables: &[
        Table::new("order_history", Access::Tenant).append_only(),
        Table::new("refunds", Access::Tenant),
        Table::new("payments", Access::Tenant),
        Table::new("order_lines", Access::Tenant),
        Table::new("orders", Access::Tenant),
        Table::new("order_counters", Access::Tenant),
        Table::new("cart_lines", Access::Tenant),
        Table::new("carts", Access::Tenant),
        Table::new("shipping_methods", Access::Tenant),
    ],
    up: "
CREATE TABLE shipping_methods (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    rates jsonb NOT NULL,
    countries jsonb NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    position bigint NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_shipping_methods_status CHECK (status IN ('active', 'archived'))
);
CREATE UNIQUE INDEX uq_shipping_methods__code ON shipping_methods (tenant_id, code);

CREATE TABLE carts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    currency text NOT NULL,
    status text NOT NULL,
    email text,
    shipping_address jsonb,
    billing_address jsonb,
    shipping_method text,
    order_id uuid,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_carts_status CHECK (status IN ('open', 'ordered', 'merged'))
);
CREATE UNIQUE INDEX uq_carts__user_id ON carts (tenant_id, user_id) WHERE user_id IS NOT NULL AND status = 'open';
CREATE INDEX ix_carts_idle ON carts (tenant_id, updated_at) WHERE status = 'open';

CREATE TABLE cart_lines (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    cart_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    quantity bigint NOT NULL,
    seen_price bigint NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, cart_id) REFERENCES carts (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, variant_id) REFERENCES variants (tenant_id, id),
    CONSTRAINT ck_cart_lines_quantity CHECK (quantity BETWEEN 1 AND 9999)
);
CREATE UNIQUE INDEX uq_cart_lines__cart_id__variant_id ON cart_lines (tenant_id, cart_id, variant_id);

CREATE TABLE order_counters (
    tenant_id uuid NOT NULL PRIMARY KEY,
    last_number bigint NOT NULL
);

CREATE TABLE orders (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    number bigint NOT NULL,
    cart_id uuid NOT NULL,
    user_id uuid,
    email text NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    payment_status text NOT NULL,
    fulfilment_status text NOT NULL,
    subtotal bigint NOT NULL,
    shipping bigint NOT NULL,
    fee bigint NOT NULL,
    total bigint NOT NULL,
    tax bigint NOT NULL,
    captured bigint NOT NULL,
    refunded bigint NOT NULL,
    shipping_address jsonb,
    billing_address jsonb,
    shipping_method text,
    shipping_method_name text,
    return_urls jsonb NOT NULL,
    reserved_until bigint,
    attention text,
    carrier text,
    tracking_number text,
    cancel_reason text,
    placed_at bigint NOT NULL,
    paid_at bigint,
    shipped_at bigint,
    canceled_at bigint,
    version bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_orders_status CHECK (status IN ('pending', 'paid', 'shipped', 'canceled')),
    CONSTRAINT ck_orders_payment_status CHECK (payment_status IN ('unpaid', 'processing', 'paid', 'partially_refunded', 'refunded')),
    CONSTRAINT ck_orders_fulfilment_status CHECK (fulfilment_status IN ('unfulfilled', 'fulfilled')),
    CONSTRAINT ck_orders_amounts CHECK (subtotal >= 0 AND shipping >= 0 AND fee >= 0 AND total >= 0 AND tax >= 0 AND captured >= 0),
    CONSTRAINT ck_orders_refunded CHECK (refunded BETWEEN 0 AND captured)
);
CREATE UNIQUE INDEX uq_orders__number ON orders (tenant_id, number);
CREATE UNIQUE INDEX uq_orders__cart_id ON orders (tenant_id, cart_id);
CREATE INDEX ix_orders_user ON orders (tenant_id, user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX ix_orders_status ON orders (tenant_id, status, id);
CREATE INDEX ix_orders_pending ON orders (tenant_id, placed_at) WHERE status = 'pending';
CREATE INDEX ix_orders_reserved ON orders (tenant_id, reserved_until) WHERE reserved_until IS NOT NULL;

CREATE TABLE order_lines (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    position bigint NOT NULL,
    product_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    stock_item_id uuid,
    seller_id uuid,
    sku text NOT NULL,
    name text NOT NULL,
    options jsonb NOT NULL,
    unit_price bigint NOT NULL,
    quantity bigint NOT NULL,
    restocked bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT ck_order_lines_quantity CHECK (quantity > 0),
    CONSTRAINT ck_order_lines_restocked CHECK (restocked BETWEEN 0 AND quantity)
);
CREATE INDEX ix_order_lines_order ON order_lines (tenant_id, order_id, position);
CREATE INDEX ix_order_lines_seller ON order_lines (tenant_id, seller_id, id) WHERE seller_id IS NOT NULL;

CREATE TABLE payments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    gateway text NOT NULL,
    status text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    session_id text,
    url text,
    intent_id text,
    captured bigint NOT NULL,
    tax bigint NOT NULL,
    refunded bigint NOT NULL,
    failure text,
    expires_at bigint NOT NULL,
    checked_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT ck_payments_status CHECK (status IN ('created', 'open', 'processing', 'succeeded', 'failed', 'expired')),
    CONSTRAINT ck_payments_amounts CHECK (amount >= 0 AND captured >= 0 AND refunded BETWEEN 0 AND captured)
);
CREATE INDEX ix_payments_order ON payments (tenant_id, order_id, id);
CREATE UNIQUE INDEX uq_payments__gateway__session_id ON payments (tenant_id, gateway, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX ix_payments_intent ON payments (tenant_id, gateway, intent_id) WHERE intent_id IS NOT NULL;
CREATE INDEX ix_payments_unsettled ON payments (tenant_id, checked_at) WHERE status IN ('created', 'open', 'processing');

CREATE TABLE refunds (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    status text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    restock jsonb NOT NULL,
    external_id text,
    failure text,
    checked_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    CONSTRAINT ck_refunds_status CHECK (status IN ('pending', 'succeeded', 'failed')),
    CONSTRAINT ck_refunds_amount CHECK (amount > 0)
);
CREATE INDEX ix_refunds_order ON refunds (tenant_id, order_id, id);
CREATE UNIQUE INDEX uq_refunds__payment_id__external_id ON refunds (tenant_id, payment_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX ix_refunds_pending ON refunds (tenant_id, checked_at) WHERE status = 'pending';

CREATE TABLE order_history (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    kind text NOT NULL,
    note text,
    actor text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
CREATE INDEX ix_order_history_order ON order_history (tenant_id, order_id, id);
",
};
