//! Products that can be searched.

use std::collections::BTreeMap;
use std::sync::Arc;

use fixedbitset::FixedBitSet;
use kernel::ProductId;

use super::columns::{BadStore, Columns, Stored};
use super::lists::{Values, all_rows};
use super::tree::Tree;
use super::words::{Term, of_question};

/// With more changed products than this, all are to be read again.
pub const MAX_CHANGED: usize = 2_000;

/// Some products.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) columns: Arc<Columns>,
    /// The places of categories in the tree, for each product.
    pub(super) places: Arc<Values>,
    /// Those that are not outdated.
    pub(super) shown: FixedBitSet,
}

impl Part {
    fn read(stored: &[Stored], tree: &Tree) -> Result<Self, BadStore> {
        let columns = Columns::read(stored)?;
        Ok(Self {
            places: Arc::new(tree.places(&columns)),
            shown: all_rows(columns.len()),
            columns: Arc::new(columns),
        })
    }

    fn under(&self, tree: &Tree) -> Self {
        Self {
            places: Arc::new(tree.places(&self.columns)),
            ..self.clone()
        }
    }

    fn bytes(&self) -> usize {
        self.columns.bytes() + self.places.bytes() + self.columns.len() / 8
    }
}

/// All products of a shop, or those that may answer a question: what changes
/// is laid beside the rest.
#[derive(Debug, Default)]
pub struct Index {
    tree: Arc<Tree>,
    base: Part,
    /// What is newer than the base; nothing is stored of products that are not
    /// shown any more.
    changed: BTreeMap<ProductId, Stored>,
    fresh: Part,
}

impl Index {
    /// Of what is stored, in one piece or in several. No product is in two of
    /// them.
    pub fn read(stored: &[Stored], tree: Arc<Tree>) -> Result<Self, BadStore> {
        Ok(Self {
            base: Part::read(stored, &tree)?,
            tree,
            ..Self::default()
        })
    }

    /// With some products exchanged; none if these have become too many.
    pub fn with(&self, products: Vec<(ProductId, Stored)>) -> Result<Option<Self>, BadStore> {
        let mut changed = self.changed.clone();
        changed.extend(products);
        if changed.len() > MAX_CHANGED {
            return Ok(None);
        }
        let mut base = self.base.clone();
        for row in changed.keys().filter_map(|&id| base.columns.row(id)) {
            base.shown.remove(row);
        }
        let all: Vec<Stored> = changed.values().cloned().collect();
        Ok(Some(Self {
            fresh: Part::read(&all, &self.tree)?,
            tree: self.tree.clone(),
            base,
            changed,
        }))
    }

    /// With another tree.
    #[must_use]
    pub fn under(&self, tree: Arc<Tree>) -> Self {
        Self {
            base: self.base.under(&tree),
            fresh: self.fresh.under(&tree),
            changed: self.changed.clone(),
            tree,
        }
    }

    /// How many products there are.
    pub fn len(&self) -> usize {
        self.parts().map(|part| part.shown.count_ones(..)).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The categories.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let changed = self.changed.values();
        let changed: usize = changed
            .map(|stored| stored.cards.len() + stored.words.len() + 100)
            .sum();
        self.base.bytes() + self.fresh.bytes() + changed
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        let parts = [&self.base, &self.fresh].into_iter();
        parts.filter(|part| part.columns.len() > 0)
    }

    /// What the words of a text stand for; none if nothing has one of them.
    pub fn terms(&self, text: &str) -> Option<Vec<Term>> {
        let asked = of_question(text);
        if asked.is_empty() {
            return None;
        }
        asked.into_iter().map(|word| self.term(word)).collect()
    }

    fn term(&self, word: String) -> Option<Term> {
        let begins = |part: &Part| part.columns.dictionary.begins(&word, &part.shown);
        if self.parts().any(begins) {
            return Some(Term::Prefix(word));
        }
        let parts = self.parts();
        let similar = parts.flat_map(|part| part.columns.dictionary.similar(&word));
        Term::corrected(&word, similar)
    }
}
