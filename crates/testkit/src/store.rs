//! A fresh, migrated database for each test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use config::{Settings, Sources};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use url::Url;

/// The role that the application uses in tests.
const ROLE: &str = "sutler_test";
const PASSWORD: &str = "sutler-test";

/// Which database a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The embedded one.
    Sqlite,
    /// A server, named by `TEST_POSTGRES_URL`.
    Postgres,
}

/// A database, gone with this value.
pub struct Store {
    variables: Vec<(String, String)>,
    folder: TempDir,
    database: Option<String>,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);
static SQLITE_TEMPLATE: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
static POSTGRES_TEMPLATE: OnceCell<String> = OnceCell::const_new();

impl Store {
    /// A migrated database.
    pub async fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite(true).await,
            Backend::Postgres => Self::postgres(true).await,
        }
    }

    /// A database without tables.
    pub async fn empty(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite(false).await,
            Backend::Postgres => Self::postgres(false).await,
        }
    }

    async fn sqlite(migrated: bool) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("sutler.db");
        if migrated {
            let (_, template) = SQLITE_TEMPLATE.get_or_init(sqlite_template).await;
            std::fs::copy(template, &path).expect("copy the template");
        }
        Self {
            variables: vec![pair("DATABASE_URL", format!("sqlite://{}", path.display()))],
            folder,
            database: None,
        }
    }

    async fn postgres(migrated: bool) -> Self {
        let name = fresh_name("sutler_test");
        let template = if migrated {
            POSTGRES_TEMPLATE.get_or_init(postgres_template).await
        } else {
            "template0"
        };
        create(&name, template).await;
        Self {
            variables: postgres_variables(&name),
            folder: tempfile::tempdir().expect("a temporary folder"),
            database: Some(name),
        }
    }

    /// The environment variables that name this database and a folder for the
    /// rest.
    pub fn variables(&self) -> Vec<(String, String)> {
        let mut variables = self.variables.clone();
        variables.push(pair("DATA_DIR", self.folder.path().display().to_string()));
        variables
    }

    /// The settings with this database.
    pub fn settings(&self, more: &[(&str, &str)]) -> Settings {
        let mut variables = self.variables();
        variables.extend(
            more.iter()
                .map(|(name, value)| pair(name, (*value).to_owned())),
        );
        load(&variables)
    }

    /// The folder of the installation.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A table as text, to look for what must not be stored. On SQLite it is
    /// the whole file.
    pub async fn dump(&self, table: &str) -> String {
        if self.database.is_none() {
            let parts = ["sutler.db", "sutler.db-wal"].map(|name| self.folder.path().join(name));
            return parts
                .iter()
                .filter_map(|path| std::fs::read(path).ok())
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .collect();
        }
        let sql = format!("SELECT coalesce(json_agg(t)::text, '') FROM {table} t");
        let row = sqlx::query_scalar(AssertSqlSafe(sql));
        row.fetch_one(&mut self.superuser().await)
            .await
            .expect("a table")
    }

    /// A connection to the PostgreSQL database that no security holds for.
    ///
    /// # Panics
    /// On SQLite.
    pub async fn superuser(&self) -> PgConnection {
        let name = self.database.as_deref().expect("this is SQLite");
        connect(&superuser_url(name)).await
    }

    /// A connection to the PostgreSQL database as the application makes it.
    ///
    /// # Panics
    /// On SQLite.
    pub async fn application(&self) -> PgConnection {
        let name = self.database.as_deref().expect("this is SQLite");
        connect(&application_url(name)).await
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let Some(name) = self.database.take() else {
            return;
        };
        // Blocking, on a thread of its own, because a test's runtime may be
        // about to end.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let mut admin = connect(&superuser_url("postgres")).await;
                let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                let _ = admin.execute(AssertSqlSafe(sql)).await;
            });
        });
        let _ = dropped.join();
    }
}

fn pair(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

fn fresh_name(prefix: &str) -> String {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}_{}_{number}", std::process::id())
}

/// The URL of a database as the superuser that tests were given.
///
/// # Panics
/// When there is no PostgreSQL: nothing is skipped in silence.
fn superuser_url(database: &str) -> Url {
    let given = std::env::var("TEST_POSTGRES_URL").expect(
        "TEST_POSTGRES_URL is not set; run the tests with `make test`, which starts PostgreSQL",
    );
    let mut url: Url = given.parse().expect("TEST_POSTGRES_URL is a URL");
    url.set_path(database);
    url
}

fn application_url(database: &str) -> Url {
    let mut url = superuser_url(database);
    let set = url
        .set_username(ROLE)
        .and_then(|()| url.set_password(Some(PASSWORD)));
    set.expect("a URL with a host");
    url
}

fn postgres_variables(database: &str) -> Vec<(String, String)> {
    vec![
        pair("DATABASE_URL", application_url(database).into()),
        pair("DATABASE_OWNER_URL", superuser_url(database).into()),
    ]
}

async fn connect(url: &Url) -> PgConnection {
    PgConnection::connect(url.as_str())
        .await
        .expect("PostgreSQL answers at TEST_POSTGRES_URL")
}

async fn create(name: &str, template: &str) {
    let mut admin = connect(&superuser_url("postgres")).await;
    // Copying files is several times as fast as logging every page.
    let sql = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
    admin
        .execute(AssertSqlSafe(sql))
        .await
        .expect("create a database");
}

async fn sqlite_template() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("template.db");
    let url = format!("sqlite://{}", path.display());
    migrate(&[pair("DATABASE_URL", url)]).await;
    (folder, path)
}

async fn postgres_template() -> String {
    let name = fresh_name("sutler_template");
    create(&name, "template0").await;
    migrate(&postgres_variables(&name)).await;
    name
}

async fn migrate(variables: &[(String, String)]) {
    server::migrations::up(&load(variables).database, None)
        .await
        .expect("migrate");
}

fn load(variables: &[(String, String)]) -> Settings {
    let pairs = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    match Settings::load(Sources::of(pairs, None)) {
        Ok(settings) => settings,
        Err(mistakes) => panic!("{mistakes}"),
    }
}
