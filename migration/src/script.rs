//! A migration that is a script.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::Owned;

/// What a migration does.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// Creates tables and indexes. `uuid`, `bigint`, `boolean`, `bytea` and
    /// `jsonb` are translated for SQLite, whose tables are strict.
    pub(crate) up: &'static str,
    /// The tables it creates, in an order in which they can be dropped.
    pub(crate) tables: &'static [Table],
}

/// A table, for row-level security.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    /// Rows are added and never changed or deleted.
    pub(crate) append_only: bool,
}

/// Who sees the rows of a table on PostgreSQL.
pub(crate) enum Access {
    /// The tenant of the row.
    Tenant,
    /// The tenant of the row, and the system (job worker, relay, sweeps).
    TenantAndSystem,
    /// The row is the tenant itself, or the system asks.
    IsTenant,
    /// No row belongs to a tenant.
    Everybody,
}

impl Table {
    pub(crate) const fn new(name: &'static str, access: Access) -> Self {
        Self {
            name,
            access,
            append_only: false,
        }
    }

    pub(crate) const fn append_only(mut self) -> Self {
        self.append_only = true;
        self
    }
}

impl MigrationName for Script {
    fn name(&self) -> &str {
        self.name
    }
}

impl Owned for Script {
    fn tables(&self) -> Vec<&'static str> {
        self.tables.iter().map(|table| table.name).collect()
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Script {
    /// A migration that is interrupted leaves nothing, on SQLite either.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        let postgres = backend == DbBackend::Postgres;
        let tables = if postgres {
            self.up.to_owned()
        } else {
            for_sqlite(self.up)
        };
        run(manager, &tables).await?;
        for table in self.tables {
            if postgres {
                run(manager, &security(table)).await?;
            }
            if table.append_only {
                run(manager, &refuse_changes(table.name, postgres)).await?;
            }
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in added_columns(self.up) {
            run(
                manager,
                &format!("ALTER TABLE {table} DROP COLUMN {column}"),
            )
            .await?;
        }
        for table in self.tables {
            run(manager, &format!("DROP TABLE {}", table.name)).await?;
            if table.append_only && manager.get_database_backend() == DbBackend::Postgres {
                run(manager, &format!("DROP FUNCTION {}_refuse()", table.name)).await?;
            }
        }
        Ok(())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "migrations run as the owner, before there are scopes"
)]
pub(crate) async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    manager
        .get_connection()
        .execute_unprepared(sql)
        .await
        .map(|_| ())
}

/// The columns that a script adds to tables of other migrations, as (table,
/// column), the last one first.
fn added_columns(up: &str) -> Vec<(&str, &str)> {
    let mut found: Vec<(&str, &str)> = up
        .lines()
        .filter_map(|line| {
            let (table, rest) = line
                .trim()
                .strip_prefix("ALTER TABLE ")?
                .split_once(" ADD COLUMN ")?;
            Some((table, rest.split(' ').next()?))
        })
        .collect();
    found.reverse();
    found
}

/// Translates the types, word by word, and makes the tables strict.
fn for_sqlite(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while !rest.is_empty() {
        let word = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let (head, tail) = rest.split_at(word.max(1));
        out.push_str(match head {
            "uuid" | "bytea" => "BLOB",
            "bigint" | "boolean" => "INTEGER",
            "jsonb" | "text" => "TEXT",
            other => other,
        });
        rest = tail;
    }
    out.replace("\n);", "\n) STRICT;")
        .replace(" COLLATE \"C\"", "")
}

fn security(table: &Table) -> String {
    let name = table.name;
    let own = "tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid";
    let system = "current_setting('app.system', true) = 'on'";
    let rule = match table.access {
        Access::Tenant => own.to_owned(),
        Access::TenantAndSystem => format!("({own} OR {system})"),
        Access::IsTenant => {
            format!("(id = NULLIF(current_setting('app.tenant', true), '')::uuid OR {system})")
        }
        Access::Everybody => return String::new(),
    };
    format!(
        "ALTER TABLE {name} ENABLE ROW LEVEL SECURITY; \
         ALTER TABLE {name} FORCE ROW LEVEL SECURITY; \
         CREATE POLICY confined ON {name} USING ({rule}) WITH CHECK ({rule})"
    )
}

fn refuse_changes(name: &str, postgres: bool) -> String {
    if postgres {
        return format!(
            "CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION '{name} is append-only'; END $$; \
             CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE ON {name} \
             FOR EACH ROW EXECUTE FUNCTION {name}_refuse()"
        );
    }
    ["UPDATE", "DELETE"]
        .map(|change| {
            format!(
                "CREATE TRIGGER {name}_no_{} BEFORE {change} ON {name} \
                 BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END;",
                change.to_lowercase()
            )
        })
        .join(" ")
}
