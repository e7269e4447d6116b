//! Imports of whole catalogs.

use std::num::NonZeroUsize;

use crate::reader::Reader;

/// Imports of whole catalogs.
#[derive(Debug, Clone)]
pub struct Imports {
    /// The largest file, in bytes.
    pub max_bytes: NonZeroUsize,
    /// The most rows of one file.
    pub max_rows: NonZeroUsize,
}

pub(crate) fn read(r: &mut Reader) -> Imports {
    Imports {
        max_bytes: r.value(
            "imports.max_bytes",
            "67108864",
            "The largest file that may be imported, in bytes; 1024 to 1073741824.",
        ),
        max_rows: r.value(
            "imports.max_rows",
            "100000",
            "The most rows that one import may have, 1 to 1000000.",
        ),
    }
}
