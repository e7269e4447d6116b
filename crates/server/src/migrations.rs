//! Bringing the schema up to date.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use database::{Database, OrFault as _, Owner, Sameness};
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

/// The connection of the owner, who alone migrates until it is closed.
struct Alone {
    connection: DatabaseConnection,
    /// Locked on SQLite; the lock goes with it.
    _file: Option<File>,
}

impl Alone {
    #[expect(clippy::disallowed_methods, reason = "migrations run as the owner")]
    async fn begin(owner: &Owner<'_>) -> Result<Self> {
        let path = owner.lock_file().map_err(|fault| explained(&fault))?;
        let file = match path {
            None => None,
            Some(path) => Some(
                tokio::task::spawn_blocking(move || locked(&path))
                    .await
                    .context("wait for the lock of migrations")??,
            ),
        };
        let connection = owner.connect().await.map_err(|fault| explained(&fault))?;
        if connection.get_database_backend() == DbBackend::Postgres {
            // Held until the session ends.
            connection
                .execute_unprepared(&format!("SELECT pg_advisory_lock({LOCK})"))
                .await
                .context("take the lock of migrations")?;
        }
        Ok(Self {
            connection,
            _file: file,
        })
    }

    async fn end(self) -> Result<()> {
        self.connection
            .close()
            .await
            .context("close the connection")
    }
}

fn locked(path: &Path) -> Result<File> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("open {}", path.display()))?;
    file.lock()
        .with_context(|| format!("lock {}", path.display()))?;
    Ok(file)
}

/// A fault with all its causes, for people at a command line.
pub fn explained(fault: &Fault) -> anyhow::Error {
    anyhow::anyhow!("{}", fault.chain())
}

/// Refuses an owner of another database; what is doubtful about the two URLs.
async fn compare(owner: &Owner<'_>) -> Result<Option<String>> {
    let sameness = owner.sameness().await.map_err(|fault| explained(&fault))?;
    Ok(match sameness {
        Sameness::Same => None,
        Sameness::Different { application, owner } => bail!(
            "DATABASE_URL leads to the database {application:?} and DATABASE_OWNER_URL to {owner:?}; \
             let both name the same database"
        ),
        Sameness::OtherServer => Some(
            "DATABASE_URL and DATABASE_OWNER_URL seem to lead to different servers, because these started at different times; \
             look at host and port of both"
                .to_owned(),
        ),
        Sameness::Unknown(fault) => Some(format!(
            "whether DATABASE_URL leads to the database that was migrated is not known: {}; look at its host, port, name and password",
            fault.chain()
        )),
    })
}

/// Applies what is missing, and grants the application's role its rights. The
/// answer is what a person should look at, if anything.
pub async fn up(settings: &config::Database, steps: Option<u32>) -> Result<Option<String>> {
    let owner = Owner::new(settings);
    let mut doubt = compare(&owner).await?;
    let alone = Alone::begin(&owner).await?;
    // A role that may not make tables need not, where all are there.
    if !missing(&alone.connection).await?.is_empty() {
        Migrator::up(&alone.connection, steps)
            .await
            .or_fault()
            .map_err(|fault| not_applied(&fault, settings))?;
    }
    owner.grant().await.map_err(|fault| explained(&fault))?;
    alone.end().await?;
    if doubt.is_some() {
        // The role of DATABASE_URL may be there only now.
        doubt = compare(&owner).await?;
    }
    Ok(doubt)
}

/// Takes back the last migrations.
pub async fn down(settings: &config::Database, steps: u32) -> Result<()> {
    let owner = Owner::new(settings);
    compare(&owner).await?;
    let alone = Alone::begin(&owner).await?;
    Migrator::down(&alone.connection, Some(steps))
        .await
        .or_fault()
        .map_err(|fault| explained(&fault))
        .context("take migrations back")?;
    alone.end().await
}

/// All migrations, and which were applied.
pub async fn status(settings: &config::Database) -> Result<Vec<Status>> {
    let connection = Owner::new(settings)
        .connect()
        .await
        .map_err(|fault| explained(&fault))?;
    let all = all(&connection).await?;
    connection.close().await.context("close the connection")?;
    Ok(all)
}

/// All migrations as they are on a connection. Nothing is created to look: the
/// role may not be the owner.
async fn all(connection: &DatabaseConnection) -> Result<Vec<Status>> {
    let applied = Migrator::get_applied_migrations_read_only(connection)
        .await
        .or_fault()
        .map_err(|fault| explained(&fault))
        .context("read the state of migrations")?;
    Ok(Migrator::migrations()
        .iter()
        .map(|migration| Status {
            name: migration.name().to_owned(),
            applied: applied.iter().any(|one| one.name() == migration.name()),
        })
        .collect())
}

/// Those that are not applied.
async fn missing(connection: &DatabaseConnection) -> Result<Vec<Status>> {
    let mut missing = all(connection).await?;
    missing.retain(|migration| !migration.applied);
    Ok(missing)
}

/// Why migrations were not applied, and what to do about it.
fn not_applied(fault: &Fault, settings: &config::Database) -> anyhow::Error {
    /// `insufficient_privilege` (PostgreSQL, Appendix A).
    const NOT_ALLOWED: &str = "(42501)";
    let said = explained(fault);
    let lacks_owner = settings.owner_url.is_none() && said.to_string().contains(NOT_ALLOWED);
    let context = if lacks_owner {
        "apply the migrations: the role of DATABASE_URL may not make tables; set DATABASE_OWNER_URL to the role that owns them"
    } else {
        "apply the migrations"
    };
    said.context(context)
}

/// Refuses a database that lacks migrations.
pub async fn ensure_applied(database: &Database) -> Result<()> {
    match pending(database).await {
        Ok(missing) => ensure!(
            missing.is_empty(),
            "the database lacks migrations ({}); run `sutler migrate up`",
            missing.join(", ")
        ),
        Err(fault) if fault.is_transient() => return Err(explained(&fault)),
        // It answers, but shows no table of migrations.
        Err(fault) => bail!(
            "migrations are missing: the database has no table of them, or the role of DATABASE_URL may not read it ({}); \
             run `sutler migrate up`, on PostgreSQL with DATABASE_OWNER_URL naming the role that owns the tables",
            fault.chain()
        ),
    }
    Ok(())
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
