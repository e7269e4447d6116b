//! The directory of tenants, kept in memory.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use accounts_model::events::TenantChanged;
use accounts_model::tenant::Tenant;
use accounts_repository::tenants;
use database::Database;
use kernel::{Fault, TenantId};
use queue::{Stale, StaleTags};

/// How long the directory is believed when no change is announced.
const KEEP: Duration = Duration::from_secs(30);

struct Listing {
    tenants: Arc<Vec<Arc<Tenant>>>,
    read_at: Instant,
}

/// All tenants, read when needed and forgotten when one changes.
pub(crate) struct Directory {
    database: Database,
    listing: Arc<RwLock<Option<Listing>>>,
}

impl Directory {
    pub(crate) fn new(database: Database, stale: &StaleTags) -> Self {
        let listing: Arc<RwLock<Option<Listing>>> = Arc::default();
        let forget = listing.clone();
        stale.listen(move |stale| {
            let changed = match stale {
                Stale::Everything => true,
                Stale::Tags(_, tags) => tags.iter().any(|tag| tag == TenantChanged::TAG),
            };
            if changed {
                *forget
                    .write()
                    .unwrap_or_else(std::sync::PoisonError::into_inner) = None;
            }
        });
        Self { database, listing }
    }

    /// All tenants, oldest first.
    pub(crate) async fn all(&self) -> Result<Arc<Vec<Arc<Tenant>>>, Fault> {
        let known = self
            .listing
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .as_ref()
            .filter(|listing| listing.read_at.elapsed() < KEEP)
            .map(|listing| listing.tenants.clone());
        if let Some(tenants) = known {
            return Ok(tenants);
        }
        let tx = self.database.begin_system("tenants.directory").await?;
        let tenants = tenants::all(&tx).await?;
        drop(tx);
        let tenants = Arc::new(tenants.into_iter().map(Arc::new).collect::<Vec<_>>());
        *self
            .listing
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Listing {
            tenants: tenants.clone(),
            read_at: Instant::now(),
        });
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
