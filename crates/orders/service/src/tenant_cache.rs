//! What is read with every cart and changes seldom, kept for a moment.

use std::sync::Arc;
use std::time::Duration;

use kernel::TenantId;
use moka::sync::Cache;
use queue::{Stale, StaleTags};

/// Things of each tenant, forgotten when an event names their tag, and after
/// half a minute in any case.
pub(crate) struct TenantCache<T>(Cache<TenantId, Arc<Vec<T>>>);

impl<T: Send + Sync + 'static> TenantCache<T> {
    pub(crate) fn new(stale: &StaleTags, tag: &'static str) -> Self {
        let cache: Cache<TenantId, Arc<Vec<T>>> = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(Duration::from_secs(30))
            .build();
        let forget = cache.clone();
        stale.listen(move |stale| match stale {
            Stale::Everything => forget.invalidate_all(),
            Stale::Tags(tenant, tags) => {
                if tags.iter().any(|one| one == tag) {
                    forget.invalidate(tenant);
                }
            }
        });
        Self(cache)
    }

    pub(crate) fn get(&self, tenant: TenantId) -> Option<Arc<Vec<T>>> {
        self.0.get(&tenant)
    }

    pub(crate) fn put(&self, tenant: TenantId, things: Vec<T>) -> Arc<Vec<T>> {
        let things = Arc::new(things);
        self.0.insert(tenant, things.clone());
        things
    }

    pub(crate) fn forget(&self, tenant: TenantId) {
        self.0.invalidate(&tenant);
    }
}
