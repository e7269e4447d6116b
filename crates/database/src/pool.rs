//! A pool of connections that stay where they were opened.
//!
//! A connection is driven by the runtime that opened it. Each thread of the
//! HTTP server is a runtime of its own; a thread that uses the connection of
//! another one has to be woken by that one for every answer of the database.
//! So a caller gets a connection of its own runtime if one is idle or may be
//! opened, and only else another one's.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::Fault;
use tokio::runtime::{Handle, Id};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::backend::{Backend, Opener};
use crate::connection::{AfterUse, Connection, Raw};
use crate::fault::driver_fault;

/// A connection that rested this long is tried before it is handed out.
const PING_AFTER_IDLE: Duration = Duration::from_secs(30);

/// How busy the connections of a pool are.
#[derive(Debug, Clone, Copy)]
pub struct PoolStatus {
    /// Connections that are open.
    pub open: usize,
    /// Connections that wait for work.
    pub idle: usize,
    /// Callers that wait for a connection.
    pub waiting: usize,
    /// Connections at most.
    pub limit: usize,
}

/// Opens the connections of a pool.
pub(crate) struct Manager {
    pub(crate) opener: Opener,
    pub(crate) round_trips: Arc<AtomicU64>,
    pub(crate) read_only: bool,
}

impl Manager {
    async fn open(&self) -> Result<Connection, sqlx::Error> {
        let raw = match &self.opener {
            Opener::Sqlite(options) => {
                Raw::Sqlite(Opener::open_sqlite(options, self.read_only).await?)
            }
            Opener::Postgres(options) => Raw::Postgres(Opener::open_postgres(options).await?),
        };
        Ok(Connection::new(raw, self.round_trips.clone()))
    }

    /// The runtime a connection belongs to that is opened here and now. Those
    /// of SQLite have threads of their own and are at home everywhere.
    fn home(&self) -> Option<Id> {
        match self.opener.backend() {
            Backend::Sqlite => None,
            Backend::Postgres => Handle::try_current().ok().map(|runtime| runtime.id()),
        }
    }
}

struct Shared {
    manager: Manager,
    limit: usize,
    patience: Duration,
    /// One for each connection that is in use or being opened.
    permits: Arc<Semaphore>,
    idle: Mutex<Idle>,
    open: AtomicUsize,
    waiting: AtomicUsize,
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections that wait for work.
#[derive(Default)]
struct Idle {
    kept: Vec<Kept>,
    /// When one broke last. The others that were idle then may have lost the
    /// same server.
    broken: Option<Instant>,
}

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

/// A connection and where it belongs.
struct Kept {
    connection: Connection,
    home: Option<Id>,
    used: Instant,
    _open: Counted,
}

/// Counts for as long as it lives.
struct Counted(Arc<Shared>, fn(&Shared) -> &AtomicUsize);

impl Counted {
    fn new(shared: &Arc<Shared>, counter: fn(&Shared) -> &AtomicUsize) -> Self {
        counter(shared).fetch_add(1, Ordering::AcqRel);
        Self(shared.clone(), counter)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a caller does that has a permit.
enum Turn {
    Use(Kept),
    /// Only if it still answers.
    Try(Kept),
    Open(Counted),
}

/// A connection in use; it goes back to its pool when dropped.
pub(crate) struct Pooled {
    pool: Arc<Shared>,
    kept: Option<Kept>,
    // Dropped last: only then somebody else may have the connection.
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool of at most so many connections, for which callers wait so long.
    pub(crate) fn new(manager: Manager, limit: usize, patience: Duration) -> Self {
        Self(Arc::new(Shared {
            manager,
            limit,
            patience,
            permits: Arc::new(Semaphore::new(limit)),
            idle: Mutex::default(),
            open: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
        }))
    }

    /// A connection, as soon as one is free.
    pub(crate) async fn get(&self) -> Result<Pooled, Fault> {
        let deadline = Instant::now() + self.0.patience;
        let permit = self.permit(deadline).await?;
        let kept = loop {
            match self.turn() {
                Turn::Open(open) => break self.open(open, deadline).await?,
                Turn::Use(kept) => break kept,
                Turn::Try(mut kept) => {
                    // One that does not answer is closed by not keeping it.
                    if in_time(deadline, kept.connection.ping()).await.is_ok() {
                        break kept;
                    }
                }
            }
        };
        Ok(Pooled {
            pool: self.0.clone(),
            kept: Some(kept),
            _permit: permit,
        })
    }

    async fn permit(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, Fault> {
        let permits = self.0.permits.clone();
        if let Ok(permit) = permits.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Counted::new(&self.0, |shared| &shared.waiting);
        match timeout_at(deadline, permits.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Fault::transient("the database is closed for a shutdown")),
            Err(_) => Err(Fault::transient(format!(
                "all {} database connections were in use for {:?}",
                self.0.limit, self.0.patience
            ))),
        }
    }

    /// Whoever has a permit finds an idle connection or may open one: all
    /// that are open and not idle belong to somebody else with a permit.
    fn turn(&self) -> Turn {
        let home = self.0.manager.home();
        let mut idle = self.0.idle();
        // The one that was used last; the others grow old and are closed.
        let own = idle.kept.iter().rposition(|kept| kept.home == home);
        let full = self.0.open.load(Ordering::Acquire) >= self.0.limit;
        let Some(at) = own.or_else(|| (full && !idle.kept.is_empty()).then_some(0)) else {
            return Turn::Open(Counted::new(&self.0, |shared| &shared.open));
        };
        let kept = idle.kept.remove(at);
        let doubtful = idle.broken.is_some_and(|broken| kept.used <= broken);
        if doubtful || kept.used.elapsed() > PING_AFTER_IDLE {
            Turn::Try(kept)
        } else {
            Turn::Use(kept)
        }
    }

    async fn open(&self, open: Counted, deadline: Instant) -> Result<Kept, Fault> {
        let home = self.0.manager.home();
        let connection = in_time(deadline, self.0.manager.open())
            .await
            .map_err(|error| driver_fault("connect to the database", &error))?;
        Ok(Kept {
            connection,
            home,
            used: Instant::now(),
            _open: open,
        })
    }

    pub(crate) fn status(&self) -> PoolStatus {
        PoolStatus {
            open: self.0.open.load(Ordering::Acquire),
            idle: self.0.idle().kept.len(),
            waiting: self.0.waiting.load(Ordering::Acquire),
            limit: self.0.limit,
        }
    }

    /// Closes what has been idle for so long.
    pub(crate) fn close_idle(&self, for_long: Duration) {
        let mut idle = self.0.idle();
        let is_closed = |kept: &mut Kept| kept.used.elapsed() >= for_long;
        let closed: Vec<Kept> = idle.kept.extract_if(.., is_closed).collect();
        // Closing may take a while; others need not wait for it.
        drop(idle);
        drop(closed);
    }

    /// Closes what is idle, and what is in use as soon as it comes back;
    /// whoever waits gets an error.
    pub(crate) fn close(&self) {
        self.0.permits.close();
        self.0.idle().kept.clear();
    }
}

async fn in_time<T>(
    deadline: Instant,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout_at(deadline, work)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())))
}

impl Pooled {
    /// Closes the connection instead of giving it back.
    pub(crate) fn discard(mut self) {
        self.pool.idle().broken = Some(Instant::now());
        self.kept = None;
    }
}

impl std::ops::Deref for Pooled {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        let kept = self.kept.as_ref();
        &kept.expect("it is taken only at the end").connection
    }
}

impl std::ops::DerefMut for Pooled {
    fn deref_mut(&mut self) -> &mut Connection {
        let kept = self.kept.as_mut();
        &mut kept.expect("it is taken only at the end").connection
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        let Some(mut kept) = self.kept.take() else {
            return;
        };
        if self.pool.permits.is_closed() {
            return;
        }
        kept.used = Instant::now();
        let mut idle = self.pool.idle();
        if kept.connection.after_use() == AfterUse::Reuse {
            idle.kept.push(kept);
        } else {
            idle.broken = Some(kept.used);
        }
    }
}
