//! The catalog and its stock.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0004_catalog",
    tables: &[
        Table::new("stock_reservations", Access::Tenant),
        Table::new("stock_movements", Access::Tenant).append_only(),
        Table::new("variants", Access::Tenant),
        Table::new("stock_items", Access::Tenant),
        Table::new("product_tags", Access::Tenant),
        Table::new("product_categories", Access::Tenant),
        Table::new("products", Access::Tenant),
        Table::new("categories", Access::Tenant),
    ],
    up: "
CREATE TABLE categories (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    parent_id uuid,
    slug text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    position bigint NOT NULL,
    status text NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, parent_id) REFERENCES categories (tenant_id, id),
    CONSTRAINT ck_categories_parent CHECK (parent_id <> id),
    CONSTRAINT ck_categories_status CHECK (status IN ('active', 'archived'))
);
CREATE UNIQUE INDEX uq_categories__slug ON categories (tenant_id, slug);
CREATE INDEX ix_categories_parent ON categories (tenant_id, parent_id);

CREATE TABLE products (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    sort_name text COLLATE \"C\" NOT NULL,
    brand text,
    description text NOT NULL,
    kind text NOT NULL,
    condition text NOT NULL,
    status text NOT NULL,
    attributes jsonb NOT NULL,
    seller_id uuid,
    inventory_strategy text NOT NULL,
    currency text NOT NULL,
    price_min bigint,
    price_max bigint,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_products_kind CHECK (kind IN ('goods', 'service', 'download')),
    CONSTRAINT ck_products_condition CHECK (condition IN ('new', 'used')),
    CONSTRAINT ck_products_status CHECK (status IN ('draft', 'active', 'archived')),
    CONSTRAINT ck_products_inventory CHECK (inventory_strategy IN ('flat', 'per_size'))
);
CREATE UNIQUE INDEX uq_products__slug ON products (tenant_id, slug);
CREATE INDEX ix_products_newest ON products (tenant_id, status, id);
CREATE INDEX ix_products_name ON products (tenant_id, status, sort_name, id);
CREATE INDEX ix_products_price ON products (tenant_id, status, price_min, id);
CREATE INDEX ix_products_brand ON products (tenant_id, brand, id);

CREATE TABLE product_categories (
    tenant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    category_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, product_id, category_id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, category_id) REFERENCES categories (tenant_id, id)
);
CREATE INDEX ix_product_categories_category ON product_categories (tenant_id, category_id, product_id);

CREATE TABLE product_tags (
    tenant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    tag text NOT NULL,
    PRIMARY KEY (tenant_id, product_id, tag),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_product_tags_tag ON product_tags (tenant_id, tag, product_id);

CREATE TABLE stock_items (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    on_hand bigint NOT NULL,
    reserved bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id),
    CONSTRAINT ck_stock_items_reserved CHECK (reserved >= 0),
    CONSTRAINT ck_stock_items_enough CHECK (on_hand >= reserved)
);
CREATE INDEX ix_stock_items_product ON stock_items (tenant_id, product_id);

CREATE TABLE variants (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    product_id uuid NOT NULL,
    stock_item_id uuid,
    sku text NOT NULL,
    title text NOT NULL,
    size text,
    options jsonb NOT NULL,
    price bigint NOT NULL,
    currency text NOT NULL,
    weight_grams bigint NOT NULL,
    status text NOT NULL,
    position bigint NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id),
    FOREIGN KEY (tenant_id, stock_item_id) REFERENCES stock_items (tenant_id, id),
    CONSTRAINT ck_variants_status CHECK (status IN ('active', 'archived')),
    CONSTRAINT ck_variants_price CHECK (price >= 0),
    CONSTRAINT ck_variants_weight CHECK (weight_grams >= 0)
);
CREATE UNIQUE INDEX uq_variants__sku ON variants (tenant_id, sku);
CREATE INDEX ix_variants_product ON variants (tenant_id, product_id, position);
CREATE INDEX ix_variants_stock_item ON variants (tenant_id, stock_item_id);
CREATE INDEX ix_variants_size ON variants (tenant_id, size, product_id);

CREATE TABLE stock_movements (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    stock_item_id uuid NOT NULL,
    kind text NOT NULL,
    on_hand_delta bigint NOT NULL,
    reserved_delta bigint NOT NULL,
    on_hand_after bigint NOT NULL,
    reserved_after bigint NOT NULL,
    reason text,
    order_id uuid,
    actor text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, stock_item_id) REFERENCES stock_items (tenant_id, id),
    CONSTRAINT ck_stock_movements_kind CHECK (kind IN ('adjusted', 'reserved', 'released', 'sold', 'restocked'))
);
CREATE INDEX ix_stock_movements_item ON stock_movements (tenant_id, stock_item_id, id);

CREATE TABLE stock_reservations (
    tenant_id uuid NOT NULL,
    order_id uuid NOT NULL,
    stock_item_id uuid NOT NULL,
    quantity bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, order_id, stock_item_id),
    FOREIGN KEY (tenant_id, stock_item_id) REFERENCES stock_items (tenant_id, id),
    CONSTRAINT ck_stock_reservations_quantity CHECK (quantity > 0)
);
CREATE INDEX ix_stock_reservations_item ON stock_reservations (tenant_id, stock_item_id);
CREATE INDEX ix_stock_reservations_expiry ON stock_reservations (tenant_id, expires_at);
",
};
