//! The directory of tenants, kept in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use accounts_model::events::TenantChanged;
use accounts_model::tenant::Tenant;
use accounts_repository::tenants;
use database::{Database, expect_no_connection_held};
use kernel::{Fault, TenantId};
use queue::{Stale, StaleTags};

/// How long the directory is believed when no change is announced.
const KEEP: Duration = Duration::from_secs(30);

struct Listing {
    tenants: Arc<Vec<Arc<Tenant>>>,
    read_at: Instant,
}

/// What is known, and how many changes were announced so far.
#[derive(Default)]
struct Known {
    listing: Option<Listing>,
    changes: u64,
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

/// All tenants, read when needed and forgotten when one changes.
pub(crate) struct Directory {
    database: Database,
    known: Arc<Mutex<Known>>,
}

impl Directory {
    pub(crate) fn new(database: Database, stale: &StaleTags) -> Self {
        let known: Arc<Mutex<Known>> = Arc::default();
        let told = known.clone();
        stale.listen(move |stale| {
            let changed = match stale {
                Stale::Everything => true,
                Stale::Tags(_, tags) => tags.iter().any(|tag| tag == TenantChanged::TAG),
            };
            if changed {
                let mut known = lock(&told);
                known.listing = None;
                known.changes += 1;
            }
        });
        Self { database, known }
    }

    /// All tenants, oldest first. Not to be asked while the task holds a
    /// connection, because another may be needed.
    pub(crate) async fn all(&self) -> Result<Arc<Vec<Arc<Tenant>>>, Fault> {
        expect_no_connection_held("the directory of tenants");
        let before = {
            let known = lock(&self.known);
            if let Some(listing) = &known.listing
                && listing.read_at.elapsed() < KEEP
            {
                return Ok(listing.tenants.clone());
            }
            known.changes
        };
        // Seldom, and much larger than the answer that is known: boxed, so
        // that not every request has to carry room for it.
        Box::pin(self.read(before)).await
    }

    async fn read(&self, before: u64) -> Result<Arc<Vec<Arc<Tenant>>>, Fault> {
        let tx = self.database.read_system("tenants.directory").await?;
        let tenants = tenants::all(&tx).await?;
        drop(tx);
        let tenants = Arc::new(tenants.into_iter().map(Arc::new).collect::<Vec<_>>());
        let mut known = lock(&self.known);
        // What was read before a change must not be believed after it.
        if known.changes == before {
            known.listing = Some(Listing {
                tenants: tenants.clone(),
                read_at: Instant::now(),
            });
        }
        Ok(tenants)
    }

    /// One tenant.
    pub(crate) async fn get(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, Fault> {
        let tenants = self.all().await?;
        Ok(tenants.iter().find(|tenant| tenant.id == id).cloned())
    }

    /// The tenant a host belongs to, else the default one.
    pub(crate) async fn of_host(&self, host: Option<&str>) -> Result<Arc<Tenant>, Fault> {
        let tenants = self.all().await?;
        host.and_then(|host| {
            tenants
                .iter()
                .find(|tenant| tenant.hosts.iter().any(|own| own == host))
        })
        .or_else(|| tenants.iter().find(|tenant| tenant.is_default))
        .cloned()
        .ok_or_else(|| Fault::permanent("there is no default tenant; start the server once"))
    }
}
