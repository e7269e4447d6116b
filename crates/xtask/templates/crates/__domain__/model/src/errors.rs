//! What can go wrong with __domain__.

use std::time::Duration;

use kernel::{AccessDenied, DomainError, ErrorKind, Fault, FieldError, OnceError};
use strum::{EnumDiscriminants, EnumIter};

use crate::__entity__::MAX_NAME;

/// Why a use case of __domain__ was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(__Domain__ErrorCode), derive(EnumIter))]
pub enum __Domain__Error {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// There is no such thing.
    #[error("there is no such __entity_words__")]
    NotFound,
    /// The name is none.
    #[error("a name has 1 to {MAX_NAME} characters")]
    InvalidName,
    /// The name is taken.
    #[error("another __entity_words__ has this name already")]
    NameTaken,
    /// Somebody else changed it.
    #[error(
        "it was changed by somebody else in the meantime; read it again and repeat your change"
    )]
    VersionMismatch,
    /// A repeated request stands in the way.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// Something failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl __Domain__ErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "__entity__.not_found",
            Self::InvalidName => "__entity__.invalid_name",
            Self::NameTaken => "__entity__.name_taken",
            Self::VersionMismatch => "version_mismatch",
            Self::Access | Self::Once | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::InvalidName => ErrorKind::Unprocessable,
            Self::NameTaken => ErrorKind::Conflict,
            Self::VersionMismatch => ErrorKind::PreconditionFailed,
            Self::Access | Self::Once | Self::Fault => ErrorKind::Internal,
        }
    }
}

impl DomainError for __Domain__Error {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(inner) => inner.kind(),
            Self::Once(inner) => inner.kind(),
            Self::Fault(inner) => inner.kind(),
            other => __Domain__ErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Access(inner) => inner.code(),
            Self::Once(inner) => inner.code(),
            Self::Fault(inner) => inner.code(),
            other => __Domain__ErrorCode::from(other).code(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::InvalidName | Self::NameTaken => {
                vec![FieldError::new("/name", self.code(), self.to_string())]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Once(inner) => inner.retry_after(),
            Self::Fault(inner) => inner.retry_after(),
            _ => None,
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Once(inner) => inner.fault(),
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}
