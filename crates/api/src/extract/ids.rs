//! Ids in paths.

use kernel::{DomainError, Id, IdKind};

use crate::problem::ApiError;

/// The id in a path. What is no id of the kind names nothing, so the error is
/// the very one of a missing thing.
pub(crate) fn id<K: IdKind, E: DomainError>(text: &str, missing: E) -> Result<Id<K>, ApiError> {
    text.parse().map_err(|_| ApiError::from(missing))
}
