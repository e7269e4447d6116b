//! What has changed since products were read.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use catalog_model::events::{ALL_TAG, PRODUCTS_TAG, TREE_TAG, product_of_tag};
use catalog_model::search::{Index, MAX_CHANGED};
use kernel::ProductId;

/// All products of a tenant are not read again so soon for a question that the
/// database can answer: there is no room for them, or they change too much.
const REST: Duration = Duration::from_secs(10);

/// What changed of a tenant since its products were read, each with the number
/// of the change.
#[derive(Default)]
pub(super) struct Notes {
    last: u64,
    everything: Option<u64>,
    tree: Option<u64>,
    products: HashMap<ProductId, u64>,
    /// More products have changed than are read one by one, and more are likely
    /// to follow.
    flood: Option<u64>,
    /// Held by whoever reads them, so that only one does.
    reading: Arc<tokio::sync::Mutex<()>>,
    /// When all products were read, or were to be.
    read: Option<Instant>,
    /// What changes while all products are read again.
    meanwhile: Option<Change>,
    /// What was read last, and since when, as long as a question uses it.
    lent: Option<(Instant, Weak<Index>)>,
    /// The log says that there is no room for all products.
    is_told: bool,
}

/// What has to be read, and the number of the last change that is in it.
pub(super) struct Due {
    pub(super) everything: bool,
    pub(super) tree: bool,
    pub(super) products: Vec<ProductId>,
    last: u64,
}

/// What has changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Change {
    everything: bool,
    /// More products than are named.
    many: bool,
    tree: bool,
    products: BTreeSet<ProductId>,
}

impl Change {
    pub(super) const EVERYTHING: Self = Self {
        everything: true,
        many: false,
        tree: false,
        products: BTreeSet::new(),
    };

    fn and(&mut self, other: &Self) {
        self.tree |= other.tree;
        self.products.extend(&other.products);
        self.everything |= other.everything;
        self.many |= other.many || self.products.len() > MAX_CHANGED;
        if self.everything || self.many {
            self.products.clear();
        }
    }

    /// What tags are about, which may be those of several events; none if what
    /// is searched is as before.
    pub(super) fn of(tags: &[String]) -> Option<Self> {
        let has = |name: &str| tags.iter().any(|tag| tag == name);
        if !has(PRODUCTS_TAG) {
            return None;
        }
        let tree = has(TREE_TAG);
        let products: BTreeSet<ProductId> =
            tags.iter().filter_map(|tag| product_of_tag(tag)).collect();
        Some(Self {
            everything: has(ALL_TAG) || !tree && products.is_empty(),
            many: false,
            tree,
            products,
        })
    }
}

impl Notes {
    pub(super) fn note(&mut self, change: Change) {
        self.last += 1;
        if let Some(meanwhile) = &mut self.meanwhile {
            meanwhile.and(&change);
        }
        if change.tree {
            self.tree = Some(self.last);
        }
        let products = change.products.into_iter();
        self.products
            .extend(products.map(|product| (product, self.last)));
        if change.everything {
            self.everything = Some(self.last);
            self.products.clear();
        } else if change.many || self.products.len() > MAX_CHANGED {
            self.flood = Some(self.last);
            self.products.clear();
        }
    }

    pub(super) fn is_nothing_due(&self) -> bool {
        !self.is_everything_due() && self.tree.is_none() && self.products.is_empty()
    }

    /// Whether all products have to be read, but not so soon: somebody does or
    /// did lately.
    pub(super) fn is_busy(&self, are_known: bool) -> bool {
        let needs_all = !are_known || self.is_everything_due();
        needs_all && (self.was_read_lately() || self.reading.try_lock().is_err())
    }

    pub(super) fn due(&self) -> Due {
        Due {
            everything: self.is_everything_due(),
            tree: self.tree.is_some(),
            products: self.products.keys().copied().collect(),
            last: self.last,
        }
    }

    /// Forgets what was read; what changed meanwhile stays.
    pub(super) fn done(&mut self, due: &Due) {
        let later = |&number: &u64| number > due.last;
        self.everything = self.everything.filter(later);
        self.flood = self.flood.filter(later);
        self.tree = self.tree.filter(later);
        self.products.retain(|_, number| later(number));
        if due.everything {
            self.read = Some(Instant::now());
        }
    }

    /// Begins to read all products again, with all that is due, unless somebody
    /// does or did lately.
    pub(super) fn begin(&mut self) -> Option<Due> {
        let begins = self.meanwhile.is_none() && !self.was_read_lately();
        begins.then(|| {
            self.meanwhile = Some(Change::default());
            self.read = Some(Instant::now());
            Due {
                everything: true,
                ..self.due()
            }
        })
    }

    /// Ends that, with what was read, if it could be. What changed meanwhile is
    /// due once more: it may have been read for what was kept until now, and
    /// not with all products.
    pub(super) fn end(&mut self, read: Option<&Due>) {
        if let Some(due) = read {
            self.done(due);
        }
        let change = self.meanwhile.take().unwrap_or_default();
        if change != Change::default() {
            self.note(change);
        }
    }

    /// Whether so many products changed that nobody waits until they are read.
    pub(super) fn is_flooded(&self) -> bool {
        self.flood.is_some() && self.everything.is_none() && self.tree.is_none()
    }

    /// Lends all products, that were read from this moment on, to questions that
    /// waited for that.
    pub(super) fn lend(&mut self, begun: Instant, index: &Arc<Index>) {
        self.lent = Some((begun, Arc::downgrade(index)));
    }

    /// What is lent, if it is as new as a question of that moment.
    pub(super) fn lent_since(&self, asked: Instant) -> Option<Arc<Index>> {
        let (begun, index) = self.lent.as_ref()?;
        (*begun >= asked).then(|| index.upgrade()).flatten()
    }

    /// Whether the log is to say that there is no room, which it does once.
    pub(super) fn is_to_be_told(&mut self) -> bool {
        !std::mem::replace(&mut self.is_told, true)
    }

    /// The lock of whoever reads what is due.
    pub(super) fn reading(&self) -> Arc<tokio::sync::Mutex<()>> {
        self.reading.clone()
    }

    fn is_everything_due(&self) -> bool {
        self.everything.is_some() || self.flood.is_some()
    }

    fn was_read_lately(&self) -> bool {
        self.read.is_some_and(|read| read.elapsed() < REST)
    }
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
            many: false,
            tree: false,
            products: products.iter().copied().collect(),
        }
    }

    /// More products than are read one by one.
    fn many() -> impl Iterator<Item = ProductId> {
        let seconds = (0..).take(MAX_CHANGED + 1);
        seconds.map(|seconds| ProductId::new(Timestamp::from_seconds(seconds)))
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
        assert!(notes.is_nothing_due());
        let many: Vec<ProductId> = many().collect();
        notes.note(products(&many));
        assert!(notes.due().everything, "too many to be read one by one");
    }

    #[test]
    fn what_changes_while_all_are_read_again_is_due_after_that() {
        let id = |seconds| ProductId::new(Timestamp::from_seconds(seconds));
        let (one, two) = (id(1), id(2));
        let mut notes = Notes::default();
        notes.note(products(&[one]));
        let begun = notes.begin().expect("nobody reads");
        assert!(notes.begin().is_none() && begun.products == [one]);
        notes.note(products(&[two]));
        // A question reads it in the meantime.
        notes.done(&notes.due());
        assert!(notes.is_nothing_due());
        notes.end(Some(&begun));
        assert_eq!(notes.due().products, [two]);
        assert!(notes.begin().is_none(), "that was just now");
        notes.read = None;
        let begun = notes.begin().expect("nobody reads");
        notes.end(Some(&begun));
        assert!(notes.is_nothing_due());
        notes.note(products(&[one]));
        notes.read = None;
        assert!(notes.begin().is_some());
        notes.end(None);
        assert_eq!(notes.due().products, [one], "it could not be read");
    }

    #[test]
    fn nobody_waits_for_a_flood() {
        let mut notes = Notes::default();
        for product in many() {
            notes.note(products(&[product]));
        }
        assert!(notes.is_flooded() && notes.due().everything);
        let begun = notes.begin().expect("nobody reads");
        for product in many() {
            notes.note(products(&[product]));
        }
        notes.done(&notes.due());
        notes.end(Some(&begun));
        assert!(notes.is_flooded(), "it went on");
        notes.note(Change::EVERYTHING);
        assert!(!notes.is_flooded(), "that is waited for");
        notes.done(&notes.due());
        assert!(notes.is_nothing_due() && !notes.is_flooded());
    }

    #[test]
    fn all_are_not_read_again_so_soon() {
        let mut notes = Notes::default();
        assert!(!notes.is_busy(false) && !notes.is_busy(true));
        let reading = notes.reading();
        let guard = reading.try_lock().expect("nobody reads");
        assert!(notes.is_busy(false) && !notes.is_busy(true));
        drop(guard);
        notes.note(Change::EVERYTHING);
        notes.done(&notes.due());
        assert!(notes.is_busy(false) && !notes.is_busy(true));
        notes.note(Change::EVERYTHING);
        assert!(notes.is_busy(true));
    }

    #[test]
    fn what_is_lent_is_as_new_as_the_question() {
        let (early, late) = (Instant::now(), Instant::now() + REST);
        let mut notes = Notes::default();
        assert!(notes.lent_since(early).is_none());
        let index = Arc::new(Index::default());
        notes.lend(late, &index);
        assert!(notes.lent_since(early).is_some());
        notes.lend(early, &index);
        assert!(notes.lent_since(late).is_none());
        drop(index);
        assert!(notes.lent_since(early).is_none());
        assert!(notes.is_to_be_told() && !notes.is_to_be_told());
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
