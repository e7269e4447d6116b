//! Imports of catalogs: the files, how far they have come, and rows that are
//! waiting to become products.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0010_imports",
    tables: &[
        Table::new("import_variants", Access::Tenant),
        Table::new("import_products", Access::Tenant),
        Table::new("import_chunks", Access::Tenant),
        Table::new("imports", Access::Tenant),
    ],
    up: "
CREATE TABLE imports (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    dry_run boolean NOT NULL,
    may_set_stock boolean NOT NULL,
    attempt bigint NOT NULL,
    bytes bigint NOT NULL,
    bytes_read bigint NOT NULL,
    rows_read bigint NOT NULL,
    effect jsonb NOT NULL,
    mistakes jsonb NOT NULL,
    notes jsonb NOT NULL,
    actor text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    finished_at bigint,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_imports_kind CHECK (kind IN ('products')),
    CONSTRAINT ck_imports_state CHECK (state IN ('uploading', 'queued', 'reading', 'applying', 'done', 'failed', 'canceled'))
);
CREATE UNIQUE INDEX uq_imports__kind ON imports (tenant_id, kind) WHERE state IN ('uploading', 'queued', 'reading', 'applying');

CREATE TABLE import_chunks (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    n bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (tenant_id, import_id, n),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE import_products (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    n bigint NOT NULL,
    line bigint NOT NULL,
    product_id uuid NOT NULL,
    is_new boolean NOT NULL,
    pile_id uuid,
    slug text NOT NULL,
    name text,
    sort_name text,
    brand text,
    description text,
    kind text,
    condition text,
    status text,
    strategy text,
    attributes jsonb NOT NULL,
    tags jsonb,
    categories jsonb,
    PRIMARY KEY (tenant_id, import_id, n),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX uq_import_products__import_id__slug ON import_products (tenant_id, import_id, slug);

CREATE TABLE import_variants (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    n bigint NOT NULL,
    line bigint NOT NULL,
    product_n bigint NOT NULL,
    variant_id uuid NOT NULL,
    is_new boolean NOT NULL,
    pile_id uuid,
    movement_id uuid NOT NULL,
    sku text NOT NULL,
    title text,
    made_title text NOT NULL,
    size text,
    options jsonb NOT NULL,
    price bigint,
    weight_grams bigint,
    on_hand bigint,
    position bigint,
    place bigint NOT NULL,
    status text,
    PRIMARY KEY (tenant_id, import_id, n),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX uq_import_variants__import_id__sku ON import_variants (tenant_id, import_id, sku);
CREATE INDEX ix_import_variants_product ON import_variants (tenant_id, import_id, product_n);
",
};
