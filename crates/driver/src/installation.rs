//! A Sutler of one's own: a folder, a database, settings, and the process.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use url::Url;

use crate::client::{Call, Client};

/// How long a start may take.
const PATIENCE: Duration = Duration::from_mins(1);
/// The role that the application uses on PostgreSQL.
const ROLE: &str = "sutler_driver";
const PASSWORD: &str = "sutler-driver";

/// The two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A file in the folder.
    Sqlite,
    /// A database on the server that `TEST_POSTGRES_URL` names.
    Postgres,
}

impl Backend {
    /// SQLite, and PostgreSQL if there is one.
    pub fn available() -> Vec<Self> {
        match std::env::var_os("TEST_POSTGRES_URL") {
            Some(_) => vec![Self::Sqlite, Self::Postgres],
            None => vec![Self::Sqlite],
        }
    }
}

/// What outlasts the process: folder, database, settings.
pub struct Installation {
    sutler: PathBuf,
    /// Which database it uses.
    pub backend: Backend,
    folder: TempDir,
    database: Option<String>,
    variables: Vec<(String, String)>,
}

/// A process that answers.
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// How long it took from its start to its first answer.
    pub started_in: Duration,
}

/// The binary beside this one, unless another is named.
pub fn sutler(named: Option<PathBuf>) -> Result<PathBuf> {
    let path = match named {
        Some(path) => path,
        None => std::env::current_exe()
            .context("where this program is")?
            .with_file_name("sutler"),
    };
    if !path.exists() {
        bail!("{} is not there; build it first", path.display());
    }
    Ok(path)
}

/// The URL of a database as the superuser.
pub fn superuser_url(database: &str) -> Result<Url> {
    let given = std::env::var("TEST_POSTGRES_URL")
        .context("TEST_POSTGRES_URL is not set; run this with scripts/with-postgres")?;
    let mut url: Url = given.parse().context("TEST_POSTGRES_URL")?;
    url.set_path(database);
    Ok(url)
}

impl Installation {
    /// An empty installation without rate limits.
    pub async fn new(sutler: &Path, backend: Backend) -> Result<Self> {
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let mut new = Self {
            sutler: sutler.to_owned(),
            backend,
            folder,
            database: None,
            variables: Vec::new(),
        };
        let data = new.folder.path().display().to_string();
        new.set("DATA_DIR", data);
        let mails = new.mails().display().to_string();
        new.set("MAIL_FOLDER", mails);
        new.set("RATE_LIMIT_ENABLED", "false");
        match backend {
            Backend::Sqlite => {
                let url = format!("sqlite://{}", new.sqlite_file().display());
                new.set("DATABASE_URL", url);
            }
            Backend::Postgres => new.create_database().await?,
        }
        Ok(new)
    }

    /// A database with an owner who is no superuser; `sutler` makes the role
    /// of the application itself, as in production.
    async fn create_database(&mut self) -> Result<()> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("sutler_driver_{}_{number}", std::process::id());
        let mut admin = PgConnection::connect(superuser_url("postgres")?.as_str())
            .await
            .context("connect to PostgreSQL")?;
        for sql in [
            format!("CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{PASSWORD}'"),
            format!("CREATE DATABASE {name} OWNER {name}"),
            // What is acknowledged must outlast a crash, whatever the tests of
            // this cluster use.
            format!("ALTER DATABASE {name} SET synchronous_commit = on"),
        ] {
            admin.execute(AssertSqlSafe(sql)).await?;
        }
        let as_role = |role: &str| -> Result<String> {
            let mut url = superuser_url(&name)?;
            url.set_username(role)
                .and_then(|()| url.set_password(Some(PASSWORD)))
                .map_err(|()| anyhow::anyhow!("TEST_POSTGRES_URL has no host"))?;
            Ok(url.into())
        };
        let (application, owner) = (as_role(ROLE)?, as_role(&name)?);
        self.set("DATABASE_URL", application);
        self.set("DATABASE_OWNER_URL", owner);
        self.database = Some(name);
        Ok(())
    }

    /// The name of the PostgreSQL database.
    pub fn database(&self) -> Result<&str> {
        self.database.as_deref().context("this is SQLite")
    }

    /// The URL that the application uses.
    pub fn database_url(&self) -> Result<&str> {
        self.variables
            .iter()
            .find_map(|(name, value)| (name == "DATABASE_URL").then_some(value.as_str()))
            .context("there is no DATABASE_URL")
    }

    /// The file of the SQLite database.
    pub fn sqlite_file(&self) -> PathBuf {
        self.folder.path().join("sutler.db")
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of its mails.
    pub fn mails(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    /// What the process said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Sets a variable for the next start.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Another program with the settings of this installation.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs another command to its end.
    pub fn run(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new(&self.sutler)
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .with_context(|| format!("start {}", self.sutler.display()))?;
        if !output.status.success() {
            bail!(
                "{arguments:?} failed: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(())
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(&self, arguments: &[&str]) -> Result<Running> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .context("find a free port")?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .context("open the log")?;
        let began = Instant::now();
        let child = Command::new(&self.sutler)
            .arg("serve")
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("HTTP_BIND", port.to_string())
            .env("HTTP_PUBLIC_URL", format!("http://{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("open the log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", self.sutler.display()))?;
        let mut running = Running {
            child,
            address: port,
            started_in: Duration::ZERO,
        };
        if let Err(error) = running.wait_until_ready(began).await {
            bail!("{error:#}; it said:\n{}", self.log());
        }
        Ok(running)
    }
}

impl Running {
    async fn wait_until_ready(&mut self, began: Instant) -> Result<()> {
        let mut client = Client::new(self.address);
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().context("wait for the server")? {
                bail!("the server ended with {status}");
            }
            if let Ok(answer) = client.send(&Call::get("/ready")).await
                && answer.status == 200
            {
                self.started_in = began.elapsed();
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!("the server does not get ready")
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it with SIGKILL: nothing of it runs any more after this.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill().context("kill the server")?;
        self.child.wait().context("wait for the server")?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let Some(name) = self.database.take() else {
            return;
        };
        // Blocking, on a thread of its own: the runtime may be about to end.
        let dropped = std::thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect(superuser_url("postgres")?.as_str()).await?;
                for sql in [
                    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                    format!("DROP ROLE IF EXISTS {name}"),
                ] {
                    admin.execute(AssertSqlSafe(sql)).await?;
                }
                Ok(())
            })
        });
        let _ = dropped.join();
    }
}
