//! The public catalog.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::reader::Reader;

/// The public catalog.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// How long answers are kept.
    pub cache_ttl: Duration,
    /// Memory for answers, in bytes.
    pub cache_bytes: NonZeroUsize,
    /// Memory for products that are searched, in bytes.
    pub search_bytes: NonZeroUsize,
}

pub(crate) fn read(r: &mut Reader) -> Catalog {
    Catalog {
        cache_ttl: r.value(
            "catalog.cache_ttl",
            "30s",
            "How long public catalog answers are kept in memory; edits and stock changes drop them at once.",
        ),
        cache_bytes: r.value(
            "catalog.cache_bytes",
            "16777216",
            "Memory for public catalog answers, in bytes.",
        ),
        search_bytes: r.value(
            "catalog.search_bytes",
            "268435456",
            "Memory for products that are searched, in bytes; 100,000 of them take about 100 MB. Where there is no room, words are looked for in the database, which takes longer.",
        ),
    }
}
