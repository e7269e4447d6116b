//! What can go wrong with hosted services.

use std::time::Duration;

use kernel::{AccessDenied, DomainError, ErrorKind, Fault, FieldError, OnceError};
use strum::{EnumDiscriminants, EnumIter};

use super::plan::MAX_PLANS;

/// Why a use case of hosted services was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(HostingErrorCode), derive(EnumIter))]
pub enum HostingError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// The text is no slug.
    #[error(
        "a slug has 1 to 120 lower-case letters, digits and single hyphens; give one where the name has no such characters"
    )]
    InvalidSlug,
    /// No such group.
    #[error("there is no such category of services")]
    CategoryNotFound,
    /// The slug is taken.
    #[error("there is a category of services with this slug already")]
    CategorySlugTaken,
    /// A service names a group that does not exist.
    #[error("the category of services does not exist")]
    UnknownCategory,
    /// No such service.
    #[error("there is no such service")]
    ServiceNotFound,
    /// The slug is taken.
    #[error("there is a service with this slug already")]
    ServiceSlugTaken,
    /// The template could not run.
    #[error("the template could not run as it is; `errors` says what to change")]
    Template(Vec<FieldError>),
    /// No such plan.
    #[error("there is no such plan")]
    PlanNotFound,
    /// The slug is taken.
    #[error("the service has a plan with this slug already")]
    PlanSlugTaken,
    /// Something about the plan makes no sense.
    #[error("the plan makes no sense as it is; `errors` says what to change")]
    Plan(Vec<FieldError>),
    /// Too many plans.
    #[error("a service has at most {MAX_PLANS} plans; archive one first")]
    TooManyPlans,
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

/// A slug that was given, or one made from a name.
pub(super) fn slug_for(given: Option<String>, name: &str) -> Result<String, HostingError> {
    crate::product::slug_for(given, name).map_err(|_| HostingError::InvalidSlug)
}

/// The slug of a group of services.
///
/// # Errors
/// [`HostingError::InvalidSlug`].
pub fn category_slug(given: Option<String>, name: &str) -> Result<String, HostingError> {
    slug_for(given, name)
}

impl HostingErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidSlug => "catalog.invalid_slug",
            Self::CategoryNotFound => "service_category.not_found",
            Self::CategorySlugTaken => "service_category.slug_taken",
            Self::UnknownCategory => "service.unknown_category",
            Self::ServiceNotFound => "service.not_found",
            Self::ServiceSlugTaken => "service.slug_taken",
            Self::Template => "service.invalid_template",
            Self::PlanNotFound => "plan.not_found",
            Self::PlanSlugTaken => "plan.slug_taken",
            Self::Plan => "plan.invalid",
            Self::TooManyPlans => "plan.too_many",
            Self::VersionMismatch => "version_mismatch",
            Self::Access | Self::Once | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        use ErrorKind as K;
        match self {
            Self::CategoryNotFound | Self::ServiceNotFound | Self::PlanNotFound => K::NotFound,
            Self::CategorySlugTaken
            | Self::ServiceSlugTaken
            | Self::PlanSlugTaken
            | Self::TooManyPlans => K::Conflict,
            Self::InvalidSlug | Self::UnknownCategory | Self::Template | Self::Plan => {
                K::Unprocessable
            }
            Self::VersionMismatch => K::PreconditionFailed,
            Self::Access | Self::Once | Self::Fault => K::Internal,
        }
    }
}

impl DomainError for HostingError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(inner) => inner.kind(),
            Self::Once(inner) => inner.kind(),
            Self::Fault(inner) => inner.kind(),
            other => HostingErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Access(inner) => inner.code(),
            Self::Once(inner) => inner.code(),
            Self::Fault(inner) => inner.code(),
            other => HostingErrorCode::from(other).code(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::Template(fields) | Self::Plan(fields) => return fields.clone(),
            Self::InvalidSlug
            | Self::CategorySlugTaken
            | Self::ServiceSlugTaken
            | Self::PlanSlugTaken => "/slug",
            Self::UnknownCategory => "/category_id",
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
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
