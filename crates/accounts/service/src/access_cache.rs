//! What sessions and API keys give access to, remembered for a moment.
//!
//! An access token proves who asks. Whether the session goes on, and which
//! role the user has, is read from the database and kept here for a few
//! seconds, so that an ended session stops working on this node at once and on
//! the others when they hear of it, and at the latest after [`KEEP`].

use std::sync::Arc;
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
}

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
        let (of_sessions, of_keys) = (sessions.clone(), keys.clone());
        stale.listen(move |stale| match stale {
            Stale::Everything => {
                of_sessions.invalidate_all();
                of_keys.invalidate_all();
            }
            Stale::Tags(tenant, tags) => {
                if let Some(user) = tags.iter().find_map(|tag| AccessChanged::user_of(tag)) {
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
        Self { sessions, keys }
    }
}
