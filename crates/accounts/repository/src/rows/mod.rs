//! The rows as sea-orm sees them, and what they mean.

use kernel::Fault;

pub mod api_key;
pub mod user;

/// A stored value that cannot be read: a bug or a hand-made change.
pub(crate) fn unreadable(
    what: &str,
    error: impl std::error::Error + Send + Sync + 'static,
) -> Fault {
    Fault::permanent(format!("{what} cannot be read")).caused_by(error)
}
