//! Pictures of products.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0009_images",
    tables: &[Table::new("product_images", Access::Tenant)],
    up: "
CREATE TABLE product_images (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    source_hash bytea,
    stem text NOT NULL,
    format text NOT NULL,
    state text NOT NULL,
    alt text NOT NULL,
    width bigint NOT NULL,
    height bigint NOT NULL,
    position bigint NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id),
    CONSTRAINT ck_product_images_format CHECK (format IN ('jpeg', 'png', 'webp')),
    CONSTRAINT ck_product_images_state CHECK (state IN ('storing', 'ready', 'missing', 'deleting')),
    CONSTRAINT ck_product_images_size CHECK (width > 0 AND height > 0)
);
CREATE UNIQUE INDEX uq_product_images__stem ON product_images (tenant_id, stem);
CREATE UNIQUE INDEX uq_product_images__product_id__source_hash ON product_images (tenant_id, product_id, source_hash);
CREATE INDEX ix_product_images_product ON product_images (tenant_id, product_id, position, id);
CREATE INDEX ix_product_images_open ON product_images (tenant_id, state, updated_at) WHERE state IN ('storing', 'deleting');
",
};
