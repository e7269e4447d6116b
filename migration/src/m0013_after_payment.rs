//! What happens to orders after they are paid: shipments in parts, returns,
//! exchanges, notes, disputes; and the words that orders are searched by.

use crate::reshape::{Moves, Reshape};
use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Reshape = Reshape {
    script: Script {
        name: "m0013_after_payment",
        tables: &[
            Table::new("order_words", Access::Tenant),
            Table::new("disputes", Access::Tenant),
            Table::new("order_notes", Access::Tenant),
            Table::new("returns", Access::Tenant),
            Table::new("shipments", Access::Tenant),
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

/// The new tables; new columns of orders and of their lines, each of which may
/// refer to those before it.
const TABLES: &str = "
CREATE TABLE shipments (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    status text NOT NULL,
    lines jsonb NOT NULL,
    carrier text,
    tracking_number text,
    tracking_url text,
    created_at bigint NOT NULL,
    shipped_at bigint,
    delivered_at bigint,
    canceled_at bigint,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT ck_shipments_status CHECK (status IN ('prepared', 'shipped', 'delivered', 'canceled'))
);
CREATE INDEX ix_shipments_order ON shipments (tenant_id, order_id, id);

CREATE TABLE returns (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    lines jsonb NOT NULL,
    note text,
    decision text,
    exchange_order_id uuid,
    refund_due bigint NOT NULL,
    refunded bigint NOT NULL,
    actor text NOT NULL,
    created_at bigint NOT NULL,
    decided_at bigint,
    received_at bigint,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    FOREIGN KEY (tenant_id, exchange_order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT ck_returns_kind CHECK (kind IN ('refund', 'exchange')),
    CONSTRAINT ck_returns_status CHECK (status IN ('requested', 'approved', 'rejected', 'canceled', 'received', 'refunded', 'exchanged')),
    CONSTRAINT ck_returns_amounts CHECK (refund_due >= 0 AND refunded >= 0)
);
CREATE INDEX ix_returns_order ON returns (tenant_id, order_id, id);
CREATE INDEX ix_returns_status ON returns (tenant_id, status, id);
CREATE INDEX ix_returns_exchange ON returns (tenant_id, exchange_order_id) WHERE exchange_order_id IS NOT NULL;

CREATE TABLE order_notes (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    audience text NOT NULL,
    body text NOT NULL,
    actor text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CONSTRAINT ck_order_notes_audience CHECK (audience IN ('internal', 'customer'))
);
CREATE INDEX ix_order_notes_order ON order_notes (tenant_id, order_id, id);

CREATE TABLE disputes (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    external_id text NOT NULL,
    status text NOT NULL,
    outcome text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    evidence_due_at bigint,
    funds_withdrawn bigint NOT NULL,
    opened_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    FOREIGN KEY (tenant_id, payment_id) REFERENCES payments (tenant_id, id),
    CONSTRAINT ck_disputes_outcome CHECK (outcome IN ('open', 'won', 'lost'))
);
CREATE INDEX ix_disputes_order ON disputes (tenant_id, order_id, id);
CREATE UNIQUE INDEX uq_disputes__payment_id__external_id ON disputes (tenant_id, payment_id, external_id);

CREATE TABLE order_words (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    word text COLLATE \"C\" NOT NULL,
    PRIMARY KEY (tenant_id, order_id, word),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
CREATE INDEX ix_order_words_word ON order_words (tenant_id, word, order_id);

ALTER TABLE orders ADD COLUMN dispute text CHECK (dispute IN ('open', 'won', 'lost'));
ALTER TABLE orders ADD COLUMN exchange_of uuid;
ALTER TABLE orders ADD COLUMN exchange_credit bigint NOT NULL DEFAULT 0 CHECK (exchange_credit >= 0);
ALTER TABLE orders ADD COLUMN exchanged bigint NOT NULL DEFAULT 0 CHECK (exchanged >= 0 AND refunded + exchanged <= captured);
ALTER TABLE order_lines ADD COLUMN intangible bigint NOT NULL DEFAULT 0 CHECK (intangible BETWEEN 0 AND quantity);
ALTER TABLE order_lines ADD COLUMN withdrawn bigint NOT NULL DEFAULT 0 CHECK (withdrawn >= 0);
ALTER TABLE order_lines ADD COLUMN shipped bigint NOT NULL DEFAULT 0 CHECK (shipped >= 0 AND shipped + withdrawn + intangible <= quantity);
ALTER TABLE order_lines ADD COLUMN in_return bigint NOT NULL DEFAULT 0 CHECK (in_return >= 0);
ALTER TABLE order_lines ADD COLUMN returned bigint NOT NULL DEFAULT 0 CHECK (returned >= 0 AND returned + in_return <= shipped);
ALTER TABLE order_lines ADD COLUMN scrapped bigint NOT NULL DEFAULT 0 CHECK (scrapped >= 0 AND scrapped + restocked <= quantity);

CREATE INDEX ix_orders_total ON orders (tenant_id, total, id);
CREATE INDEX ix_orders_email ON orders (tenant_id, email, id);
CREATE INDEX ix_orders_dispute ON orders (tenant_id, dispute, id) WHERE dispute IS NOT NULL;
CREATE INDEX ix_order_lines_product ON order_lines (tenant_id, product_id, order_id);
CREATE INDEX ix_order_lines_sku ON order_lines (tenant_id, sku, order_id);
";

/// Where the goods of an order can stand, from now on; and what is known of
/// orders that were there before: whose goods went out, and by which words
/// they are found. The rows of all tenants change, for which the policies step
/// aside within the transaction.
const UP_POSTGRES: &str = "
ALTER TABLE orders DROP CONSTRAINT ck_orders_fulfilment_status,
    ADD CONSTRAINT ck_orders_fulfilment_status CHECK (fulfilment_status IN ('unfulfilled', 'partial', 'fulfilled', 'delivered'));
ALTER TABLE orders NO FORCE ROW LEVEL SECURITY;
ALTER TABLE order_lines NO FORCE ROW LEVEL SECURITY;
ALTER TABLE shipments NO FORCE ROW LEVEL SECURITY;
ALTER TABLE order_words NO FORCE ROW LEVEL SECURITY;
UPDATE order_lines SET shipped = quantity, returned = restocked WHERE EXISTS (
    SELECT 1 FROM orders o WHERE o.tenant_id = order_lines.tenant_id AND o.id = order_lines.order_id AND o.status = 'shipped');
UPDATE order_lines SET withdrawn = restocked WHERE shipped = 0;
INSERT INTO shipments (tenant_id, id, order_id, status, lines, carrier, tracking_number, created_at, shipped_at)
SELECT o.tenant_id, o.id, o.id, 'shipped', (SELECT jsonb_agg(jsonb_build_object('line', encode(uuid_send(l.id), 'hex'), 'quantity', l.quantity))
        FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id),
       o.carrier, o.tracking_number, o.shipped_at, o.shipped_at
FROM orders o WHERE o.status = 'shipped';
INSERT INTO order_words (tenant_id, order_id, word) SELECT tenant_id, id, CAST(number AS text) FROM orders;
INSERT INTO order_words (tenant_id, order_id, word) SELECT tenant_id, id, lower(email) FROM orders WHERE true
ON CONFLICT DO NOTHING;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE order_lines FORCE ROW LEVEL SECURITY;
ALTER TABLE shipments FORCE ROW LEVEL SECURITY;
ALTER TABLE order_words FORCE ROW LEVEL SECURITY;
";

/// SQLite cannot alter a CHECK. This is the way its manual gives for changes
/// that leave stored rows as they are:
/// <https://www.sqlite.org/lang_altertable.html#otheralter>
const UP_SQLITE: &str = "
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'fulfilment_status IN (''unfulfilled'', ''fulfilled'')',
    'fulfilment_status IN (''unfulfilled'', ''partial'', ''fulfilled'', ''delivered'')')
WHERE type = 'table' AND name = 'orders';
PRAGMA writable_schema = RESET;
UPDATE order_lines SET shipped = quantity, returned = restocked WHERE EXISTS (
    SELECT 1 FROM orders o WHERE o.tenant_id = order_lines.tenant_id AND o.id = order_lines.order_id AND o.status = 'shipped');
UPDATE order_lines SET withdrawn = restocked WHERE shipped = 0;
INSERT INTO shipments (tenant_id, id, order_id, status, lines, carrier, tracking_number, created_at, shipped_at)
SELECT o.tenant_id, o.id, o.id, 'shipped', (SELECT json_group_array(json_object('line', lower(hex(l.id)), 'quantity', l.quantity))
        FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id),
       o.carrier, o.tracking_number, o.shipped_at, o.shipped_at
FROM orders o WHERE o.status = 'shipped';
INSERT INTO order_words (tenant_id, order_id, word) SELECT tenant_id, id, CAST(number AS text) FROM orders;
INSERT INTO order_words (tenant_id, order_id, word) SELECT tenant_id, id, lower(email) FROM orders WHERE true
ON CONFLICT DO NOTHING;
";

const DOWN_POSTGRES: &str = "
ALTER TABLE orders NO FORCE ROW LEVEL SECURITY;
UPDATE orders SET fulfilment_status = 'fulfilled' WHERE fulfilment_status = 'delivered';
UPDATE orders SET fulfilment_status = 'unfulfilled' WHERE fulfilment_status = 'partial';
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE orders DROP CONSTRAINT ck_orders_fulfilment_status,
    ADD CONSTRAINT ck_orders_fulfilment_status CHECK (fulfilment_status IN ('unfulfilled', 'fulfilled'));
DROP INDEX ix_orders_total;
DROP INDEX ix_orders_email;
DROP INDEX ix_orders_dispute;
DROP INDEX ix_order_lines_product;
DROP INDEX ix_order_lines_sku;
";

const DOWN_SQLITE: &str = "
UPDATE orders SET fulfilment_status = 'fulfilled' WHERE fulfilment_status = 'delivered';
UPDATE orders SET fulfilment_status = 'unfulfilled' WHERE fulfilment_status = 'partial';
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'fulfilment_status IN (''unfulfilled'', ''partial'', ''fulfilled'', ''delivered'')',
    'fulfilment_status IN (''unfulfilled'', ''fulfilled'')')
WHERE type = 'table' AND name = 'orders';
PRAGMA writable_schema = RESET;
DROP INDEX ix_orders_total;
DROP INDEX ix_orders_email;
DROP INDEX ix_orders_dispute;
DROP INDEX ix_order_lines_product;
DROP INDEX ix_order_lines_sku;
";
