//! What can go wrong with quotas.

use std::time::Duration;

use accounts_model::AccountsError;
use catalog_model::hosting::HostingError;
use kernel::{AccessDenied, DomainError, ErrorKind, Fault, FieldError, OnceError};
use strum::{EnumDiscriminants, EnumIter};

use super::MAX_TOTAL;

/// Why a use case of quotas was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(QuotaErrorCode), derive(EnumIter))]
pub enum QuotaError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// No such quota.
    #[error("there is no such quota")]
    NotFound,
    /// Nothing is left.
    #[error("nothing is left of this plan; join its waiting list to be told when there is")]
    Exhausted,
    /// The total makes no sense.
    #[error("a quota has 0 to {MAX_TOTAL} units, or null for no limit")]
    Total,
    /// The thresholds make no sense.
    #[error("`warning_percent` and `critical_percent` are 1 to 100, and the warning comes first")]
    Thresholds,
    /// There is room.
    #[error("there is room in this plan; subscribe to it instead of waiting")]
    NotExhausted,
    /// They wait already.
    #[error("you wait for this plan already")]
    AlreadyWaiting,
    /// They have it.
    #[error("you have this plan already, or are promised it")]
    AlreadyHeld,
    /// Nobody waits there.
    #[error("there is no such place in a waiting list")]
    WaiterNotFound,
    /// The wait is over.
    #[error("this wait is over already")]
    WaitOver,
    /// Somebody else changed it.
    #[error(
        "it was changed by somebody else in the meantime; read it again and repeat your change"
    )]
    VersionMismatch,
    /// The catalog refused.
    #[error(transparent)]
    Hosting(#[from] HostingError),
    /// Accounts refused.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// A repeated request stands in the way.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// Something failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl QuotaErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "quota.not_found",
            Self::Exhausted => "quota.exhausted",
            Self::Total => "quota.total",
            Self::Thresholds => "quota.thresholds",
            Self::NotExhausted => "waiting_list.room",
            Self::AlreadyWaiting => "waiting_list.waiting_already",
            Self::AlreadyHeld => "waiting_list.held_already",
            Self::WaiterNotFound => "waiting_list.not_found",
            Self::WaitOver => "waiting_list.over",
            Self::VersionMismatch => "version_mismatch",
            Self::Access | Self::Hosting | Self::Accounts | Self::Once | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        use ErrorKind as K;
        match self {
            Self::NotFound | Self::WaiterNotFound => K::NotFound,
            Self::Exhausted
            | Self::NotExhausted
            | Self::AlreadyWaiting
            | Self::AlreadyHeld
            | Self::WaitOver => K::Conflict,
            Self::Total | Self::Thresholds => K::Unprocessable,
            Self::VersionMismatch => K::PreconditionFailed,
            Self::Access | Self::Hosting | Self::Accounts | Self::Once | Self::Fault => K::Internal,
        }
    }
}

impl QuotaError {
    /// The error of the part that refused, if another one did.
    fn inner(&self) -> Option<&dyn DomainError> {
        match self {
            Self::Access(inner) => Some(inner),
            Self::Hosting(inner) => Some(inner),
            Self::Accounts(inner) => Some(inner),
            Self::Once(inner) => Some(inner),
            Self::Fault(inner) => Some(inner),
            _ => None,
        }
    }
}

impl DomainError for QuotaError {
    fn kind(&self) -> ErrorKind {
        self.inner()
            .map_or_else(|| QuotaErrorCode::from(self).kind(), DomainError::kind)
    }

    fn code(&self) -> &'static str {
        self.inner()
            .map_or_else(|| QuotaErrorCode::from(self).code(), DomainError::code)
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::Total => "/total",
            Self::Thresholds => "/warning_percent",
            _ => return self.inner().map(DomainError::fields).unwrap_or_default(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        self.inner().and_then(DomainError::retry_after)
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Hosting(inner) => inner.fault(),
            Self::Accounts(inner) => inner.fault(),
            Self::Once(inner) => inner.fault(),
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}
