//! What can go wrong with engagement.

use std::time::Duration;

use accounts_model::AccountsError;
use kernel::{AccessDenied, DomainError, ErrorKind, Fault, FieldError, OnceError};
use orders_model::OrdersError;
use strum::{EnumDiscriminants, EnumIter};

use crate::insight::MAX_DAYS;

/// Why a use case of engagement was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(EngagementErrorCode), derive(EnumIter))]
pub enum EngagementError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// The days make no period.
    #[error("a period has 1 to {MAX_DAYS} days, and its first one comes first")]
    InvalidPeriod,
    /// The mailed link is not valid.
    #[error("this link is not valid; open the one of the mail, as a whole")]
    InvalidLink,
    /// A repeated request stands in the way.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// Orders refused.
    #[error(transparent)]
    Orders(#[from] OrdersError),
    /// Accounts refused.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// Something failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl EngagementErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidPeriod => "insight.invalid_period",
            Self::InvalidLink => "engagement.invalid_link",
            Self::Access | Self::Once | Self::Orders | Self::Accounts | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::InvalidPeriod => ErrorKind::Unprocessable,
            Self::InvalidLink => ErrorKind::Gone,
            Self::Access | Self::Once | Self::Orders | Self::Accounts | Self::Fault => {
                ErrorKind::Internal
            }
        }
    }
}

impl DomainError for EngagementError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(inner) => inner.kind(),
            Self::Once(inner) => inner.kind(),
            Self::Orders(inner) => inner.kind(),
            Self::Accounts(inner) => inner.kind(),
            Self::Fault(inner) => inner.kind(),
            other => EngagementErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Access(inner) => inner.code(),
            Self::Once(inner) => inner.code(),
            Self::Orders(inner) => inner.code(),
            Self::Accounts(inner) => inner.code(),
            Self::Fault(inner) => inner.code(),
            other => EngagementErrorCode::from(other).code(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::InvalidPeriod => {
                vec![FieldError::new("/from", self.code(), self.to_string())]
            }
            Self::Orders(inner) => inner.fields(),
            Self::Accounts(inner) => inner.fields(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Once(inner) => inner.retry_after(),
            Self::Orders(inner) => inner.retry_after(),
            Self::Accounts(inner) => inner.retry_after(),
            Self::Fault(inner) => inner.retry_after(),
            _ => None,
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Once(inner) => inner.fault(),
            Self::Orders(inner) => inner.fault(),
            Self::Accounts(inner) => inner.fault(),
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}
