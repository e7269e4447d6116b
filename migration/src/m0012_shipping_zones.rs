//! Shipping zones, which take the place of the countries of a method; one
//! table of rates by weight and price; address books.

use crate::reshape::{Moves, Reshape};
use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Reshape = Reshape {
    script: Script {
        name: "m0012_shipping_zones",
        tables: &[
            Table::new("saved_addresses", Access::Tenant),
            Table::new("address_books", Access::Tenant),
            Table::new("shipping_method_zones", Access::Tenant),
            Table::new("shipping_zones", Access::Tenant),
        ],
        up: "
CREATE TABLE shipping_zones (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    id uuid NOT NULL,
    name text NOT NULL,
    areas jsonb NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE shipping_method_zones (
    tenant_id uuid NOT NULL,
    method_id uuid NOT NULL,
    zone_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, method_id, zone_id),
    FOREIGN KEY (tenant_id, method_id) REFERENCES shipping_methods (tenant_id, id),
    CONSTRAINT fk_shipping_method_zones_zone FOREIGN KEY (tenant_id, zone_id) REFERENCES shipping_zones (tenant_id, id)
);
CREATE INDEX ix_shipping_method_zones_zone ON shipping_method_zones (tenant_id, zone_id);

CREATE TABLE address_books (
    tenant_id uuid NOT NULL,
    user_id uuid NOT NULL,
    size bigint NOT NULL,
    default_shipping uuid,
    default_billing uuid,
    PRIMARY KEY (tenant_id, user_id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CONSTRAINT ck_address_books_size CHECK (size BETWEEN 0 AND 50)
);

CREATE TABLE saved_addresses (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    label text,
    address jsonb NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES address_books (tenant_id, user_id)
);
CREATE INDEX ix_saved_addresses_user ON saved_addresses (tenant_id, user_id, id);
",
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

/// The rows of all tenants move, for which the policies step aside within the
/// transaction.
const UP_POSTGRES: &str = r#"
ALTER TABLE shipping_methods ADD COLUMN free_above bigint;
ALTER TABLE shipping_methods NO FORCE ROW LEVEL SECURITY;
ALTER TABLE shipping_zones NO FORCE ROW LEVEL SECURITY;
ALTER TABLE shipping_method_zones NO FORCE ROW LEVEL SECURITY;
INSERT INTO shipping_zones (tenant_id, id, name, areas, version, created_at, updated_at)
SELECT m.tenant_id, m.id, m.name,
       (SELECT jsonb_agg(jsonb_build_object('country', c)) FROM jsonb_array_elements_text(m.countries) AS c),
       1, m.created_at, m.updated_at
FROM shipping_methods m WHERE jsonb_array_length(m.countries) > 0;
INSERT INTO shipping_method_zones (tenant_id, method_id, zone_id)
SELECT tenant_id, id, id FROM shipping_methods WHERE jsonb_array_length(countries) > 0;
UPDATE shipping_methods SET rates = jsonb_set(rates, '{kind}', '"table"') WHERE rates ->> 'kind' <> 'flat';
ALTER TABLE shipping_methods DROP COLUMN countries;
ALTER TABLE shipping_methods FORCE ROW LEVEL SECURITY;
ALTER TABLE shipping_zones FORCE ROW LEVEL SECURITY;
ALTER TABLE shipping_method_zones FORCE ROW LEVEL SECURITY;
"#;

const UP_SQLITE: &str = "
ALTER TABLE shipping_methods ADD COLUMN free_above INTEGER;
INSERT INTO shipping_zones (tenant_id, id, name, areas, version, created_at, updated_at)
SELECT m.tenant_id, m.id, m.name,
       (SELECT json_group_array(json_object('country', c.value)) FROM json_each(m.countries) AS c),
       1, m.created_at, m.updated_at
FROM shipping_methods m WHERE json_array_length(m.countries) > 0;
INSERT INTO shipping_method_zones (tenant_id, method_id, zone_id)
SELECT tenant_id, id, id FROM shipping_methods WHERE json_array_length(countries) > 0;
UPDATE shipping_methods SET rates = json_set(rates, '$.kind', 'table') WHERE json_extract(rates, '$.kind') <> 'flat';
ALTER TABLE shipping_methods DROP COLUMN countries;
";

/// Regions, postal codes and second bounds of a table have no place in the old
/// shape: a method goes to the whole of its countries again.
const DOWN_POSTGRES: &str = r#"
ALTER TABLE shipping_methods NO FORCE ROW LEVEL SECURITY;
ALTER TABLE shipping_zones NO FORCE ROW LEVEL SECURITY;
ALTER TABLE shipping_method_zones NO FORCE ROW LEVEL SECURITY;
ALTER TABLE shipping_methods ADD COLUMN countries jsonb NOT NULL DEFAULT '[]';
ALTER TABLE shipping_methods ALTER COLUMN countries DROP DEFAULT;
UPDATE shipping_methods m SET countries = COALESCE((
    SELECT jsonb_agg(DISTINCT a ->> 'country')
    FROM shipping_method_zones l
    JOIN shipping_zones z ON z.tenant_id = l.tenant_id AND z.id = l.zone_id
    CROSS JOIN LATERAL jsonb_array_elements(z.areas) AS a
    WHERE l.tenant_id = m.tenant_id AND l.method_id = m.id), '[]');
UPDATE shipping_methods SET rates = jsonb_set(rates, '{kind}',
    CASE WHEN jsonb_path_exists(rates, '$.steps[*].up_to_grams ? (@ != null)')
         THEN '"by_weight"' ELSE '"by_subtotal"' END::jsonb)
WHERE rates ->> 'kind' = 'table';
ALTER TABLE shipping_methods DROP COLUMN free_above;
ALTER TABLE shipping_methods FORCE ROW LEVEL SECURITY;
"#;

/// The table is made anew, in the very words of the migration that made it
/// first.
const DOWN_SQLITE: &str = "
CREATE TABLE shipping_methods_was AS
SELECT m.tenant_id, m.id, m.code, m.name,
       CASE WHEN json_extract(m.rates, '$.kind') = 'table'
            THEN json_set(m.rates, '$.kind', CASE WHEN EXISTS (
                     SELECT 1 FROM json_each(m.rates, '$.steps') AS s
                     WHERE json_extract(s.value, '$.up_to_grams') IS NOT NULL)
                 THEN 'by_weight' ELSE 'by_subtotal' END)
            ELSE m.rates END AS rates,
       (SELECT json_group_array(country) FROM (
            SELECT DISTINCT json_extract(a.value, '$.country') AS country
            FROM shipping_method_zones l
            JOIN shipping_zones z ON z.tenant_id = l.tenant_id AND z.id = l.zone_id
            JOIN json_each(z.areas) AS a
            WHERE l.tenant_id = m.tenant_id AND l.method_id = m.id)) AS countries,
       m.currency, m.status, m.position, m.version, m.created_at, m.updated_at
FROM shipping_methods m;
DELETE FROM shipping_method_zones;
DROP TABLE shipping_methods;
CREATE TABLE shipping_methods (
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    id BLOB NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    rates TEXT NOT NULL,
    countries TEXT NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_shipping_methods_status CHECK (status IN ('active', 'archived'))
) STRICT;
CREATE UNIQUE INDEX uq_shipping_methods__code ON shipping_methods (tenant_id, code);
INSERT INTO shipping_methods SELECT * FROM shipping_methods_was;
DROP TABLE shipping_methods_was;
";
