//! Bundles: variants that are made of others, and what order lines of them
//! were made of when they were bought.

use crate::reshape::{Moves, Reshape};
use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Reshape = Reshape {
    script: Script {
        name: "m0019_bundles",
        tables: &[Table::new("bundle_components", Access::Tenant)],
        up: TABLES,
    },
    then: Moves {
        postgres: "",
        sqlite: "",
    },
    undo: Moves {
        postgres: DOWN_POSTGRES,
        sqlite: DOWN,
    },
};

/// `set_aside_id` is the pile that a bundle had before it was one. A pile that
/// is `bundled` is drawn from by a bundle, so that changes of all others need
/// not ask for bundles.
const TABLES: &str = "
CREATE TABLE bundle_components (
    tenant_id uuid NOT NULL,
    bundle_id uuid NOT NULL,
    component_id uuid NOT NULL,
    quantity bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (tenant_id, bundle_id, component_id),
    FOREIGN KEY (tenant_id, bundle_id) REFERENCES variants (tenant_id, id),
    FOREIGN KEY (tenant_id, component_id) REFERENCES variants (tenant_id, id),
    CONSTRAINT ck_bundle_components_itself CHECK (bundle_id <> component_id),
    CONSTRAINT ck_bundle_components_quantity CHECK (quantity BETWEEN 1 AND 1000)
);
CREATE INDEX ix_bundle_components_component ON bundle_components (tenant_id, component_id);

ALTER TABLE variants ADD COLUMN bundle boolean NOT NULL DEFAULT FALSE CHECK (NOT bundle OR stock_item_id IS NULL);
ALTER TABLE variants ADD COLUMN set_aside_id uuid;
ALTER TABLE stock_items ADD COLUMN bundled boolean NOT NULL DEFAULT FALSE;
ALTER TABLE order_lines ADD COLUMN components jsonb;
";

/// Without their components bundles would be sold without end, so they are
/// not sold any more.
const DOWN: &str = "
UPDATE variants SET status = 'archived', bundle = FALSE, stock_item_id = set_aside_id WHERE bundle;
";

const DOWN_POSTGRES: &str = "
ALTER TABLE variants NO FORCE ROW LEVEL SECURITY;
UPDATE variants SET status = 'archived', bundle = FALSE, stock_item_id = set_aside_id WHERE bundle;
ALTER TABLE variants FORCE ROW LEVEL SECURITY;
";
