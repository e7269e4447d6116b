//! What happens to orders after they are paid: shipments in parts, returns,
//! exchanges, notes, disputes; and the words that orders are searched by.
//!
//! Orders and their lines get columns, so this is more than a script of new
//! tables.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::script::{Access, Script, Table, for_sqlite, run};

/// The new tables.
const TABLES: Script = Script {
    name: "m0013_after_payment",
    tables: &[
        Table::new("order_words", Access::Tenant),
        Table::new("disputes", Access::Tenant),
        Table::new("order_notes", Access::Tenant).append_only(),
        Table::new("returns", Access::Tenant),
        Table::new("shipments", Access::Tenant),
    ],
    up: "
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

CREATE INDEX ix_orders_total ON orders (tenant_id, total, id);
CREATE INDEX ix_orders_email ON orders (tenant_id, email, id);
CREATE INDEX ix_orders_dispute ON orders (tenant_id, dispute, id) WHERE dispute IS NOT NULL;
CREATE INDEX ix_order_lines_product ON order_lines (tenant_id, product_id, order_id);
CREATE INDEX ix_order_lines_sku ON order_lines (tenant_id, sku, order_id);
",
};

/// New columns of orders and of their lines, in an order in which each may
/// refer to those before it.
const COLUMNS: &[(&str, &str, &str)] = &[
    (
        "orders",
        "dispute",
        "text CHECK (dispute IN ('open', 'won', 'lost'))",
    ),
    ("orders", "exchange_of", "uuid"),
    (
        "orders",
        "exchange_credit",
        "bigint NOT NULL DEFAULT 0 CHECK (exchange_credit >= 0)",
    ),
    (
        "orders",
        "exchanged",
        "bigint NOT NULL DEFAULT 0 CHECK (exchanged >= 0 AND refunded + exchanged <= captured)",
    ),
    (
        "order_lines",
        "intangible",
        "bigint NOT NULL DEFAULT 0 CHECK (intangible BETWEEN 0 AND quantity)",
    ),
    (
        "order_lines",
        "withdrawn",
        "bigint NOT NULL DEFAULT 0 CHECK (withdrawn >= 0)",
    ),
    (
        "order_lines",
        "shipped",
        "bigint NOT NULL DEFAULT 0 CHECK (shipped >= 0 AND shipped + withdrawn + intangible <= quantity)",
    ),
    (
        "order_lines",
        "in_return",
        "bigint NOT NULL DEFAULT 0 CHECK (in_return >= 0)",
    ),
    (
        "order_lines",
        "returned",
        "bigint NOT NULL DEFAULT 0 CHECK (returned >= 0 AND returned + in_return <= shipped)",
    ),
    (
        "order_lines",
        "scrapped",
        "bigint NOT NULL DEFAULT 0 CHECK (scrapped >= 0 AND scrapped + restocked <= quantity)",
    ),
];

/// What is known of orders that were there before: whose goods went out, and
/// by which words they are found.
const FILL: &[&str] = &[
    "UPDATE order_lines SET shipped = quantity, returned = restocked WHERE EXISTS (SELECT 1 FROM orders o \
       WHERE o.tenant_id = order_lines.tenant_id AND o.id = order_lines.order_id AND o.status = 'shipped')",
    "UPDATE order_lines SET withdrawn = restocked WHERE shipped = 0",
    "INSERT INTO shipments (tenant_id, id, order_id, status, lines, carrier, tracking_number, created_at, shipped_at) \
       SELECT o.tenant_id, o.id, o.id, 'shipped', {lines}, o.carrier, o.tracking_number, o.shipped_at, o.shipped_at \
       FROM orders o WHERE o.status = 'shipped'",
    "INSERT INTO order_words (tenant_id, order_id, word) SELECT tenant_id, id, CAST(number AS text) FROM orders",
    "INSERT INTO order_words (tenant_id, order_id, word) SELECT tenant_id, id, lower(email) FROM orders WHERE true \
       ON CONFLICT DO NOTHING",
];

/// The lines of an order as a shipment has them, with ids in their text form.
const LINES_POSTGRES: &str = "(SELECT jsonb_agg(jsonb_build_object('line', encode(uuid_send(l.id), 'hex'), \
    'quantity', l.quantity)) FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id)";
const LINES_SQLITE: &str = "(SELECT json_group_array(json_object('line', lower(hex(l.id)), 'quantity', l.quantity)) \
    FROM order_lines l WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id)";

/// Where the goods of an order can stand: before, and from now on.
const STATES: (&str, &str) = (
    "fulfilment_status IN ('unfulfilled', 'fulfilled')",
    "fulfilment_status IN ('unfulfilled', 'partial', 'fulfilled', 'delivered')",
);

pub(crate) struct AfterPayment;

impl MigrationName for AfterPayment {
    fn name(&self) -> &str {
        TABLES.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AfterPayment {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let postgres = manager.get_database_backend() == DbBackend::Postgres;
        states(manager, STATES.0, STATES.1).await?;
        for (table, column, is) in COLUMNS {
            let add = format!("ALTER TABLE {table} ADD COLUMN {column} {is}");
            run(manager, &if postgres { add } else { for_sqlite(&add) }).await?;
        }
        // Before the new tables have row-level security; the old ones have.
        let lines = if postgres {
            LINES_POSTGRES
        } else {
            LINES_SQLITE
        };
        let fill: Vec<String> = FILL
            .iter()
            .map(|sql| sql.replace("{lines}", lines))
            .collect();
        TABLES.up(manager).await?;
        everywhere(manager, &fill).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        TABLES.down(manager).await?;
        for index in [
            "orders_total",
            "orders_email",
            "orders_dispute",
            "order_lines_product",
            "order_lines_sku",
        ] {
            run(manager, &format!("DROP INDEX ix_{index}")).await?;
        }
        for (table, column, _) in COLUMNS.iter().rev() {
            run(
                manager,
                &format!("ALTER TABLE {table} DROP COLUMN {column}"),
            )
            .await?;
        }
        let back = [
            "UPDATE orders SET fulfilment_status = 'fulfilled' WHERE fulfilment_status = 'delivered'".to_owned(),
            "UPDATE orders SET fulfilment_status = 'unfulfilled' WHERE fulfilment_status = 'partial'".to_owned(),
        ];
        everywhere(manager, &back).await?;
        states(manager, STATES.1, STATES.0).await
    }
}

/// Runs statements over the rows of all tenants: on PostgreSQL the owner of
/// the tables is not confined while that is not forced.
async fn everywhere(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    let tables = ["orders", "order_lines", "shipments", "order_words"];
    let force = async |word: &str| {
        for table in tables {
            let exists = manager.has_table(table).await?;
            if postgres && exists {
                run(
                    manager,
                    &format!("ALTER TABLE {table} {word} ROW LEVEL SECURITY"),
                )
                .await?;
            }
        }
        Ok::<(), DbErr>(())
    };
    force("NO FORCE").await?;
    for sql in statements {
        run(manager, sql).await?;
    }
    force("FORCE").await
}

/// Changes the CHECK of where the goods of an order can stand.
async fn states(manager: &SchemaManager<'_>, from: &str, to: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        let sql = format!(
            "ALTER TABLE orders DROP CONSTRAINT ck_orders_fulfilment_status, \
             ADD CONSTRAINT ck_orders_fulfilment_status CHECK ({to})"
        );
        return run(manager, &sql).await;
    }
    // SQLite cannot alter a CHECK. This is the way its manual gives for
    // changes that leave stored rows as they are:
    // https://www.sqlite.org/lang_altertable.html#otheralter
    let (from, to) = (from.replace('\'', "''"), to.replace('\'', "''"));
    for sql in [
        "PRAGMA writable_schema = ON",
        &format!(
            "UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE type = 'table' AND name = 'orders'"
        ),
        "PRAGMA writable_schema = RESET",
    ] {
        run(manager, sql).await?;
    }
    Ok(())
}
