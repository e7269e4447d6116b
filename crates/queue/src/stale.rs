//! Tells the caches of this process which answers are stale.

use std::sync::{Arc, RwLock};

use kernel::TenantId;

/// What has become stale.
pub enum Stale<'a> {
    /// These tags of a tenant.
    Tags(TenantId, &'a [String]),
    /// Everything, because announcements may have been missed.
    Everything,
}

type Listener = Box<dyn Fn(&Stale<'_>) + Send + Sync>;

/// The list of whoever keeps copies of what events make stale.
#[derive(Clone, Default)]
pub struct StaleTags(Arc<RwLock<Vec<Listener>>>);

impl StaleTags {
    /// Adds a listener. It must not block, and may be called twice for one
    /// change.
    pub fn listen(&self, listener: impl Fn(&Stale<'_>) + Send + Sync + 'static) {
        self.0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(Box::new(listener));
    }

    /// Tells all listeners about tags such as `product:{id}`.
    pub fn announce(&self, tenant: TenantId, tags: &[String]) {
        self.tell(&Stale::Tags(tenant, tags));
    }

    /// Tells all listeners to keep nothing.
    pub fn announce_everything(&self) {
        self.tell(&Stale::Everything);
    }

    fn tell(&self, stale: &Stale<'_>) {
        let listeners = self
            .0
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for listener in listeners.iter() {
            listener(stale);
        }
    }
}
