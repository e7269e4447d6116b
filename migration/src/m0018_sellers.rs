//! Sellers, who belongs to them, and what of an order is theirs: the fee of
//! each line, and how money that goes back is spread over the lines.

use crate::reshape::{Moves, Reshape};
use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Reshape = Reshape {
    script: Script {
        name: "m0018_sellers",
        tables: &[
            Table::new("refund_shares", Access::Tenant).append_only(),
            Table::new("sellers", Access::Tenant),
        ],
        up: TABLES,
    },
    then: Moves {
        postgres: UP_POSTGRES,
        sqlite: UP_SQLITE,
    },
    undo: Moves {
        postgres: DOWN_POSTGRES,
        sqlite: DOWN_SQLITE,
    },
};

/// In `refund_shares`, `part` is the place of the line, or 0 for what is the
/// shop's (shipping, taxes, fees that buyers bear); `step` is 0 for money that
/// goes back and 1 for such money that stayed after all.
const TABLES: &str = "
CREATE TABLE sellers (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    name text NOT NULL,
    contact_email text,
    contact_address text,
    payout_reference text,
    fee_fixed bigint,
    fee_basis_points bigint,
    status text NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_sellers_status CHECK (status IN ('active', 'archived')),
    CONSTRAINT ck_sellers_fee CHECK (fee_fixed >= 0 AND fee_basis_points BETWEEN 0 AND 10000),
    CONSTRAINT ck_sellers_fee_whole CHECK ((fee_fixed IS NULL) = (fee_basis_points IS NULL))
);
CREATE UNIQUE INDEX uq_sellers__name ON sellers (tenant_id, name);

CREATE TABLE refund_shares (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    cause uuid NOT NULL,
    part bigint NOT NULL,
    step bigint NOT NULL,
    line_id uuid,
    seller_id uuid,
    amount bigint NOT NULL,
    fee bigint NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, order_id, cause, part, step),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT ck_refund_shares_part CHECK ((part = 0) = (line_id IS NULL)),
    CONSTRAINT ck_refund_shares_step CHECK (step IN (0, 1))
);
CREATE INDEX ix_refund_shares_at ON refund_shares (tenant_id, created_at);
CREATE INDEX ix_refund_shares_seller ON refund_shares (tenant_id, seller_id, created_at) WHERE seller_id IS NOT NULL;

ALTER TABLE users ADD COLUMN seller_id uuid CHECK ((role = 'seller') = (seller_id IS NOT NULL));
ALTER TABLE order_lines ADD COLUMN fee bigint NOT NULL DEFAULT 0 CHECK (fee >= 0);

CREATE INDEX ix_users_seller ON users (tenant_id, seller_id, id) WHERE seller_id IS NOT NULL;
CREATE INDEX ix_products_seller ON products (tenant_id, seller_id, id) WHERE seller_id IS NOT NULL;
CREATE INDEX ix_orders_paid ON orders (tenant_id, paid_at) WHERE paid_at IS NOT NULL;
";

/// Ids of sellers that were only ids become sellers. The fee of an order, and
/// what went back of it, is spread over its lines so that the parts add up:
/// each line gets what is due up to it less what is due before it, rounded
/// down. The rows of all tenants change, for which the policies step aside
/// within the transaction.
const UP_POSTGRES: &str = "
ALTER TABLE sellers NO FORCE ROW LEVEL SECURITY;
ALTER TABLE products NO FORCE ROW LEVEL SECURITY;
ALTER TABLE orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE order_lines NO FORCE ROW LEVEL SECURITY;
ALTER TABLE refunds NO FORCE ROW LEVEL SECURITY;
ALTER TABLE returns NO FORCE ROW LEVEL SECURITY;
ALTER TABLE refund_shares NO FORCE ROW LEVEL SECURITY;
INSERT INTO sellers (tenant_id, id, name, status, version, created_at, updated_at)
SELECT s.tenant_id, s.seller_id, 'Seller ' || s.seller_id, 'active', 1,
       (extract(epoch FROM now()) * 1000000)::bigint, (extract(epoch FROM now()) * 1000000)::bigint
FROM (SELECT tenant_id, seller_id FROM products WHERE seller_id IS NOT NULL
      UNION SELECT tenant_id, seller_id FROM order_lines WHERE seller_id IS NOT NULL) s;
UPDATE order_lines SET fee = s.fee FROM (
    SELECT l.tenant_id, l.id, div(o.fee * l.upto, l.goods) - div(o.fee * (l.upto - l.net), l.goods) AS fee
    FROM (SELECT tenant_id, id, order_id, unit_price * quantity - discount AS net,
                 sum(unit_price * quantity - discount) OVER (PARTITION BY tenant_id, order_id ORDER BY position) AS upto,
                 sum(unit_price * quantity - discount) OVER (PARTITION BY tenant_id, order_id) AS goods
          FROM order_lines) l
    JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
    WHERE l.goods > 0 AND o.fee > 0) s
WHERE s.tenant_id = order_lines.tenant_id AND s.id = order_lines.id;
INSERT INTO refund_shares (tenant_id, order_id, cause, part, step, line_id, seller_id, amount, fee, created_at)
SELECT s.tenant_id, s.order_id, s.cause, s.part, 0, s.line_id, s.seller_id, s.amount,
       CASE WHEN s.line_id IS NULL OR s.net = 0 THEN 0 ELSE least(div(s.fee * s.amount, s.net), s.fee) END, s.created_at
FROM (SELECT c.tenant_id, c.order_id, c.cause, c.created_at, p.part, p.line_id, p.seller_id, p.net, p.fee,
             div(c.amount * p.upto, p.worth) - div(c.amount * (p.upto - p.net), p.worth) AS amount
      FROM (SELECT r.tenant_id, r.order_id, r.id AS cause, r.amount, r.created_at FROM refunds r WHERE r.status <> 'failed'
            UNION ALL SELECT b.tenant_id, b.order_id, e.id, e.exchange_credit, b.created_at
            FROM returns b JOIN orders e ON e.tenant_id = b.tenant_id AND e.id = b.exchange_order_id
            WHERE e.exchange_credit > 0) c
      JOIN (SELECT q.*, sum(q.net) OVER (PARTITION BY q.tenant_id, q.order_id ORDER BY q.place) AS upto,
                   sum(q.net) OVER (PARTITION BY q.tenant_id, q.order_id) AS worth
            FROM (SELECT l.tenant_id, l.order_id, l.position AS place, l.position AS part, l.id AS line_id, l.seller_id,
                         l.unit_price * l.quantity - l.discount AS net, l.fee
                  FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id AND o.paid_at IS NOT NULL
                  UNION ALL SELECT o.tenant_id, o.id, 9223372036854775807, 0, NULL, NULL,
                         CASE WHEN o.paid_at IS NULL THEN o.captured
                              ELSE greatest(o.captured + o.exchange_credit - o.subtotal + o.discount, 0) END, 0 FROM orders o) q) p
        ON p.tenant_id = c.tenant_id AND p.order_id = c.order_id
      WHERE p.worth > 0) s
WHERE s.amount > 0;
ALTER TABLE sellers FORCE ROW LEVEL SECURITY;
ALTER TABLE products FORCE ROW LEVEL SECURITY;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE order_lines FORCE ROW LEVEL SECURITY;
ALTER TABLE refunds FORCE ROW LEVEL SECURITY;
ALTER TABLE returns FORCE ROW LEVEL SECURITY;
ALTER TABLE refund_shares FORCE ROW LEVEL SECURITY;
ALTER TABLE products ADD CONSTRAINT fk_products_seller FOREIGN KEY (tenant_id, seller_id) REFERENCES sellers (tenant_id, id);
ALTER TABLE users ADD CONSTRAINT fk_users_seller FOREIGN KEY (tenant_id, seller_id) REFERENCES sellers (tenant_id, id);
ALTER TABLE users DROP CONSTRAINT ck_users_role,
    ADD CONSTRAINT ck_users_role CHECK (role IN ('user', 'seller', 'manager', 'admin', 'operator'));
";

/// SQLite cannot alter constraints. This is the way its manual gives for
/// changes that leave stored rows as they are:
/// <https://www.sqlite.org/lang_altertable.html#otheralter>
const UP_SQLITE: &str = "
INSERT INTO sellers (tenant_id, id, name, status, version, created_at, updated_at)
SELECT s.tenant_id, s.seller_id, 'Seller ' || lower(hex(s.seller_id)), 'active', 1,
       CAST(strftime('%s', 'now') AS INTEGER) * 1000000, CAST(strftime('%s', 'now') AS INTEGER) * 1000000
FROM (SELECT tenant_id, seller_id FROM products WHERE seller_id IS NOT NULL
      UNION SELECT tenant_id, seller_id FROM order_lines WHERE seller_id IS NOT NULL) s;
UPDATE order_lines SET fee = s.fee FROM (
    SELECT l.tenant_id, l.id, (o.fee * l.upto) / l.goods - (o.fee * (l.upto - l.net)) / l.goods AS fee
    FROM (SELECT tenant_id, id, order_id, unit_price * quantity - discount AS net,
                 sum(unit_price * quantity - discount) OVER (PARTITION BY tenant_id, order_id ORDER BY position) AS upto,
                 sum(unit_price * quantity - discount) OVER (PARTITION BY tenant_id, order_id) AS goods
          FROM order_lines) l
    JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id
    WHERE l.goods > 0 AND o.fee > 0) s
WHERE s.tenant_id = order_lines.tenant_id AND s.id = order_lines.id;
INSERT INTO refund_shares (tenant_id, order_id, cause, part, step, line_id, seller_id, amount, fee, created_at)
SELECT s.tenant_id, s.order_id, s.cause, s.part, 0, s.line_id, s.seller_id, s.amount,
       CASE WHEN s.line_id IS NULL OR s.net = 0 THEN 0 ELSE min((s.fee * s.amount) / s.net, s.fee) END, s.created_at
FROM (SELECT c.tenant_id, c.order_id, c.cause, c.created_at, p.part, p.line_id, p.seller_id, p.net, p.fee,
             (c.amount * p.upto) / p.worth - (c.amount * (p.upto - p.net)) / p.worth AS amount
      FROM (SELECT r.tenant_id, r.order_id, r.id AS cause, r.amount, r.created_at FROM refunds r WHERE r.status <> 'failed'
            UNION ALL SELECT b.tenant_id, b.order_id, e.id, e.exchange_credit, b.created_at
            FROM returns b JOIN orders e ON e.tenant_id = b.tenant_id AND e.id = b.exchange_order_id
            WHERE e.exchange_credit > 0) c
      JOIN (SELECT q.*, sum(q.net) OVER (PARTITION BY q.tenant_id, q.order_id ORDER BY q.place) AS upto,
                   sum(q.net) OVER (PARTITION BY q.tenant_id, q.order_id) AS worth
            FROM (SELECT l.tenant_id, l.order_id, l.position AS place, l.position AS part, l.id AS line_id, l.seller_id,
                         l.unit_price * l.quantity - l.discount AS net, l.fee
                  FROM order_lines l JOIN orders o ON o.tenant_id = l.tenant_id AND o.id = l.order_id AND o.paid_at IS NOT NULL
                  UNION ALL SELECT o.tenant_id, o.id, 9223372036854775807, 0, NULL, NULL,
                         CASE WHEN o.paid_at IS NULL THEN o.captured
                              ELSE max(o.captured + o.exchange_credit - o.subtotal + o.discount, 0) END, 0 FROM orders o) q) p
        ON p.tenant_id = c.tenant_id AND p.order_id = c.order_id
      WHERE p.worth > 0) s
WHERE s.amount > 0;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'CONSTRAINT ck_products_kind',
    'FOREIGN KEY (tenant_id, seller_id) REFERENCES sellers (tenant_id, id), CONSTRAINT ck_products_kind')
WHERE type = 'table' AND name = 'products';
UPDATE sqlite_schema SET sql = replace(sql, 'CONSTRAINT ck_users_role CHECK (role IN (''user'', ''manager''',
    'FOREIGN KEY (tenant_id, seller_id) REFERENCES sellers (tenant_id, id), CONSTRAINT ck_users_role CHECK (role IN (''user'', ''seller'', ''manager''')
WHERE type = 'table' AND name = 'users';
PRAGMA writable_schema = RESET;
";

const DOWN_POSTGRES: &str = "
ALTER TABLE products DROP CONSTRAINT fk_products_seller;
ALTER TABLE users DROP CONSTRAINT fk_users_seller;
ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
UPDATE users SET role = 'user', seller_id = NULL WHERE role = 'seller';
ALTER TABLE users FORCE ROW LEVEL SECURITY;
ALTER TABLE users DROP CONSTRAINT ck_users_role,
    ADD CONSTRAINT ck_users_role CHECK (role IN ('user', 'manager', 'admin', 'operator'));
DROP INDEX ix_users_seller;
DROP INDEX ix_products_seller;
DROP INDEX ix_orders_paid;
";

const DOWN_SQLITE: &str = "
UPDATE users SET role = 'user', seller_id = NULL WHERE role = 'seller';
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    'FOREIGN KEY (tenant_id, seller_id) REFERENCES sellers (tenant_id, id), CONSTRAINT ck_products_kind',
    'CONSTRAINT ck_products_kind')
WHERE type = 'table' AND name = 'products';
UPDATE sqlite_schema SET sql = replace(sql,
    'FOREIGN KEY (tenant_id, seller_id) REFERENCES sellers (tenant_id, id), CONSTRAINT ck_users_role CHECK (role IN (''user'', ''seller'', ''manager''',
    'CONSTRAINT ck_users_role CHECK (role IN (''user'', ''manager''')
WHERE type = 'table' AND name = 'users';
PRAGMA writable_schema = RESET;
DROP INDEX ix_users_seller;
DROP INDEX ix_products_seller;
DROP INDEX ix_orders_paid;
";
