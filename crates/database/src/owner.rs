//! What the owner of the tables does: connecting for migrations, and giving
//! the application's role on PostgreSQL exactly what it needs.

use std::path::PathBuf;
use std::str::FromStr as _;

use kernel::Fault;
use sea_orm::{ConnectOptions, DatabaseConnection, FromQueryResult};
use secrecy::ExposeSecret as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

use crate::fault::{driver_fault, fault};
use crate::system::SystemTransaction;

/// The role that owns the tables.
pub struct Owner<'a> {
    pub(crate) settings: &'a config::Database,
}

/// What a role may do that it should not.
#[derive(Debug, Clone, PartialEq, Eq, FromQueryResult)]
pub struct RoleReport {
    /// The role's name.
    pub name: String,
    /// It is a superuser: row-level security does not apply to it.
    pub superuser: bool,
    /// It is exempt from row-level security.
    pub bypasses_rls: bool,
}

impl RoleReport {
    /// Reads what the current role may do.
    pub(crate) async fn read(tx: &SystemTransaction) -> Result<Self, Fault> {
        tx.one(
            "SELECT rolname::text AS name, rolsuper AS superuser, rolbypassrls AS bypasses_rls \
             FROM pg_roles WHERE rolname = current_user",
            [],
        )
        .await?
        .ok_or_else(|| Fault::permanent("the current role is not in pg_roles"))
    }

    /// Whether row-level security holds for the role.
    pub fn is_confined(&self) -> bool {
        !self.superuser && !self.bypasses_rls
    }
}

impl<'a> Owner<'a> {
    /// The owner that `DATABASE_OWNER_URL` names, or the role of
    /// `DATABASE_URL` when there is none.
    pub fn new(settings: &'a config::Database) -> Self {
        Self { settings }
    }

    fn url(&self) -> &str {
        self.settings
            .owner_url
            .as_ref()
            .unwrap_or(&self.settings.url)
            .expose_secret()
    }

    /// A connection of sea-orm's own kind, for its migrator. On SQLite it
    /// creates the file and its folder.
    #[expect(clippy::disallowed_methods, reason = "this is the database crate")]
    pub async fn connect(&self) -> Result<DatabaseConnection, Fault> {
        let url = self.url().to_owned();
        let mut options = ConnectOptions::new(url.clone());
        options.max_connections(1).sqlx_logging(false);
        if url.starts_with("sqlite:") {
            let crate::backend::Opener::Sqlite(ours) = crate::backend::Opener::new(self.settings)?
            else {
                return Err(Fault::permanent("a SQLite URL gave other options"));
            };
            options.map_sqlx_sqlite_opts(move |_| (*ours).clone());
        }
        sea_orm::Database::connect(options).await.map_err(fault)
    }

    /// On SQLite, the file that says that somebody migrates; a lock on it
    /// lets others wait. PostgreSQL has locks of its own.
    pub fn lock_file(&self) -> Result<Option<PathBuf>, Fault> {
        match crate::backend::Opener::new(self.settings)? {
            crate::backend::Opener::Sqlite(options) => {
                Ok(Some(options.get_filename().with_extension("migrating")))
            }
            crate::backend::Opener::Postgres(_) => Ok(None),
        }
    }

    /// On PostgreSQL with an owner of its own: creates the role of
    /// `DATABASE_URL` if it is missing, and grants it what the application
    /// needs and no more. Safe to repeat.
    pub async fn grant(&self) -> Result<(), Fault> {
        let Some(owner_url) = &self.settings.owner_url else {
            return Ok(());
        };
        let application = PgConnectOptions::from_str(self.settings.url.expose_secret())
            .map_err(|error| driver_fault("DATABASE_URL is not a PostgreSQL URL", &error))?;
        let role = application.get_username().to_owned();
        let mut owner = PgConnection::connect(owner_url.expose_secret())
            .await
            .map_err(|error| driver_fault("connect as the owner", &error))?;
        self.grant_to(&mut owner, &role)
            .await
            .map_err(|error| driver_fault("grant rights to the application's role", &error))
    }

    async fn grant_to(&self, owner: &mut PgConnection, role: &str) -> Result<(), sqlx::Error> {
        if text(owner, "SELECT current_user::text").await? == role {
            return Ok(());
        }
        let schema = text(owner, "SELECT quote_ident(current_schema()::text)").await?;
        let quoted = quote_identifier(role);
        let password = password_of(self.settings.url.expose_secret());
        let create = match password {
            Some(password) => format!("CREATE ROLE {quoted} LOGIN PASSWORD {}", quote(&password)),
            None => format!("CREATE ROLE {quoted} LOGIN"),
        };
        run(
            owner,
            format!(
                "DO $do$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) \
                 THEN EXECUTE {}; END IF; END $do$",
                quote(role),
                quote(&create)
            ),
        )
        .await?;
        run(
            owner,
            format!(
                "GRANT USAGE ON SCHEMA {schema} TO {quoted}; \
                 GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {quoted}; \
                 REVOKE INSERT, UPDATE, DELETE ON seaql_migrations FROM {quoted}"
            ),
        )
        .await?;
        // Histories are what a migration gave a trigger against changes.
        let histories = sqlx::query_scalar::<_, String>(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%\\_append\\_only'",
        )
        .fetch_all(&mut *owner)
        .await?;
        for table in histories {
            run(
                owner,
                format!("REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {quoted}"),
            )
            .await?;
        }
        Ok(())
    }
}

fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal that no setting of the server can read differently.
fn quote(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The password in a URL, which sqlx's options do not give back.
fn password_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (credentials, _) = rest.split_once('@')?;
    let (_, password) = credentials.split_once(':')?;
    Some(percent_decode(password))
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Runs SQL of our own on a plain connection; used by the owner's set-up.
async fn run(connection: &mut PgConnection, sql: String) -> Result<(), sqlx::Error> {
    sqlx::Executor::execute(connection, AssertSqlSafe(sql))
        .await
        .map(|_| ())
}

/// One text of a one-column answer.
async fn text(connection: &mut PgConnection, sql: &'static str) -> Result<String, sqlx::Error> {
    sqlx::query(sql).fetch_one(connection).await?.try_get(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_names_are_quoted() {
        assert_eq!(
            password_of("postgres://app:p%40ss%27@h/d").as_deref(),
            Some("p@ss'")
        );
        assert_eq!(password_of("postgres://app@h/d"), None);
        assert_eq!(quote("a'b\\"), "E'a\\'b\\\\'");
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
    }
}
