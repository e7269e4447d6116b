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

use actix_web::http::header::HeaderValue;
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
    pub(crate) etag: HeaderValue,
    /// Links to other pages, if it is one.
    pub(crate) link: Option<HeaderValue>,
}

impl Answer {
    /// An answer; of links, what can be in a header.
    pub(crate) fn new(body: Vec<u8>, link: Option<String>) -> Self {
        let etag = format!("\"{}\"", base64url(&sha256(&body)[..16]));
        Self {
            etag: HeaderValue::from_maybe_shared(Bytes::from(etag))
                .expect("base64 can be in a header"),
            body: body.into(),
            link: link.and_then(|link| HeaderValue::from_maybe_shared(Bytes::from(link)).ok()),
        }
    }
}

struct Entry {
    answer: Arc<Answer>,
    tags: Vec<String>,
    begun: u64,
    /// The last change that is known not to have touched it.
    good_at: AtomicU64,
}

/// What changed when, as change numbers.
#[derive(Default)]
struct Changes {
    last: AtomicU64,
    touched: RwLock<Touched>,
}

/// The last changes that touched everything, or a tag.
#[derive(Default)]
struct Touched {
    everything: u64,
    tags: HashMap<TenantId, HashMap<String, u64>>,
}

impl Changes {
    /// Numbers a change and notes what it touched, both under the lock: whoever
    /// knows the number and looks then, sees what was touched.
    fn note(&self, touch: impl FnOnce(&mut Touched, u64)) {
        let mut touched = self
            .touched
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let number = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        touch(&mut touched, number);
    }

    fn touch(&self, tenant: TenantId, touched: &[String]) {
        self.note(|known, number| {
            let tags = known.tags.entry(tenant).or_default();
            for tag in touched {
                tags.insert(tag.clone(), number);
            }
        });
    }

    fn touch_everything(&self) {
        self.note(|known, number| known.everything = number);
    }

    /// Whether nothing touched an entry since it was begun. Most of the time
    /// nothing at all changed since that was last asked.
    fn none_since(&self, entry: &Entry, tenant: TenantId) -> bool {
        let last = self.last.load(Ordering::SeqCst);
        if entry.good_at.load(Ordering::SeqCst) == last {
            return true;
        }
        let touched = self
            .touched
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_good = touched.everything <= entry.begun
            && touched.tags.get(&tenant).is_none_or(|tags| {
                let mut of_entry = entry.tags.iter().filter_map(|tag| tags.get(tag));
                of_entry.all(|&number| number <= entry.begun)
            });
        if is_good {
            entry.good_at.fetch_max(last, Ordering::SeqCst);
        }
        is_good
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
            .none_since(&entry, key.0)
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
            good_at: AtomicU64::new(begun.0),
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
        assert!(hit(a) && hit(a));
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
