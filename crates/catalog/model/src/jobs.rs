//! The background work of the catalog.

use kernel::Job;
use serde::{Deserialize, Serialize};

/// Indexes products that search does not know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexMissing {}

impl Job for IndexMissing {
    const KIND: &'static str = "catalog.index_missing";
    const MAX_ATTEMPTS: u32 = 3;
}
