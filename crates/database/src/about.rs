//! What a database tells about itself.

use kernel::Fault;
use sea_orm::FromQueryResult;

use crate::backend::{Backend, Checked};
use crate::database::Database;
use crate::owner::RoleReport;

#[derive(FromQueryResult)]
struct MigrationRow {
    version: String,
}

#[derive(FromQueryResult)]
struct VersionRow {
    version: String,
}

#[derive(FromQueryResult)]
struct NowRow {
    micros: i64,
}

#[derive(FromQueryResult)]
struct MayRow {
    may: bool,
}

#[derive(FromQueryResult)]
struct AppliedRow {
    seconds: Option<i64>,
}

impl Database {
    /// Connects and checks the version: SQLite 3.51.3 or later (earlier ones
    /// have a WAL bug that can lose a commit), PostgreSQL 15 or later.
    pub async fn check(&self) -> Result<Checked, Fault> {
        let backend = self.backend();
        let sql = match backend {
            Backend::Sqlite => "SELECT sqlite_version() AS version",
            Backend::Postgres => "SELECT current_setting('server_version') AS version",
        };
        let tx = self.read_system("database.check").await?;
        let row: Option<VersionRow> = tx.one(sql, []).await?;
        let version = row
            .ok_or_else(|| Fault::permanent("the database told no version"))?
            .version;
        let least: &[u32] = match backend {
            Backend::Sqlite => &[3, 51, 3],
            Backend::Postgres => &[15],
        };
        if !at_least(&version, least) {
            return Err(Fault::permanent(format!(
                "{backend:?} {version} is too old; {} or later is needed",
                least
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(".")
            )));
        }
        Ok(Checked { backend, version })
    }

    /// What time it is at the database server; none on SQLite, which has no
    /// clock of its own.
    pub async fn now(&self) -> Result<Option<kernel::Timestamp>, Fault> {
        if self.backend() == Backend::Sqlite {
            return Ok(None);
        }
        let tx = self.read_system("database.now").await?;
        let row: Option<NowRow> = tx
            .one(
                "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) AS micros",
                [],
            )
            .await?;
        Ok(row.map(|row| kernel::Timestamp::from_micros(row.micros)))
    }

    /// The names of the migrations that were applied.
    pub async fn applied_migrations(&self) -> Result<Vec<String>, Fault> {
        let tx = self.read_system("database.migrations").await?;
        let rows: Vec<MigrationRow> = tx.all("SELECT version FROM seaql_migrations", []).await?;
        Ok(rows.into_iter().map(|row| row.version).collect())
    }

    /// Whether there is a table of migrations, even one that the role of this
    /// connection may not read.
    pub async fn has_migrations_table(&self) -> Result<bool, Fault> {
        let sql = match self.backend() {
            Backend::Sqlite => {
                "SELECT name AS version FROM sqlite_schema WHERE type = 'table' AND name = 'seaql_migrations'"
            }
            Backend::Postgres => {
                "SELECT relname::text AS version FROM pg_catalog.pg_class \
                 WHERE relkind IN ('r', 'p') AND relname = 'seaql_migrations'"
            }
        };
        let tx = self.read_system("database.migrations_table").await?;
        let rows: Vec<MigrationRow> = tx.all(sql, []).await?;
        Ok(!rows.is_empty())
    }

    /// When the last migration was applied, as the clock of the machine said
    /// that did it; none before the first.
    pub async fn last_migrated_at(&self) -> Result<Option<kernel::Timestamp>, Fault> {
        let tx = self.read_system("database.last_migrated_at").await?;
        let row: Option<AppliedRow> = tx
            .one(
                "SELECT MAX(applied_at) AS seconds FROM seaql_migrations",
                [],
            )
            .await?;
        let seconds = row.and_then(|row| row.seconds);
        Ok(
            seconds
                .map(|seconds| kernel::Timestamp::from_micros(seconds.saturating_mul(1_000_000))),
        )
    }

    /// Whether the role of this connection may make tables, as migrations do.
    pub async fn may_create_tables(&self) -> Result<bool, Fault> {
        if self.backend() == Backend::Sqlite {
            return Ok(true);
        }
        let tx = self.read_system("database.may_create_tables").await?;
        let row: Option<MayRow> = tx
            .one(
                "SELECT COALESCE(has_schema_privilege(current_schema()::text, 'CREATE'), false) AS may",
                [],
            )
            .await?;
        Ok(row.is_some_and(|row| row.may))
    }

    /// What the role of this connection may do on PostgreSQL; none on SQLite.
    pub async fn role(&self) -> Result<Option<RoleReport>, Fault> {
        if self.backend() == Backend::Sqlite {
            return Ok(None);
        }
        let tx = self.read_system("database.role").await?;
        RoleReport::read(&tx).await.map(Some)
    }
}

/// Whether a version such as `3.51.3` or `15.18 (Debian …)` is at least
/// another one.
fn at_least(version: &str, least: &[u32]) -> bool {
    let numbers: Vec<u32> = version
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()
        .unwrap_or_default()
        .split('.')
        .filter_map(|part| part.parse().ok())
        .collect();
    numbers.as_slice() >= least
}

#[cfg(test)]
mod tests {
    use super::at_least;

    #[test]
    fn versions_compare_by_number() {
        assert!(at_least("3.51.3", &[3, 51, 3]));
        assert!(at_least("3.100.0", &[3, 51, 3]));
        assert!(!at_least("3.51.2", &[3, 51, 3]));
        assert!(!at_least("3.9.9", &[3, 51, 3]));
        assert!(at_least("15.18 (Debian 15.18-0+deb12u1)", &[15]));
        assert!(at_least("17beta1", &[15]));
        assert!(!at_least("14.11", &[15]));
        assert!(!at_least("", &[15]));
    }
}
