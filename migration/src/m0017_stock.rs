//! Stock that runs low, is sold before it is there, is counted elsewhere, and
//! is compared with its reservations.

use crate::reshape::{Moves, Reshape};
use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Reshape = Reshape {
    script: Script {
        name: "m0017_stock",
        tables: &[
            Table::new("stock_counts", Access::Tenant),
            Table::new("stock_syncs", Access::Tenant),
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

/// `owed` pieces are promised and not there: of a pile, of a reservation, of a
/// line (`backordered`). A reservation that is `sold` is what a paid order
/// still waits for.
const TABLES: &str = "
CREATE TABLE stock_syncs (
    tenant_id uuid NOT NULL PRIMARY KEY REFERENCES tenants (id),
    report jsonb NOT NULL,
    finished_at bigint NOT NULL
);

CREATE TABLE stock_counts (
    tenant_id uuid NOT NULL,
    source text COLLATE \"C\" NOT NULL,
    stock_item_id uuid NOT NULL,
    counted_at bigint NOT NULL,
    on_hand bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, source, stock_item_id),
    FOREIGN KEY (tenant_id, stock_item_id) REFERENCES stock_items (tenant_id, id),
    CONSTRAINT ck_stock_counts_on_hand CHECK (on_hand >= 0)
);
CREATE INDEX ix_stock_counts_item ON stock_counts (tenant_id, stock_item_id);

ALTER TABLE stock_items ADD COLUMN low_at bigint CHECK (low_at >= 0);
ALTER TABLE stock_items ADD COLUMN owed bigint NOT NULL DEFAULT 0 CHECK (owed >= 0);
ALTER TABLE stock_items ADD COLUMN supply text NOT NULL DEFAULT 'stock' CHECK (supply IN ('stock', 'backorder', 'preorder'));
ALTER TABLE stock_items ADD COLUMN beyond bigint NOT NULL DEFAULT 0 CHECK (beyond >= 0 AND (supply <> 'stock' OR beyond = 0));
ALTER TABLE stock_items ADD COLUMN available_at bigint CHECK (supply <> 'preorder' OR available_at IS NOT NULL);
ALTER TABLE stock_reservations ADD COLUMN owed bigint NOT NULL DEFAULT 0 CHECK (owed BETWEEN 0 AND quantity);
ALTER TABLE stock_reservations ADD COLUMN sold boolean NOT NULL DEFAULT FALSE CHECK (NOT sold OR owed = quantity);
ALTER TABLE stock_movements ADD COLUMN owed_delta bigint NOT NULL DEFAULT 0;
ALTER TABLE stock_movements ADD COLUMN owed_after bigint NOT NULL DEFAULT 0;
ALTER TABLE order_lines ADD COLUMN backordered bigint NOT NULL DEFAULT 0 CHECK (backordered >= 0 AND shipped + withdrawn + intangible + backordered <= quantity);
ALTER TABLE order_lines ADD COLUMN expected_at bigint;
";

/// What is promised may exceed what is there by what is owed, and by no more.
const UP_POSTGRES: &str = "
ALTER TABLE stock_items DROP CONSTRAINT ck_stock_items_enough,
    ADD CONSTRAINT ck_stock_items_enough CHECK (on_hand >= 0 AND owed <= reserved AND on_hand + owed >= reserved);
ALTER TABLE stock_movements DROP CONSTRAINT ck_stock_movements_kind,
    ADD CONSTRAINT ck_stock_movements_kind CHECK (kind IN ('adjusted', 'reserved', 'released', 'sold', 'restocked', 'filled', 'counted', 'mended'));
";

/// SQLite cannot alter a CHECK; this is the way of its manual, see
/// `m0013_after_payment`.
const UP_SQLITE: &str = "
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (on_hand >= reserved)',
    'CHECK (on_hand >= 0 AND owed <= reserved AND on_hand + owed >= reserved)')
WHERE type = 'table' AND name = 'stock_items';
UPDATE sqlite_schema SET sql = replace(sql, '''sold'', ''restocked'')', '''sold'', ''restocked'', ''filled'', ''counted'', ''mended'')')
WHERE type = 'table' AND name = 'stock_movements';
PRAGMA writable_schema = RESET;
";

/// What was sold before it was there is gone then, as if it had been.
const DOWN_POSTGRES: &str = "
ALTER TABLE stock_items NO FORCE ROW LEVEL SECURITY;
ALTER TABLE stock_reservations NO FORCE ROW LEVEL SECURITY;
ALTER TABLE stock_movements NO FORCE ROW LEVEL SECURITY;
UPDATE stock_items SET owed = owed - r.held, reserved = reserved - r.held
FROM (SELECT tenant_id, stock_item_id, sum(quantity) AS held FROM stock_reservations WHERE sold GROUP BY tenant_id, stock_item_id) r
WHERE r.tenant_id = stock_items.tenant_id AND r.stock_item_id = stock_items.id;
DELETE FROM stock_reservations WHERE sold;
UPDATE stock_items SET on_hand = reserved WHERE on_hand < reserved;
ALTER TABLE stock_movements DISABLE TRIGGER stock_movements_append_only;
UPDATE stock_movements SET kind = CASE kind WHEN 'filled' THEN 'sold' ELSE 'adjusted' END WHERE kind IN ('filled', 'counted', 'mended');
ALTER TABLE stock_movements ENABLE TRIGGER stock_movements_append_only;
ALTER TABLE stock_items FORCE ROW LEVEL SECURITY;
ALTER TABLE stock_reservations FORCE ROW LEVEL SECURITY;
ALTER TABLE stock_movements FORCE ROW LEVEL SECURITY;
ALTER TABLE stock_items DROP CONSTRAINT ck_stock_items_enough,
    ADD CONSTRAINT ck_stock_items_enough CHECK (on_hand >= reserved);
ALTER TABLE stock_movements DROP CONSTRAINT ck_stock_movements_kind,
    ADD CONSTRAINT ck_stock_movements_kind CHECK (kind IN ('adjusted', 'reserved', 'released', 'sold', 'restocked'));
";

const DOWN_SQLITE: &str = "
UPDATE stock_items SET owed = owed - r.held, reserved = reserved - r.held
FROM (SELECT tenant_id, stock_item_id, sum(quantity) AS held FROM stock_reservations WHERE sold GROUP BY tenant_id, stock_item_id) r
WHERE r.tenant_id = stock_items.tenant_id AND r.stock_item_id = stock_items.id;
DELETE FROM stock_reservations WHERE sold;
UPDATE stock_items SET on_hand = reserved WHERE on_hand < reserved;
DROP TRIGGER stock_movements_no_update;
UPDATE stock_movements SET kind = CASE kind WHEN 'filled' THEN 'sold' ELSE 'adjusted' END WHERE kind IN ('filled', 'counted', 'mended');
CREATE TRIGGER stock_movements_no_update BEFORE UPDATE ON stock_movements BEGIN SELECT RAISE(ABORT, 'stock_movements is append-only'); END;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (on_hand >= 0 AND owed <= reserved AND on_hand + owed >= reserved)',
    'CHECK (on_hand >= reserved)')
WHERE type = 'table' AND name = 'stock_items';
UPDATE sqlite_schema SET sql = replace(sql, '''sold'', ''restocked'', ''filled'', ''counted'', ''mended'')', '''sold'', ''restocked'')')
WHERE type = 'table' AND name = 'stock_movements';
PRAGMA writable_schema = RESET;
";
