//! The shape of errors: what kind, which stable code, which field.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::permission::Permission;

/// What went wrong, as far as a caller can act on it. The HTTP layer maps each
/// kind to one status; the job worker to "retry" or "give up".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request cannot be read: malformed JSON, a bad cursor.
    Malformed,
    /// Who asks is unknown or cannot be proven.
    Unauthenticated,
    /// Not enough credits.
    PaymentRequired,
    /// Known, but not allowed.
    Forbidden,
    /// There is no such thing, or not for this caller.
    NotFound,
    /// There is such a thing, but it cannot be used like that.
    MethodNotAllowed,
    /// The state of the thing forbids it, or someone else was faster.
    Conflict,
    /// It was there, and is not any more.
    Gone,
    /// An `If-Match` did not match.
    PreconditionFailed,
    /// An `If-Match` is needed and missing.
    PreconditionRequired,
    /// The client took too long to send it.
    Timeout,
    /// Too much was sent.
    TooLarge,
    /// What was asked for is too long.
    UrlTooLong,
    /// It was sent in a form that is not understood.
    UnsupportedMediaType,
    /// Readable, but the values make no sense.
    Unprocessable,
    /// Too many requests.
    TooManyRequests,
    /// An outside system answered with nonsense or an error.
    BadGateway,
    /// Try again later: draining, or something we need is down.
    Unavailable,
    /// Our fault.
    Internal,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// Where, as a JSON pointer (RFC 6901) such as `/lines/0/quantity`.
    pub pointer: String,
    /// Which rule, as a word such as `range`.
    pub code: String,
    /// What to change.
    pub detail: String,
}

impl FieldError {
    /// A field error.
    pub fn new(
        pointer: impl Into<String>,
        code: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            pointer: pointer.into(),
            code: code.into(),
            detail: detail.into(),
        }
    }
}

/// What every domain's error enum answers. `Display` is the sentence a caller
/// reads, so it says what to change and names nothing internal.
pub trait DomainError: StdError + Send + Sync + 'static {
    /// What kind of failure this is.
    fn kind(&self) -> ErrorKind;

    /// The stable, documented code, such as `order.already_paid`.
    fn code(&self) -> &'static str;

    /// Which fields are wrong, where that can be said.
    fn fields(&self) -> Vec<FieldError> {
        Vec::new()
    }

    /// When trying again makes sense.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// What happened inside; for the log, never for the caller.
    fn fault(&self) -> Option<&Fault> {
        None
    }
}

/// A domain error turned into plain data, for layers that treat all alike.
#[derive(Debug)]
pub struct ErrorReport {
    /// What kind of failure.
    pub kind: ErrorKind,
    /// The stable code.
    pub code: &'static str,
    /// The sentence for the caller.
    pub detail: String,
    /// Which fields are wrong.
    pub fields: Vec<FieldError>,
    /// When trying again makes sense.
    pub retry_after: Option<Duration>,
    /// What happened inside, for the log.
    pub internal: Option<String>,
    /// Whether the same call may succeed later without any change.
    pub transient: bool,
}

impl<E: DomainError> From<E> for ErrorReport {
    fn from(error: E) -> Self {
        let kind = error.kind();
        let fault = error.fault();
        Self {
            kind,
            code: error.code(),
            detail: error.to_string(),
            fields: error.fields(),
            retry_after: error.retry_after(),
            transient: fault.map_or(
                matches!(
                    kind,
                    ErrorKind::Unavailable | ErrorKind::BadGateway | ErrorKind::TooManyRequests
                ),
                Fault::is_transient,
            ),
            internal: fault.map(Fault::chain),
        }
    }
}

/// Something we depend on failed: the database, a gateway, our own data. Its
/// text is for the log; callers see only that it happened.
#[derive(Debug)]
pub struct Fault {
    context: String,
    transient: bool,
    violation: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Fault {
    /// A failure that will repeat: broken data, a bug.
    pub fn permanent(context: impl Into<String>) -> Self {
        Self {
            context: context.into(),
            transient: false,
            violation: None,
            source: None,
        }
    }

    /// A failure that may pass: a lost connection, a timeout, a deadlock.
    pub fn transient(context: impl Into<String>) -> Self {
        Self {
            transient: true,
            ..Self::permanent(context)
        }
    }

    /// The same fault with what caused it.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same fault, marked as the violation of a database constraint. The
    /// name has the form `table(column,column)` without `tenant_id` for unique
    /// keys, and is the constraint's name for checks.
    #[must_use]
    pub fn violating(mut self, constraint: impl Into<String>) -> Self {
        self.violation = Some(constraint.into());
        self
    }

    /// Whether the same call may succeed later without any change.
    pub fn is_transient(&self) -> bool {
        self.transient
    }

    /// Whether this is the violation of that constraint.
    pub fn violates(&self, constraint: &str) -> bool {
        self.violation.as_deref() == Some(constraint)
    }

    /// The context and all causes, for the log.
    pub fn chain(&self) -> String {
        match self.source.as_deref() {
            Some(source) => format!("{}: {}", self.context, chain(source)),
            None => self.context.clone(),
        }
    }
}

/// What went wrong and all its causes; what repeats its cause is told once.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !told.last().is_some_and(|last| last.contains(&text)) {
            told.push(text);
        }
        next = error.source();
    }
    told.join(": ")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.transient {
            "a part of the system did not answer; try again shortly"
        } else {
            "something went wrong on our side"
        })
    }
}

impl StdError for Fault {}

impl DomainError for Fault {
    fn kind(&self) -> ErrorKind {
        if self.transient {
            ErrorKind::Unavailable
        } else {
            ErrorKind::Internal
        }
    }

    fn code(&self) -> &'static str {
        if self.transient {
            "unavailable"
        } else {
            "internal"
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.transient.then_some(Duration::from_secs(1))
    }

    fn fault(&self) -> Option<&Fault> {
        Some(self)
    }
}

/// The caller may not do that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessDenied {
    /// Nobody is signed in.
    #[error("sign in first: send an access token or an API key as `Authorization: Bearer …`")]
    Unauthenticated,
    /// Somebody is, without the permission.
    #[error("this needs the permission {0}")]
    Missing(Permission),
    /// The thing is for people, not for programs, or the other way round.
    #[error("this cannot be done with an API key; sign in as a user")]
    UsersOnly,
    /// They have the permission for what is their seller's, and this is about
    /// more.
    #[error("this needs the permission {0} for the whole shop; yours is for one seller")]
    Bound(Permission),
    /// Only those who are bound to a seller have something here.
    #[error("this is for those who belong to a seller; you belong to none")]
    SellersOnly,
    /// The tenant requires a second factor of them, and they have none.
    #[error(
        "this shop requires two-factor authentication of you: turn it on with `POST /api/auth/2fa/enroll`"
    )]
    SecondFactor,
}

impl DomainError for AccessDenied {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthenticated => ErrorKind::Unauthenticated,
            Self::Missing(_)
            | Self::Bound(_)
            | Self::UsersOnly
            | Self::SellersOnly
            | Self::SecondFactor => ErrorKind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "auth.required",
            Self::Missing(_) | Self::Bound(_) => "auth.forbidden",
            Self::UsersOnly => "auth.users_only",
            Self::SellersOnly => "auth.sellers_only",
            Self::SecondFactor => "auth.two_factor_required",
        }
    }
}

/// A repeated request cannot be answered yet, or not with this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyConflict {
    /// The key was used for a different request.
    #[error(
        "this Idempotency-Key was used for a different request; use a new key for a new request"
    )]
    KeyReused,
    /// The first request with the key is still being served.
    #[error("a request with this Idempotency-Key is still being served; try again shortly")]
    InProgress,
}

/// Why a request that may be repeated could not begin or end.
#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    /// Its key stands in the way.
    #[error(transparent)]
    Conflict(#[from] IdempotencyConflict),
    /// Something failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl DomainError for OnceError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Conflict(IdempotencyConflict::KeyReused) => ErrorKind::Unprocessable,
            Self::Conflict(IdempotencyConflict::InProgress) => ErrorKind::Conflict,
            Self::Fault(fault) => fault.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Conflict(IdempotencyConflict::KeyReused) => "idempotency.key_reused",
            Self::Conflict(IdempotencyConflict::InProgress) => "idempotency.in_progress",
            Self::Fault(fault) => fault.code(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Conflict(IdempotencyConflict::KeyReused) => None,
            Self::Conflict(IdempotencyConflict::InProgress) => Some(Duration::from_secs(1)),
            Self::Fault(fault) => fault.retry_after(),
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Conflict(_) => None,
            Self::Fault(fault) => Some(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_tells_the_log_everything_and_the_caller_nothing() {
        let io = std::io::Error::other("connection to 10.0.0.7 refused");
        let report = ErrorReport::from(Fault::transient("load order").caused_by(io));
        assert!(report.transient);
        assert_eq!(report.code, "unavailable");
        assert!(!report.detail.contains("10.0.0.7"));
        assert_eq!(
            report.internal.as_deref(),
            Some("load order: connection to 10.0.0.7 refused")
        );
    }
}
