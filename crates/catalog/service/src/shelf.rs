//! The products of tenants, kept in memory to be searched: a page of a category
//! with facets looks at every product of the shop.
//!
//! Whatever makes cached lists stale is noted here by product. The next
//! question reads just these and lays them beside the others, so an answer is
//! never older than one from the database.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use catalog_model::events::{ALL_TAG, PRODUCTS_TAG, TREE_TAG, product_of_tag};
use catalog_model::search::{Index, MAX_CHANGED, Stored, Tree};
use catalog_repository::categories;
use catalog_repository::search::{self, MAX_CANDIDATES, Narrowing};
use database::Database;
use kernel::{Fault, ProductId, Scope, TenantId};
use moka::sync::Cache;
use queue::{Stale, StaleTags};

/// How long products are kept where announcements cannot be heard.
const KEPT: Duration = Duration::from_secs(30);
/// All products of a tenant are not read again so soon for a question that the
/// database can answer: there is no room for them, or they change too much.
const REST: Duration = Duration::from_secs(10);

/// Products to be searched, of what is stored.
pub(crate) fn read(stored: &[Stored], tree: Arc<Tree>) -> Result<Index, Fault> {
    Index::read(stored, tree)
        .map_err(|error| Fault::permanent("read what is searched").caused_by(error))
}

/// What changed of a tenant since its products were read, each with the number
/// of the change.
#[derive(Default)]
struct Notes {
    last: u64,
    everything: Option<u64>,
    tree: Option<u64>,
    products: HashMap<ProductId, u64>,
    /// Held by whoever reads them, so that only one does.
    reading: Arc<tokio::sync::Mutex<()>>,
    /// When all products were read.
    read: Option<Instant>,
}

/// What has to be read, and the number of the last change that is in it.
struct Due {
    everything: bool,
    tree: bool,
    products: Vec<ProductId>,
    last: u64,
}

impl Due {
    fn is_nothing(&self) -> bool {
        !self.everything && !self.tree && self.products.is_empty()
    }
}

/// What has changed.
#[derive(Debug, PartialEq)]
struct Change {
    everything: bool,
    tree: bool,
    products: Vec<ProductId>,
}

impl Change {
    const EVERYTHING: Self = Self {
        everything: true,
        tree: false,
        products: Vec::new(),
    };

    /// What tags are about, which may be those of several events; none if what
    /// is searched is as before.
    fn of(tags: &[String]) -> Option<Self> {
        let has = |name: &str| tags.iter().any(|tag| tag == name);
        if !has(PRODUCTS_TAG) {
            return None;
        }
        let tree = has(TREE_TAG);
        let products: Vec<ProductId> = tags.iter().filter_map(|tag| product_of_tag(tag)).collect();
        Some(Self {
            everything: has(ALL_TAG) || !tree && products.is_empty(),
            tree,
            products,
        })
    }
}

impl Notes {
    fn note(&mut self, change: Change) {
        self.last += 1;
        if change.tree {
            self.tree = Some(self.last);
        }
        if change.everything || self.products.len() + change.products.len() > MAX_CHANGED {
            self.everything = Some(self.last);
            self.products.clear();
        } else {
            let products = change.products.into_iter();
            self.products
                .extend(products.map(|product| (product, self.last)));
        }
    }

    fn due(&self) -> Due {
        Due {
            everything: self.everything.is_some(),
            tree: self.tree.is_some(),
            products: self.products.keys().copied().collect(),
            last: self.last,
        }
    }

    /// Forgets what was read; what changed meanwhile stays.
    fn done(&mut self, due: &Due) {
        let later = |&number: &u64| number > due.last;
        self.everything = self.everything.filter(later);
        self.tree = self.tree.filter(later);
        self.products.retain(|_, number| later(number));
        if due.everything {
            self.read = Some(Instant::now());
        }
    }

    fn was_read_lately(&self) -> bool {
        self.read.is_some_and(|read| read.elapsed() < REST)
    }
}

type AllNotes = Mutex<HashMap<TenantId, Notes>>;

fn open(notes: &AllNotes) -> MutexGuard<'_, HashMap<TenantId, Notes>> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The products of every tenant that was asked about them.
pub(crate) struct Shelf {
    products: Cache<TenantId, Arc<Index>>,
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
                .weigher(|_, index: &Arc<Index>| u32::try_from(index.bytes()).unwrap_or(u32::MAX))
                .time_to_live(KEPT)
                .build(),
            notes,
        }
    }

    /// What has to be read before the products of a tenant are as they are in
    /// the database. From now on changes are noted.
    fn due(&self, tenant: TenantId) -> (Option<Arc<Index>>, Due) {
        let known = self.products.get(&tenant);
        let mut due = open(&self.notes).entry(tenant).or_default().due();
        due.everything |= known.is_none();
        (known.filter(|_| !due.everything), due)
    }

    /// The products of the scope's tenant as they are, if they are in memory or
    /// may soon be; none if the database answers sooner.
    pub(crate) async fn ready(
        &self,
        scope: &Scope,
        database: &Database,
    ) -> Result<Option<Arc<Index>>, Fault> {
        let tenant = scope.tenant();
        let (known, due) = self.due(tenant);
        if known.is_none() {
            let notes = open(&self.notes);
            let notes = notes.get(&tenant);
            if notes.is_some_and(|of| of.was_read_lately() || of.reading.try_lock().is_err()) {
                return Ok(None);
            }
        }
        let index = match known {
            Some(known) if due.is_nothing() => known,
            _ => self.index(scope, database).await?,
        };
        // Not all of them have been read.
        Ok(Some(index).filter(|index| index.len() < MAX_CANDIDATES))
    }

    /// The products of the scope's tenant as they are. Takes no statement when
    /// nothing changed.
    pub(crate) async fn index(
        &self,
        scope: &Scope,
        database: &Database,
    ) -> Result<Arc<Index>, Fault> {
        let tenant = scope.tenant();
        if let (Some(known), due) = self.due(tenant)
            && due.is_nothing()
        {
            return Ok(known);
        }
        let reading = open(&self.notes).entry(tenant).or_default().reading.clone();
        let _alone = reading.lock().await;
        // Somebody may have read it meanwhile.
        let (known, mut due) = self.due(tenant);
        let exchanged = match known {
            Some(known) if due.is_nothing() => return Ok(known),
            Some(known) => changed(&known, scope, database, &due).await?,
            None => None,
        };
        let index = Arc::new(if let Some(index) = exchanged {
            index
        } else {
            due.everything = true;
            all(scope, database).await?
        });
        self.products.insert(tenant, index.clone());
        // At once, so that what has no room is not kept.
        self.products.run_pending_tasks();
        if let Some(notes) = open(&self.notes).get_mut(&tenant) {
            notes.done(&due);
        }
        Ok(index)
    }
}

/// Products with what has changed; none if that is too much.
async fn changed(
    known: &Index,
    scope: &Scope,
    database: &Database,
    due: &Due,
) -> Result<Option<Index>, Fault> {
    let db = database.read(scope).await?;
    let under = if due.tree {
        let tree = Tree::new(categories::all(&db).await?);
        Some(known.under(Arc::new(tree)))
    } else {
        None
    };
    if due.products.is_empty() {
        return Ok(under);
    }
    let products = search::stored_of(&db, &due.products).await?;
    under
        .as_ref()
        .unwrap_or(known)
        .with(products)
        .map_err(|error| Fault::permanent("read what is searched").caused_by(error))
}

async fn all(scope: &Scope, database: &Database) -> Result<Index, Fault> {
    let db = database.read(scope).await?;
    let tree = Arc::new(Tree::new(categories::all(&db).await?));
    let stored = search::stored(&db, &Narrowing::default()).await?;
    drop(db);
    // A hundred thousand take a while.
    tokio::task::spawn_blocking(move || read(&stored, tree))
        .await
        .map_err(|error| Fault::permanent("read products").caused_by(error))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog_model::events::{
        CategoriesChanged, PriceListsChanged, ProductsIndexed, StockShownChanged,
    };
    use kernel::Event as _;
    use kernel::Timestamp;

    fn products(products: &[ProductId]) -> Change {
        Change {
            everything: false,
            tree: false,
            products: products.to_vec(),
        }
    }

    #[test]
    fn what_changes_while_products_are_read_is_read_again() {
        let id = |seconds| ProductId::new(Timestamp::from_seconds(seconds));
        let (one, two) = (id(1), id(2));
        let mut notes = Notes::default();
        notes.note(products(&[one]));
        let due = notes.due();
        assert_eq!((due.everything, &due.products), (false, &vec![one]));
        notes.note(products(&[one, two]));
        notes.done(&due);
        let mut left = notes.due().products;
        left.sort();
        assert_eq!(left, [one, two]);
        notes.note(Change::EVERYTHING);
        assert!(notes.due().everything);
        notes.done(&notes.due());
        assert!(notes.due().is_nothing());
        notes.note(products(&[one; MAX_CHANGED + 1]));
        assert!(notes.due().everything, "too many to be read one by one");
    }

    #[test]
    fn tags_name_products_the_tree_or_everything() {
        let id = ProductId::new(Timestamp::from_seconds(1));
        let indexed = ProductsIndexed { products: vec![id] }.stale_tags();
        let tree = CategoriesChanged {}.stale_tags();
        let lists = PriceListsChanged {}.stale_tags();
        assert_eq!(Change::of(&indexed), Some(products(&[id])));
        let both = [tree.clone(), indexed.clone()].concat();
        let tree = Change {
            tree: true,
            ..products(&[])
        };
        assert_eq!(Change::of(&CategoriesChanged {}.stale_tags()), Some(tree));
        let tree_and_product = Change {
            tree: true,
            ..products(&[id])
        };
        assert_eq!(Change::of(&both), Some(tree_and_product));
        let all = [lists, both].concat();
        assert!(Change::of(&all).is_some_and(|change| change.everything));
        let stock = StockShownChanged {
            products: vec![id],
            in_lists: false,
        };
        assert_eq!(Change::of(&stock.stale_tags()), None);
    }
}
