//! Bringing the schema up to date.

use anyhow::{Context as _, Result};
use database::{Database, Owner};
use kernel::Fault;
use migration::Migrator;
use sea_orm_migration::MigratorTrait as _;
use sea_orm_migration::sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};

/// A migration and whether it was applied.
pub struct Status {
    /// Its name.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

/// Any number of processes may migrate at the same time; this lock lets one
/// do it while the others wait.
const LOCK: i64 = 7_265_418_903;

#[expect(clippy::disallowed_methods, reason = "migrations run as the owner")]
async fn locked(connection: &DatabaseConnection, lock: bool) -> Result<()> {
    if connection.get_database_backend() == DbBackend::Postgres {
        let verb = if lock { "lock" } else { "unlock" };
        connection
            .execute_unprepared(&format!("SELECT pg_advisory_{verb}({LOCK})"))
            .await
            .context("take the lock of migrations")?;
    }
    Ok(())
}

/// A fault with all its causes, for people at a command line.
pub fn explained(fault: &Fault) -> anyhow::Error {
    anyhow::anyhow!("{}", fault.chain())
}

/// Applies what is missing, and grants the application's role its rights.
pub async fn up(settings: &config::Database, steps: Option<u32>) -> Result<()> {
    let owner = Owner::new(settings);
    let connection = owner.connect().await.map_err(|fault| explained(&fault))?;
    locked(&connection, true).await?;
    let result = Migrator::up(&connection, steps).await;
    locked(&connection, false).await?;
    result.context("apply the migrations")?;
    connection.close().await.context("close the connection")?;
    owner.grant().await.map_err(|fault| explained(&fault))
}

/// Takes back the last migrations.
pub async fn down(settings: &config::Database, steps: u32) -> Result<()> {
    let connection = Owner::new(settings)
        .connect()
        .await
        .map_err(|fault| explained(&fault))?;
    locked(&connection, true).await?;
    let result = Migrator::down(&connection, Some(steps)).await;
    locked(&connection, false).await?;
    result.context("take migrations back")?;
    connection.close().await.context("close the connection")
}

/// All migrations, and which were applied.
pub async fn status(settings: &config::Database) -> Result<Vec<Status>> {
    let connection = Owner::new(settings)
        .connect()
        .await
        .map_err(|fault| explained(&fault))?;
    let pending = Migrator::get_pending_migrations(&connection)
        .await
        .context("read the state of migrations")?;
    Ok(Migrator::migrations()
        .iter()
        .map(|migration| Status {
            name: migration.name().to_owned(),
            applied: !pending.iter().any(|p| p.name() == migration.name()),
        })
        .collect())
}

/// The migrations that are missing, as the application's role sees it.
pub async fn pending(database: &Database) -> Result<Vec<String>, Fault> {
    let applied = database.applied_migrations().await?;
    Ok(Migrator::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .filter(|name| !applied.contains(name))
        .collect())
}
