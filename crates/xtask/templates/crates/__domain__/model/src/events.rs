//! Facts about __domain__.

use kernel::{__Entity__Id, Event};
use serde::{Deserialize, Serialize};

/// One of the __entities_words__ was made or changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct __Entity__Changed {
    /// Which.
    pub __entity__: __Entity__Id,
}

impl Event for __Entity__Changed {
    const KIND: &'static str = "__entity__.changed";
}
