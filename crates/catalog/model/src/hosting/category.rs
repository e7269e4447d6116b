//! What hosted services are sorted by.

use kernel::{Audited, ServiceCategoryId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};

use crate::category::CategoryStatus;

/// A group of hosted services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceCategory {
    /// Which.
    pub id: ServiceCategoryId,
    /// Its name in URLs.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub description: String,
    /// Its place among the others; ties are broken by name.
    pub position: i64,
    /// Whether it and its services are shown.
    pub status: CategoryStatus,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for ServiceCategory {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        Snapshot::new()
            .with_public_text("slug", Some(&self.slug))
            .with_public_text("name", Some(&self.name))
            .with_digest("description", &self.description)
            .with("position", self.position)
            .with("status", status)
            .with("version", self.version)
    }
}

/// A group to make.
#[derive(Debug, Clone)]
pub struct NewServiceCategory {
    /// Its name in URLs; made from the name when there is none.
    pub slug: Option<String>,
    /// What it is called.
    pub name: String,
    /// What is in it.
    pub description: String,
    /// Its place among the others.
    pub position: i64,
}

/// A change of a group; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceCategoryChange {
    /// Its name in URLs.
    pub slug: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// What is in it.
    pub description: Option<String>,
    /// Its place among the others.
    pub position: Option<i64>,
    /// Whether it is shown.
    pub status: Option<CategoryStatus>,
}
