//! What products are found by. It is derived: a job makes it of products that
//! have none.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0007_search",
    tables: &[
        Table::new("search_spelling", Access::Tenant),
        Table::new("search_words", Access::Tenant),
        Table::new("search_products", Access::Tenant),
    ],
    // `search_words` is the inverted index itself, so it has one index, its
    // key, and no foreign key, whose check would cost as much as the row.
    up: "
CREATE TABLE search_products (
    tenant_id uuid NOT NULL,
    product_id uuid NOT NULL,
    format bigint NOT NULL,
    card bytea NOT NULL,
    words text NOT NULL,
    PRIMARY KEY (tenant_id, product_id),
    FOREIGN KEY (tenant_id, product_id) REFERENCES products (tenant_id, id) ON DELETE CASCADE
);

CREATE TABLE search_words (
    tenant_id uuid NOT NULL,
    word text COLLATE \"C\" NOT NULL,
    product_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, word, product_id)
);

CREATE TABLE search_spelling (
    tenant_id uuid NOT NULL,
    form text COLLATE \"C\" NOT NULL,
    word text COLLATE \"C\" NOT NULL,
    PRIMARY KEY (tenant_id, form, word)
);
",
};
