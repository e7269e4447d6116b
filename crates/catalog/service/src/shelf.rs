//! The cards of all products of a tenant, kept in memory for questions without
//! words: a page of a category with facets looks at every product of the shop.
//!
//! Whatever makes cached lists stale is noted here by product. The next
//! question reads the cards of just these and lays them beside the others, so
//! an answer is never older than one from the database.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use catalog_model::events::{PRODUCTS_TAG, product_of_tag};
use catalog_model::search::{Columns, Part};
use catalog_repository::search::{self, Narrowing};
use database::Database;
use kernel::{Fault, ProductId, Scope, TenantId};
use moka::sync::Cache;
use queue::{Stale, StaleTags};

/// How much memory the products of all tenants may take, in bytes. A tenant
/// that has no room is read from the database each time.
const MAX_BYTES: u64 = 256 << 20;
/// How long products are kept where announcements cannot be heard.
const KEPT: Duration = Duration::from_secs(30);
/// With more changed products than this, all are read again.
const MAX_CHANGED: usize = 2_000;

/// Products that are looked at to answer a question.
#[derive(Default)]
pub(crate) struct Products {
    base: Arc<Columns>,
    /// Cards that are newer than the base; empty for products that are not
    /// shown any more.
    changed: BTreeMap<ProductId, Vec<u8>>,
    /// The rows of the base whose products have changed.
    hidden: Vec<bool>,
    fresh: Columns,
}

impl Products {
    /// From cards.
    pub(crate) fn read(cards: &[Vec<u8>]) -> Result<Self, Fault> {
        Ok(Self {
            base: Arc::new(columns(cards)?),
            ..Self::default()
        })
    }

    /// With some cards exchanged; none if these have become too many.
    fn with(&self, cards: Vec<(ProductId, Vec<u8>)>) -> Result<Option<Self>, Fault> {
        let mut changed = self.changed.clone();
        changed.extend(cards);
        if changed.len() > MAX_CHANGED {
            return Ok(None);
        }
        let all: Vec<Vec<u8>> = changed.values().cloned().collect();
        let ids = self.base.ids().iter();
        Ok(Some(Self {
            hidden: ids.map(|id| changed.contains_key(id)).collect(),
            fresh: columns(&all)?,
            base: self.base.clone(),
            changed,
        }))
    }

    /// For the search among them.
    pub(crate) fn parts(&self) -> [Part<'_>; 2] {
        let base = Part {
            columns: &self.base,
            hidden: (!self.hidden.is_empty()).then_some(&self.hidden),
        };
        let fresh = Part {
            columns: &self.fresh,
            hidden: None,
        };
        [base, fresh]
    }

    fn bytes(&self) -> usize {
        let changed: usize = self.changed.values().map(|card| card.len() + 64).sum();
        self.base.bytes() + self.fresh.bytes() + self.hidden.len() + changed
    }
}

fn columns(cards: &[Vec<u8>]) -> Result<Columns, Fault> {
    Columns::read(cards)
        .map_err(|error| Fault::permanent("read the cards of products").caused_by(error))
}

/// What changed of a tenant since its products were read, each with the number
/// of the change.
#[derive(Default)]
struct Notes {
    last: u64,
    everything: Option<u64>,
    products: HashMap<ProductId, u64>,
    /// Held by whoever reads them, so that only one does.
    reading: Arc<tokio::sync::Mutex<()>>,
}

/// What has to be read, and the number of the last change that is in it.
struct Due {
    everything: bool,
    products: Vec<ProductId>,
    last: u64,
}

impl Notes {
    fn note(&mut self, products: Option<Vec<ProductId>>) {
        self.last += 1;
        match products {
            Some(products) if self.products.len() + products.len() <= MAX_CHANGED => {
                let numbered = products.into_iter().map(|product| (product, self.last));
                self.products.extend(numbered);
            }
            _ => {
                self.everything = Some(self.last);
                self.products.clear();
            }
        }
    }

    fn due(&self) -> Due {
        Due {
            everything: self.everything.is_some(),
            products: self.products.keys().copied().collect(),
            last: self.last,
        }
    }

    /// Forgets what was read; what changed meanwhile stays.
    fn done(&mut self, last: u64) {
        self.everything = self.everything.filter(|&number| number > last);
        self.products.retain(|_, number| *number > last);
    }
}

/// Which products a change is about that makes lists stale; none for all of
/// them.
fn named(tags: &[String]) -> Option<Vec<ProductId>> {
    let (mut products, mut others) = (Vec::new(), false);
    for tag in tags.iter().filter(|tag| *tag != PRODUCTS_TAG) {
        match product_of_tag(tag) {
            Some(product) => products.push(product),
            None => others = true,
        }
    }
    (!others && !products.is_empty()).then_some(products)
}

type AllNotes = Mutex<HashMap<TenantId, Notes>>;

fn open(notes: &AllNotes) -> MutexGuard<'_, HashMap<TenantId, Notes>> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The products of every tenant that was asked about them.
pub(crate) struct Shelf {
    products: Cache<TenantId, Arc<Products>>,
    /// Of tenants whose products were read at any time.
    notes: Arc<AllNotes>,
}

impl Shelf {
    /// An empty one, that hears what is stale.
    pub(crate) fn new(stale: &StaleTags) -> Self {
        let notes: Arc<AllNotes> = Arc::default();
        let heard = notes.clone();
        stale.listen(move |stale| match stale {
            Stale::Everything => open(&heard).values_mut().for_each(|notes| notes.note(None)),
            Stale::Tags(tenant, tags) => {
                if tags.iter().any(|tag| tag == PRODUCTS_TAG)
                    && let Some(notes) = open(&heard).get_mut(tenant)
                {
                    notes.note(named(tags));
                }
            }
        });
        Self {
            products: Cache::builder()
                .max_capacity(MAX_BYTES)
                .weigher(|_, products: &Arc<Products>| {
                    u32::try_from(products.bytes()).unwrap_or(u32::MAX)
                })
                .time_to_live(KEPT)
                .build(),
            notes,
        }
    }

    /// What has to be read before the products of a tenant are as they are in
    /// the database. From now on changes are noted.
    fn due(&self, tenant: TenantId) -> (Option<Arc<Products>>, Due) {
        let known = self.products.get(&tenant);
        let mut due = open(&self.notes).entry(tenant).or_default().due();
        due.everything |= known.is_none();
        (known.filter(|_| !due.everything), due)
    }

    /// The products of the scope's tenant as they are. Takes no statement when
    /// nothing changed, else one.
    pub(crate) async fn products(
        &self,
        scope: &Scope,
        database: &Database,
    ) -> Result<Arc<Products>, Fault> {
        let tenant = scope.tenant();
        if let (Some(known), due) = self.due(tenant)
            && due.products.is_empty()
        {
            return Ok(known);
        }
        let reading = open(&self.notes).entry(tenant).or_default().reading.clone();
        let _alone = reading.lock().await;
        // Somebody may have read it meanwhile.
        let (known, due) = self.due(tenant);
        let exchanged = match known {
            Some(known) if due.products.is_empty() => return Ok(known),
            Some(known) => known.with(some(scope, database, &due.products).await?)?,
            None => None,
        };
        let products = Arc::new(match exchanged {
            Some(products) => products,
            None => all(scope, database).await?,
        });
        self.products.insert(tenant, products.clone());
        if let Some(notes) = open(&self.notes).get_mut(&tenant) {
            notes.done(due.last);
        }
        Ok(products)
    }
}

async fn some(
    scope: &Scope,
    database: &Database,
    products: &[ProductId],
) -> Result<Vec<(ProductId, Vec<u8>)>, Fault> {
    let db = database.read(scope).await?;
    search::cards_of(&db, products).await
}

async fn all(scope: &Scope, database: &Database) -> Result<Products, Fault> {
    let db = database.read(scope).await?;
    let cards = search::cards(&db, &Narrowing::default()).await?;
    drop(db);
    // A hundred thousand take a while.
    tokio::task::spawn_blocking(move || Products::read(&cards))
        .await
        .map_err(|error| Fault::permanent("read products").caused_by(error))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use catalog_model::events::product_tag;
    use kernel::Timestamp;

    #[test]
    fn what_changes_while_products_are_read_is_read_again() {
        let id = |seconds| ProductId::new(Timestamp::from_seconds(seconds));
        let (one, two) = (id(1), id(2));
        let mut notes = Notes::default();
        notes.note(Some(vec![one]));
        let due = notes.due();
        assert_eq!((due.everything, due.products), (false, vec![one]));
        notes.note(Some(vec![one, two]));
        notes.done(due.last);
        let mut left = notes.due().products;
        left.sort();
        assert_eq!(left, [one, two]);
        notes.note(None);
        assert!(notes.due().everything);
        notes.done(notes.last);
        assert!(!notes.due().everything && notes.due().products.is_empty());
        notes.note(Some(vec![one; MAX_CHANGED + 1]));
        assert!(notes.due().everything, "too many to be read one by one");
    }

    #[test]
    fn tags_name_products_or_everything() {
        let id = ProductId::new(Timestamp::from_seconds(1));
        let tags = |tags: &[&str]| tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            named(&tags(&["products", &product_tag(id)])),
            Some(vec![id])
        );
        assert_eq!(named(&tags(&["categories", "products"])), None);
        assert_eq!(named(&tags(&["products"])), None);
    }
}
