//! The category tree.

use std::collections::HashMap;

use kernel::{Audited, CategoryId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CatalogError;

/// How many levels the tree may have.
pub const MAX_DEPTH: usize = 8;

/// Whether a category is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum CategoryStatus {
    /// It is.
    Active,
    /// It is kept, but not shown.
    Archived,
}

/// A node of the category tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Which.
    pub id: CategoryId,
    /// The node above; none for a root.
    pub parent: Option<CategoryId>,
    /// Its name in URLs.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub description: String,
    /// Its place among its siblings; ties are broken by name.
    pub position: i64,
    /// Whether it is shown.
    pub status: CategoryStatus,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for Category {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        Snapshot::new()
            .with("parent", self.parent)
            .with_public_text("slug", Some(&self.slug))
            .with_public_text("name", Some(&self.name))
            .with_digest("description", &self.description)
            .with("position", self.position)
            .with("status", status)
            .with("version", self.version)
    }
}

/// A category to make.
#[derive(Debug, Clone)]
pub struct NewCategory {
    /// Its name in URLs; made from the name when there is none.
    pub slug: Option<String>,
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub description: String,
    /// The node above.
    pub parent: Option<CategoryId>,
    /// Its place among its siblings.
    pub position: i64,
}

/// A change of a category; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CategoryChange {
    /// Its name in URLs.
    pub slug: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// What is in it.
    pub description: Option<String>,
    /// The node above; `Some(None)` makes it a root.
    pub parent: Option<Option<CategoryId>>,
    /// Its place among its siblings.
    pub position: Option<i64>,
    /// Whether it is shown.
    pub status: Option<CategoryStatus>,
}

/// Who is below whom.
pub struct Tree(HashMap<CategoryId, Option<CategoryId>>);

impl Tree {
    /// The tree of these categories.
    pub fn of(categories: &[Category]) -> Self {
        Self(
            categories
                .iter()
                .map(|category| (category.id, category.parent))
                .collect(),
        )
    }

    /// Refuses a parent that does not exist, lies below the node itself, or
    /// would make the tree too deep. `id` is none for a new node.
    pub fn check_parent(
        &self,
        id: Option<CategoryId>,
        parent: Option<CategoryId>,
    ) -> Result<(), CatalogError> {
        let mut above = 0;
        let mut next = parent;
        while let Some(node) = next {
            if Some(node) == id {
                return Err(CatalogError::CategoryCycle);
            }
            above += 1;
            // The stored tree has no cycle, but a bug must not hang us.
            if above > self.0.len() {
                return Err(CatalogError::CategoryCycle);
            }
            next = *self.0.get(&node).ok_or(CatalogError::ParentNotFound)?;
        }
        let below = id.map_or(1, |id| self.height(id));
        if above + below > MAX_DEPTH {
            return Err(CatalogError::CategoryTooDeep);
        }
        Ok(())
    }

    /// How many levels the tree below a node has, the node included.
    fn height(&self, id: CategoryId) -> usize {
        let mut level = vec![id];
        let mut height = 0;
        while !level.is_empty() && height <= self.0.len() {
            height += 1;
            level = self
                .0
                .iter()
                .filter(|(_, parent)| parent.is_some_and(|parent| level.contains(&parent)))
                .map(|(&id, _)| id)
                .collect();
        }
        height
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> CategoryId {
        format!("cat_{n:026}").parse().unwrap()
    }

    fn tree(edges: &[(u128, Option<u128>)]) -> Tree {
        Tree(
            edges
                .iter()
                .map(|&(node, parent)| (id(node), parent.map(id)))
                .collect(),
        )
    }

    #[test]
    fn a_node_cannot_move_below_itself() {
        let tree = tree(&[(1, None), (2, Some(1)), (3, Some(2)), (4, None)]);
        assert!(tree.check_parent(Some(id(1)), Some(id(4))).is_ok());
        assert!(tree.check_parent(Some(id(3)), None).is_ok());
        for below in [1, 2, 3] {
            assert!(matches!(
                tree.check_parent(Some(id(1)), Some(id(below))),
                Err(CatalogError::CategoryCycle)
            ));
        }
        assert!(matches!(
            tree.check_parent(None, Some(id(9))),
            Err(CatalogError::ParentNotFound)
        ));
    }

    #[test]
    fn the_tree_has_a_greatest_depth() {
        let mut edges = vec![(1, None)];
        for n in 2..=MAX_DEPTH as u128 {
            edges.push((n, Some(n - 1)));
        }
        edges.push((100, None));
        edges.push((101, Some(100)));
        let tree = tree(&edges);
        let deepest = id(MAX_DEPTH as u128);
        assert!(
            tree.check_parent(None, Some(id(MAX_DEPTH as u128 - 1)))
                .is_ok()
        );
        assert!(tree.check_parent(None, Some(deepest)).is_err());
        // 100 brings 101 along.
        assert!(
            tree.check_parent(Some(id(100)), Some(id(MAX_DEPTH as u128 - 1)))
                .is_err()
        );
        assert!(
            tree.check_parent(Some(id(100)), Some(id(MAX_DEPTH as u128 - 2)))
                .is_ok()
        );
    }
}
