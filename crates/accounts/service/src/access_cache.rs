//! What sessions and API keys give access to, remembered for a moment.
//!
//! An access token proves who asks. Whether the session goes on, and which
//! role the user has, is read from the database and kept here for a few
//! seconds, so that an ended session stops working on this node at once and on
//! the others when they hear of it, and at the latest after [`KEEP`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use accounts_model::events::AccessChanged;
use accounts_repository::api_keys::StoredKey;
use accounts_repository::sessions::Access;
use kernel::{ApiKeyId, SessionId, TenantId, UserId};
use moka::sync::Cache;
use queue::{Stale, StaleTags};

/// How long an answer is kept.
pub(crate) const KEEP: Duration = Duration::from_secs(10);
const CAPACITY: u64 = 50_000;

type Sessions = Cache<(TenantId, UserId, SessionId), Access>;
type Keys = Cache<(TenantId, ApiKeyId), Arc<StoredKey>>;

/// The two caches.
pub(crate) struct AccessCache {
    pub(crate) sessions: Sessions,
    pub(crate) keys: Keys,
    changes: Arc<AtomicU64>,
}

/// How many changes were announced before something was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun(u64);

impl AccessCache {
    pub(crate) fn new(stale: &StaleTags) -> Self {
        let sessions: Sessions = Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_live(KEEP)
            .support_invalidation_closures()
            .build();
        let keys: Keys = Cache::builder()
            .max_capacity(CAPACITY)
            .time_to_live(KEEP)
            .support_invalidation_closures()
            .build();
        let changes: Arc<AtomicU64> = Arc::default();
        let (of_sessions, of_keys, heard) = (sessions.clone(), keys.clone(), changes.clone());
        stale.listen(move |stale| match stale {
            Stale::Everything => {
                heard.fetch_add(1, Ordering::SeqCst);
                of_sessions.invalidate_all();
                of_keys.invalidate_all();
            }
            Stale::Tags(tenant, tags) => {
                if let Some(user) = tags.iter().find_map(|tag| AccessChanged::user_of(tag)) {
                    heard.fetch_add(1, Ordering::SeqCst);
                    let tenant = *tenant;
                    // Fails only for caches built without support for it.
                    let _ = of_sessions
                        .invalidate_entries_if(move |key, _| key.0 == tenant && key.1 == user);
                    let _ = of_keys.invalidate_entries_if(move |key, stored| {
                        key.0 == tenant && stored.key.owner == user
                    });
                }
            }
        });
        Self {
            sessions,
            keys,
            changes,
        }
    }

    /// To be called before what is put in is read.
    pub(crate) fn begin(&self) -> Begun {
        Begun(self.changes.load(Ordering::SeqCst))
    }

    /// Keeps what was read since then, unless something changed meanwhile:
    /// what was read before a change must not be believed after it.
    pub(crate) fn put_session(
        &self,
        key: (TenantId, UserId, SessionId),
        access: Access,
        begun: Begun,
    ) {
        self.sessions.insert(key, access);
        if self.changes.load(Ordering::SeqCst) != begun.0 {
            self.sessions.invalidate(&key);
        }
    }

    /// The same for a key.
    pub(crate) fn put_key(&self, key: (TenantId, ApiKeyId), stored: Arc<StoredKey>, begun: Begun) {
        self.keys.insert(key, stored);
        if self.changes.load(Ordering::SeqCst) != begun.0 {
            self.keys.invalidate(&key);
        }
    }
}
