//! Background work of __domain__.

use kernel::{__Entity__Id, Job};
use serde::{Deserialize, Serialize};

/// Forgets one that was archived long ago.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Forget__Entity__ {
    /// Which.
    pub __entity__: __Entity__Id,
}

impl Job for Forget__Entity__ {
    const KIND: &'static str = "__domain__.forget___entity__";
}
