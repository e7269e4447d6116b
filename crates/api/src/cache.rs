//! Public answers, kept in memory until something they show changes.
//!
//! Each answer carries tags, such as `products` and `product:{id}`. Changes
//! are numbered; each tag knows the number of the last change that touched it,
//! and an answer is good only as long as no tag of it was touched by a change
//! that came after the answer was begun. So an answer that was read from the
//! database just before a change, and is put in just after the change was
//! announced, is never given out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use bytes::Bytes;
use kernel::TenantId;
use kernel::secret::{base64url, sha256};
use moka::sync::Cache;
use queue::{Stale, StaleTags};

/// A public answer.
pub(crate) struct Answer {
    /// The body.
    pub(crate) body: Bytes,
    /// A strong `ETag` of it.
    pub(crate) etag: String,
    /// Links to other pages, if it is one.
    pub(crate) link: Option<String>,
}

impl Answer {
    pub(crate) fn new(body: Vec<u8>, link: Option<String>) -> Self {
        Self {
            etag: format!("\"{}\"", base64url(&sha256(&body)[..16])),
            body: body.into(),
            link,
        }
    }
}

struct Entry {
    answer: Arc<Answer>,
    tags: Vec<String>,
    begun: u64,
}

/// What changed when, as change numbers.
#[derive(Default)]
struct Changes {
    last: AtomicU64,
    everything: AtomicU64,
    tags: RwLock<HashMap<TenantId, HashMap<String, u64>>>,
}

impl Changes {
    fn touch(&self, tenant: TenantId, touched: &[String]) {
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let mut tags = self
            .tags
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let tags = tags.entry(tenant).or_default();
        for tag in touched {
            tags.insert(tag.clone(), number);
        }
    }

    fn touch_everything(&self) {
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        self.everything.fetch_max(number, Ordering::SeqCst);
    }

    fn none_since(&self, begun: u64, tenant: TenantId, of: &[String]) -> bool {
        if self.everything.load(Ordering::SeqCst) > begun {
            return false;
        }
        let tags = self
            .tags
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        tags.get(&tenant).is_none_or(|tags| {
            of.iter()
                .all(|tag| tags.get(tag).is_none_or(|&number| number <= begun))
        })
    }
}

/// The key of an answer: whose it is and what was asked for.
pub(crate) type Key = (TenantId, String);

/// The number of the last change before an answer was begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun(u64);

/// The answers of this process.
pub(crate) struct AnswerCache {
    entries: Cache<Key, Arc<Entry>>,
    changes: Arc<Changes>,
}

impl AnswerCache {
    /// A cache of so many bytes that keeps answers so long, and hears from the
    /// queue what is stale.
    pub(crate) fn new(bytes: usize, ttl: Duration, stale: &StaleTags) -> Self {
        let changes: Arc<Changes> = Arc::default();
        let heard = changes.clone();
        stale.listen(move |stale| match stale {
            Stale::Tags(tenant, tags) => heard.touch(*tenant, tags),
            Stale::Everything => heard.touch_everything(),
        });
        Self {
            entries: Cache::builder()
                .max_capacity(bytes as u64)
                .weigher(|key: &Key, entry: &Arc<Entry>| {
                    let size = key.1.len() + entry.answer.body.len() + 256;
                    u32::try_from(size).unwrap_or(u32::MAX)
                })
                .time_to_live(ttl)
                .build(),
            changes,
        }
    }

    /// An answer that is still good.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Answer>> {
        let entry = self.entries.get(key)?;
        self.changes
            .none_since(entry.begun, key.0, &entry.tags)
            .then(|| entry.answer.clone())
    }

    /// To be called before what an answer shows is read.
    pub(crate) fn begin(&self) -> Begun {
        Begun(self.changes.last.load(Ordering::SeqCst))
    }

    /// Keeps an answer that was begun then and shows what these tags name.
    pub(crate) fn put(&self, key: Key, answer: Arc<Answer>, begun: Begun, tags: Vec<String>) {
        let entry = Entry {
            answer,
            tags,
            begun: begun.0,
        };
        self.entries.insert(key, Arc::new(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Timestamp;

    #[test]
    fn a_change_drops_what_it_touches_and_nothing_else() {
        let stale = StaleTags::default();
        let cache = AnswerCache::new(1 << 20, Duration::from_mins(1), &stale);
        let now = Timestamp::from_seconds(0);
        let (a, b) = (TenantId::new(now), TenantId::new(now));
        let answer = || Arc::new(Answer::new(b"{}".to_vec(), None));
        for tenant in [a, b] {
            let key = (tenant, "/products/x".to_owned());
            cache.put(key, answer(), cache.begin(), vec!["product:1".to_owned()]);
        }
        let hit = |tenant| cache.get(&(tenant, "/products/x".to_owned())).is_some();
        assert!(hit(a) && hit(b));
        stale.announce(a, &["product:2".to_owned()]);
        assert!(hit(a));
        stale.announce(a, &["product:1".to_owned()]);
        assert!(!hit(a) && hit(b));
        stale.announce_everything();
        assert!(!hit(b));
    }

    #[test]
    fn an_answer_from_before_a_change_is_not_given_out_after_it() {
        let stale = StaleTags::default();
        let cache = AnswerCache::new(1 << 20, Duration::from_mins(1), &stale);
        let tenant = TenantId::new(Timestamp::from_seconds(0));
        let key = (tenant, "/products".to_owned());
        let begun = cache.begin();
        // The change happens while the answer is being computed.
        stale.announce(tenant, &["products".to_owned()]);
        let answer = Arc::new(Answer::new(b"old".to_vec(), None));
        cache.put(
            key.clone(),
            answer.clone(),
            begun,
            vec!["products".to_owned()],
        );
        assert!(cache.get(&key).is_none());
        let begun = cache.begin();
        cache.put(key.clone(), answer, begun, vec!["products".to_owned()]);
        assert!(cache.get(&key).is_some());
    }
}
