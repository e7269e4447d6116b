//! The products of tenants, kept in memory to be searched: a page of a category
//! with facets looks at every product of the shop.
//!
//! Whatever makes cached lists stale is noted here by product. The next
//! question reads just these and lays them beside the others, so an answer is
//! never older than one from the database.

mod notes;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use catalog_model::search::{BadStore, Index, Stored, Tree};
use catalog_repository::categories;
use catalog_repository::search::{self, MAX_CANDIDATES, Narrowing};
use database::Database;
use kernel::{Fault, Scope, TenantId};
use moka::sync::Cache;
use queue::{Stale, StaleTags};

use notes::{Change, Due, Notes};

/// Products that were read longer ago are read again meanwhile, where the
/// announcements of other processes may not be heard.
const FRESH: Duration = Duration::from_secs(30);
/// Where they are, reading may take one hundredth of the time at most: it is
/// for the case that something was missed all the same.
const PAUSE: u32 = 100;
/// And products that were read longer ago are read again meanwhile.
const STALE: Duration = Duration::from_mins(5);
/// Products that nobody asked for so long are not kept.
const IDLE: Duration = Duration::from_mins(1);

/// Products to be searched, of what is stored.
pub(crate) fn read(stored: &[Stored], tree: Arc<Tree>) -> Result<Index, Fault> {
    Index::read(stored, tree).map_err(unreadable)
}

fn unreadable(error: BadStore) -> Fault {
    Fault::permanent("read what is searched").caused_by(error)
}

type AllNotes = Mutex<HashMap<TenantId, Notes>>;

fn open(notes: &AllNotes) -> MutexGuard<'_, HashMap<TenantId, Notes>> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The products of a tenant, when all of them were read, and after how long
/// they are read again meanwhile.
#[derive(Clone)]
struct Kept {
    index: Arc<Index>,
    read: Instant,
    fresh_for: Duration,
}

impl Kept {
    fn is_fresh(&self) -> bool {
        self.read.elapsed() < self.fresh_for
    }

    /// Whether the products are used, while they are read again.
    fn is_usable(&self) -> bool {
        self.read.elapsed() < 2 * self.fresh_for
    }
}

fn fresh_for(reading_took: Duration, hears_others: bool) -> Duration {
    if hears_others {
        reading_took.saturating_mul(PAUSE).clamp(FRESH, STALE)
    } else {
        FRESH
    }
}

/// The products of every tenant that was asked about them.
#[derive(Clone)]
pub(crate) struct Shelf {
    products: Cache<TenantId, Kept>,
    /// Of tenants whose products were read at any time.
    notes: Arc<AllNotes>,
}

impl Shelf {
    /// An empty one with room for so many bytes, that hears what is stale.
    pub(crate) fn new(stale: &StaleTags, bytes: NonZeroUsize) -> Self {
        let notes: Arc<AllNotes> = Arc::default();
        let heard = notes.clone();
        stale.listen(move |stale| match stale {
            Stale::Everything => {
                let mut notes = open(&heard);
                let all = notes.values_mut();
                all.for_each(|notes| notes.note(Change::EVERYTHING));
            }
            Stale::Tags(tenant, tags) => {
                if let Some(change) = Change::of(tags)
                    && let Some(notes) = open(&heard).get_mut(tenant)
                {
                    notes.note(change);
                }
            }
        });
        Self {
            products: Cache::builder()
                .max_capacity(bytes.get() as u64)
                .weigher(|_, kept: &Kept| u32::try_from(kept.index.bytes()).unwrap_or(u32::MAX))
                .time_to_idle(IDLE)
                .build(),
            notes,
        }
    }

    fn known(&self, tenant: TenantId) -> Option<Kept> {
        let known = self.products.get(&tenant);
        known.filter(Kept::is_usable)
    }

    /// The products of a tenant, if they are as in the database. From now on
    /// changes are noted.
    fn current(&self, tenant: TenantId) -> Option<Kept> {
        // Both at one moment: they are exchanged together, too.
        let mut notes = open(&self.notes);
        let is_nothing_due = notes.entry(tenant).or_default().is_nothing_due();
        self.known(tenant).filter(|_| is_nothing_due)
    }

    /// The products of the scope's tenant as they are, if they are in memory or
    /// may soon be; none if the database answers sooner.
    pub(crate) async fn ready(
        &self,
        scope: &Scope,
        database: &Database,
    ) -> Result<Option<Arc<Index>>, Fault> {
        let tenant = scope.tenant();
        let index = if let Some(known) = self.current(tenant) {
            self.fresh(known, scope, database)
        } else if self.is_flooded(tenant) {
            self.read_again(scope, database);
            return Ok(None);
        } else if self.is_busy(tenant) {
            return Ok(None);
        } else {
            self.read_due(scope, database).await?
        };
        // Not all of them have been read.
        Ok(Some(index).filter(|index| index.len() < MAX_CANDIDATES))
    }

    /// The products of the scope's tenant as they are, or, while too many of
    /// them change, as they were some seconds ago. Takes no statement when
    /// nothing changed.
    pub(crate) async fn index(
        &self,
        scope: &Scope,
        database: &Database,
    ) -> Result<Arc<Index>, Fault> {
        let tenant = scope.tenant();
        if let Some(known) = self.current(tenant) {
            return Ok(self.fresh(known, scope, database));
        }
        if self.is_flooded(tenant)
            && let Some(known) = self.known(tenant)
        {
            self.read_again(scope, database);
            return Ok(known.index);
        }
        self.read_due(scope, database).await
    }

    /// Reads what is due, one question after the other.
    async fn read_due(&self, scope: &Scope, database: &Database) -> Result<Arc<Index>, Fault> {
        let tenant = scope.tenant();
        let asked = Instant::now();
        let reading = open(&self.notes).entry(tenant).or_default().reading();
        let _alone = reading.lock().await;
        // Somebody may have read it meanwhile.
        if let Some(known) = self.current(tenant) {
            return Ok(known.index);
        }
        if let Some(lent) = self.lent_since(tenant, asked) {
            return Ok(lent);
        }
        let known = self.known(tenant);
        let mut due = open(&self.notes).entry(tenant).or_default().due();
        let exchanged = match known {
            Some(known) if !due.everything => changed(known, scope, database, &due).await?,
            _ => None,
        };
        let kept = if let Some(kept) = exchanged {
            kept
        } else {
            due.everything = true;
            all(scope, database).await?
        };
        let (index, begun) = (kept.index.clone(), kept.read);
        self.keep(tenant, kept);
        if let Some(notes) = open(&self.notes).get_mut(&tenant) {
            notes.done(&due);
            if due.everything {
                notes.lend(begun, &index);
            }
        }
        self.tell_of_no_room(tenant, &index);
        Ok(index)
    }

    fn lent_since(&self, tenant: TenantId, asked: Instant) -> Option<Arc<Index>> {
        open(&self.notes).get(&tenant)?.lent_since(asked)
    }

    fn keep(&self, tenant: TenantId, kept: Kept) {
        self.products.insert(tenant, kept);
        // At once, so that what has no room is not kept.
        self.products.run_pending_tasks();
    }

    fn tell_of_no_room(&self, tenant: TenantId, index: &Index) {
        if self.products.contains_key(&tenant) {
            return;
        }
        let is_to_be_told = |notes: &mut Notes| notes.is_to_be_told();
        if open(&self.notes)
            .get_mut(&tenant)
            .is_some_and(is_to_be_told)
        {
            tracing::warn!(
                %tenant,
                bytes = index.bytes(),
                "CATALOG_SEARCH_BYTES has no room for the products of a shop: facets and search take longer there"
            );
        }
    }

    /// How much memory is taken, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.products.weighted_size()
    }

    /// Products that are as far as is known, and are read again meanwhile if
    /// that is long ago.
    fn fresh(&self, known: Kept, scope: &Scope, database: &Database) -> Arc<Index> {
        if !known.is_fresh() {
            self.read_again(scope, database);
        }
        known.index
    }

    fn is_flooded(&self, tenant: TenantId) -> bool {
        let notes = open(&self.notes);
        notes.get(&tenant).is_some_and(Notes::is_flooded)
    }

    fn is_busy(&self, tenant: TenantId) -> bool {
        let are_known = self.known(tenant).is_some();
        let notes = open(&self.notes);
        notes.get(&tenant).is_some_and(|of| of.is_busy(are_known))
    }

    /// Reads all products beside the questions, unless somebody does or did
    /// lately.
    fn read_again(&self, scope: &Scope, database: &Database) {
        let begun = open(&self.notes).entry(scope.tenant()).or_default().begin();
        let Some(due) = begun else { return };
        let (shelf, scope, database) = (self.clone(), scope.clone(), database.clone());
        tokio::spawn(async move {
            if let Err(fault) = shelf.again(&scope, &database, &due).await {
                tracing::warn!(error = %fault, "products cannot be read again");
            }
        });
    }

    /// Reads all products, and keeps them with what has changed meanwhile still
    /// to be read.
    async fn again(&self, scope: &Scope, database: &Database, due: &Due) -> Result<(), Fault> {
        let tenant = scope.tenant();
        let read = all(scope, database).await;
        let reading = open(&self.notes).entry(tenant).or_default().reading();
        let _alone = reading.lock().await;
        // Dropped after the notes are closed, which takes a while.
        let _outdated = self.known(tenant);
        let mut notes = open(&self.notes);
        let read_due = read.is_ok().then_some(due);
        notes.entry(tenant).or_default().end(read_due);
        self.keep(tenant, read?);
        Ok(())
    }
}

/// Products with what has changed; none if that is too much.
async fn changed(
    known: Kept,
    scope: &Scope,
    database: &Database,
    due: &Due,
) -> Result<Option<Kept>, Fault> {
    let db = database.read(scope).await?;
    let tree = if due.tree {
        Some(Tree::new(categories::all(&db).await?))
    } else {
        None
    };
    let products = match due.products.as_slice() {
        [] => Vec::new(),
        products => search::stored_of(&db, products).await?,
    };
    drop(db);
    in_the_background(move || {
        let mut index = known.index.clone();
        if let Some(tree) = tree {
            index = Arc::new(index.under(Arc::new(tree)));
        }
        if !products.is_empty() {
            match index.with(products).map_err(unreadable)? {
                Some(exchanged) => index = Arc::new(exchanged),
                None => return Ok(None),
            }
        }
        Ok(Some(Kept { index, ..known }))
    })
    .await
}

async fn all(scope: &Scope, database: &Database) -> Result<Kept, Fault> {
    let begun = Instant::now();
    let db = database.read(scope).await?;
    let tree = Arc::new(Tree::new(categories::all(&db).await?));
    let stored = search::stored(&db, &Narrowing::default()).await?;
    drop(db);
    let index = in_the_background(move || read(&stored, tree)).await?;
    Ok(Kept {
        index: Arc::new(index),
        read: begun,
        fresh_for: fresh_for(begun.elapsed(), database.hears_others()),
    })
}

/// Does what may take a while, with a hundred thousand products, where it does
/// not keep other requests waiting.
async fn in_the_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Fault::permanent("read products").caused_by(error))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_to_read_is_read_less_often() {
        for (took, seconds) in [(0, 30), (100, 30), (1_000, 100), (9_000, 300)] {
            let took = Duration::from_millis(took);
            assert_eq!(fresh_for(took, true), Duration::from_secs(seconds));
            assert_eq!(fresh_for(took, false), FRESH);
        }
    }

    #[test]
    fn old_products_are_used_for_a_while() {
        let nothing = read(&[], Arc::new(Tree::new(Vec::new()))).expect("nothing to read");
        let kept = Kept {
            index: Arc::new(nothing),
            read: Instant::now(),
            fresh_for: Duration::from_secs(2),
        };
        let after = |seconds| {
            let read = kept.read.checked_sub(Duration::from_secs(seconds));
            let read = read.expect("a machine that is up for a while");
            let old = Kept {
                read,
                ..kept.clone()
            };
            (old.is_fresh(), old.is_usable())
        };
        assert_eq!(
            [after(1), after(2), after(3), after(4)],
            [(true, true), (false, true), (false, true), (false, false)]
        );
    }
}
