//! What bundles in orders were made of, by product and SKU, so that whoever
//! bought a piece in a set is found as well.

use crate::reshape::{Moves, Reshape};
use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Reshape = Reshape {
    script: Script {
        name: "m0022_line_components",
        tables: &[Table::new("order_line_components", Access::Tenant)],
        up: TABLES,
    },
    then: Moves {
        postgres: UP_POSTGRES,
        sqlite: UP_SQLITE,
    },
    undo: Moves {
        postgres: "",
        sqlite: "",
    },
};

/// The components themselves are in `order_lines.components`; this is what
/// they are found by. `product_id` is unknown for lines that were there before
/// and whose component has another SKU by now.
const TABLES: &str = "
CREATE TABLE order_line_components (
    tenant_id uuid NOT NULL,
    line_id uuid NOT NULL,
    sku text NOT NULL,
    order_id uuid NOT NULL,
    product_id uuid,
    PRIMARY KEY (tenant_id, line_id, sku),
    FOREIGN KEY (tenant_id, line_id) REFERENCES order_lines (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_order_line_components_sku ON order_line_components (tenant_id, sku, order_id);
CREATE INDEX ix_order_line_components_product ON order_line_components (tenant_id, product_id, order_id);
";

/// The rows of all tenants are read, for which the policies step aside within
/// the transaction.
const UP_POSTGRES: &str = "
ALTER TABLE order_lines NO FORCE ROW LEVEL SECURITY;
ALTER TABLE variants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE order_line_components NO FORCE ROW LEVEL SECURITY;
INSERT INTO order_line_components (tenant_id, line_id, sku, order_id, product_id)
SELECT l.tenant_id, l.id, c ->> 'sku', l.order_id, v.product_id
FROM order_lines l CROSS JOIN LATERAL jsonb_array_elements(l.components) c
LEFT JOIN variants v ON v.tenant_id = l.tenant_id AND v.sku = c ->> 'sku'
WHERE jsonb_typeof(l.components) = 'array' ON CONFLICT DO NOTHING;
ALTER TABLE order_lines FORCE ROW LEVEL SECURITY;
ALTER TABLE variants FORCE ROW LEVEL SECURITY;
ALTER TABLE order_line_components FORCE ROW LEVEL SECURITY;
";

const UP_SQLITE: &str = "
INSERT INTO order_line_components (tenant_id, line_id, sku, order_id, product_id)
SELECT l.tenant_id, l.id, c.value ->> 'sku', l.order_id, v.product_id
FROM order_lines l JOIN json_each(l.components) c
LEFT JOIN variants v ON v.tenant_id = l.tenant_id AND v.sku = c.value ->> 'sku'
WHERE l.components IS NOT NULL ON CONFLICT DO NOTHING;
";
