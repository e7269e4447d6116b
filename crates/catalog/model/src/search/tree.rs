//! The category tree, as search sees it.

use std::collections::HashMap;

use kernel::CategoryId;

use super::columns::Columns;
use super::lists::{Lists, Values};
use crate::category::{Category, CategoryStatus};
use crate::listing::CategoryRef;

/// All categories.
#[derive(Debug, Default)]
pub struct Tree {
    all: Vec<Category>,
    /// For each category itself and those above it, as places; nothing for
    /// those that are not shown.
    paths: HashMap<[u8; 16], Vec<u32>>,
}

impl Tree {
    /// Of all categories.
    pub fn new(all: Vec<Category>) -> Self {
        Self {
            paths: paths(&all),
            all,
        }
    }

    /// The categories.
    pub fn all(&self) -> &[Category] {
        &self.all
    }

    /// The categories that are named and all below them, without those that are
    /// archived or below such a one.
    pub fn subtree(&self, named: &[CategoryRef]) -> Vec<CategoryId> {
        let is_shown =
            |category: &&Category| self.paths.contains_key(category.id.uuid().as_bytes());
        let active: Vec<&Category> = self.all.iter().filter(is_shown).collect();
        let is_named = |category: &&&Category| {
            named.iter().any(|name| match name {
                CategoryRef::Id(id) => category.id == *id,
                CategoryRef::Slug(slug) => category.slug == *slug,
            })
        };
        let mut found: Vec<CategoryId> = active.iter().filter(is_named).map(|c| c.id).collect();
        let mut next = 0;
        while let Some(&above) = found.get(next) {
            let below = active.iter().filter(|c| c.parent == Some(above));
            for id in below.map(|category| category.id) {
                if !found.contains(&id) {
                    found.push(id);
                }
            }
            next += 1;
        }
        found
    }

    /// For each product the places of the categories it counts for, each once.
    pub(super) fn places(&self, columns: &Columns) -> Values {
        let paths: Vec<&[u32]> = columns
            .categories
            .names
            .all()
            .iter()
            .map(|id| self.paths.get(id).map_or(&[][..], Vec::as_slice))
            .collect();
        let mut places = Lists::default();
        let mut of_row: Vec<u32> = Vec::new();
        for row in 0..columns.len() {
            of_row.clear();
            for &category in columns.categories.values.of(row) {
                for &place in paths[category as usize] {
                    if !of_row.contains(&place) {
                        of_row.push(place);
                    }
                }
            }
            places.push(of_row.iter().copied());
        }
        Values::new(places, self.all.len())
    }
}

fn paths(tree: &[Category]) -> HashMap<[u8; 16], Vec<u32>> {
    let by_id: HashMap<CategoryId, u32> = tree.iter().map(|c| c.id).zip(0..).collect();
    let path = |category: &Category| -> Option<Vec<u32>> {
        let mut path = Vec::new();
        let mut next = Some(category.id);
        while let Some(&place) = next.and_then(|id| by_id.get(&id)) {
            let node = &tree[place as usize];
            if node.status == CategoryStatus::Archived || path.len() > tree.len() {
                return None;
            }
            path.push(place);
            next = node.parent;
        }
        Some(path)
    };
    tree.iter()
        .filter_map(|category| Some((category.id.uuid().into_bytes(), path(category)?)))
        .collect()
}
