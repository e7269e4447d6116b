//! What variants cost before, price lists, and what lists of products show of
//! them: `product_prices` is worked out, as are the prices in `products`.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0016_variants",
    tables: &[
        Table::new("product_prices", Access::Tenant),
        Table::new("price_list_prices", Access::Tenant),
        Table::new("price_lists", Access::Tenant),
    ],
    up: "
ALTER TABLE variants ADD COLUMN compare_at bigint CHECK (compare_at > price);
ALTER TABLE import_variants ADD COLUMN compare_at bigint CHECK (compare_at >= 0);
ALTER TABLE products ADD COLUMN compare_at bigint;

CREATE TABLE price_lists (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    name text NOT NULL,
    currency text NOT NULL,
    priority bigint NOT NULL,
    status text NOT NULL,
    starts_at bigint,
    ends_at bigint,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_price_lists_status CHECK (status IN ('active', 'archived')),
    CONSTRAINT ck_price_lists_times CHECK (starts_at < ends_at)
);

CREATE TABLE price_list_prices (
    tenant_id uuid NOT NULL,
    price_list_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    price bigint NOT NULL,
    compare_at bigint,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, price_list_id, variant_id),
    FOREIGN KEY (tenant_id, price_list_id) REFERENCES price_lists (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, variant_id) REFERENCES variants (tenant_id, id),
    CONSTRAINT ck_price_list_prices_price CHECK (price >= 0),
    CONSTRAINT ck_price_list_prices_compare_at CHECK (compare_at > price)
);
CREATE INDEX ix_price_list_prices_variant ON price_list_prices (tenant_id, variant_id);

CREATE TABLE product_prices (
    tenant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    currency text NOT NULL,
    price_min bigint NOT NULL,
    price_max bigint NOT NULL,
    compare_at bigint,
    PRIMARY KEY (tenant_id, product_id, currency),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_product_prices_price ON product_prices (tenant_id, currency, price_min, product_id);
",
};
