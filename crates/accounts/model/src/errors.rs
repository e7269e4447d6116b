//! What can go wrong with accounts.

use std::time::Duration;

use kernel::{
    AccessDenied, Currency, DomainError, ErrorKind, Fault, FieldError, OnceError, Permission, Role,
};
use strum::{EnumDiscriminants, EnumIter};

use crate::mails::{Part, TemplateError};
use crate::password::{MAX_LENGTH, MIN_LENGTH};

/// Why a use case of accounts was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(AccountsErrorCode), derive(EnumIter))]
pub enum AccountsError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// The text is no mail address.
    #[error("this is not a mail address such as ada@example.com, in ASCII before the @")]
    InvalidEmail,
    /// The password is too short or too long.
    #[error("a password has {MIN_LENGTH} to {MAX_LENGTH} characters")]
    PasswordLength,
    /// The password is too common, or follows from the address.
    #[error(
        "this password is easy to guess; choose another one, for example a few unrelated words"
    )]
    PasswordGuessable,
    /// There is an account with the address.
    #[error("there is an account with this mail address already; sign in, or reset its password")]
    EmailTaken,
    /// Nobody may register.
    #[error("registration is closed")]
    RegistrationClosed,
    /// Address and password do not belong together.
    #[error("the mail address or the password is wrong")]
    BadCredentials,
    /// The account is disabled.
    #[error("this account is disabled")]
    Disabled,
    /// The access token or API key is not valid.
    #[error("the access token or API key is not valid or has expired; sign in again")]
    InvalidToken,
    /// The refresh token is not valid.
    #[error("the refresh token is not valid or has expired; sign in again")]
    InvalidRefreshToken,
    /// The refresh token was used moments ago.
    #[error("this refresh token was used a moment ago; use the one that was issued then")]
    RefreshRaced,
    /// The refresh token was used before; the session was ended.
    #[error("this refresh token was used before, so its session was ended; sign in again")]
    RefreshReused,
    /// No such session.
    #[error("there is no such session")]
    SessionNotFound,
    /// The code is not good.
    #[error("the code is wrong, was used before, or is over; try the next one your app shows")]
    TwoFactorCode,
    /// The same, of somebody who is signed in already.
    #[error("the code is wrong, was used before, or is over; try the next one your app shows")]
    WrongCode,
    /// The password of somebody who is signed in is another one.
    #[error("this is not your password")]
    WrongPassword,
    /// Too many codes were not good.
    #[error("there were too many wrong codes; wait before you try again")]
    TwoFactorBlocked(Duration),
    /// The second factor is on.
    #[error("two-factor authentication is on already; turn it off first")]
    TwoFactorEnabled,
    /// The second factor is off.
    #[error("two-factor authentication is not on")]
    TwoFactorNotEnabled,
    /// There is nothing to confirm.
    #[error("there is nothing to confirm; begin with `POST /api/auth/2fa/enroll`")]
    TwoFactorNotEnrolled,
    /// Who requires it of all staff would shut themself out.
    #[error(
        "turn on two-factor authentication for yourself first, with `POST /api/auth/2fa/enroll`; you would be shut out"
    )]
    OwnTwoFactorMissing,
    /// The tenant requires the second factor.
    #[error("this shop requires two-factor authentication of you, so it stays on")]
    TwoFactorMandatory,
    /// The password was given too long ago, was changed since, or led to a
    /// session already.
    #[error(
        "this sign-in took too long, was finished already, or the password was changed meanwhile; sign in again"
    )]
    ChallengeOver,
    /// The mailed token is not valid any more.
    #[error("this link has expired or was used already; ask for a new one")]
    OneTimeTokenOver,
    /// The key may not exceed its owner.
    #[error("an API key can only have permissions that its owner has; {0} is not one")]
    ScopeNotHeld(Permission),
    /// The key would never work.
    #[error("the expiry lies in the past")]
    ExpiryInPast,
    /// Too many keys.
    #[error("you have as many API keys as one account may have; revoke one first")]
    TooManyApiKeys,
    /// No such key.
    #[error("there is no such API key")]
    ApiKeyNotFound,
    /// No such user.
    #[error("there is no such user")]
    UserNotFound,
    /// One's own role and status are for others to change.
    #[error("you cannot change your own role or status; ask another administrator")]
    OwnAccount,
    /// Operators are made on the command line.
    #[error("operators are made with `sutler admin create --operator`, not through the API")]
    OperatorRole,
    /// Who runs the installation is no matter of one tenant.
    #[error(
        "this account runs the installation: it is changed with `sutler admin create --operator` only, and its data is for operators"
    )]
    OperatorAccount,
    /// Nobody is a seller without one.
    #[error(
        "people come to a seller with `POST /api/admin/sellers/{{seller_id}}/people`, which gives them this role"
    )]
    SellerRole,
    /// Who may do more does not become a seller unasked.
    #[error("this account has the role {}; make it a user first", .0.name())]
    HasRole(Role),
    /// Who runs the shop is not forgotten.
    #[error("this account may do more than buy; take its role away first")]
    StaffErasure,
    /// Something has to end before somebody can be forgotten.
    #[error("this person cannot be forgotten yet: {0}")]
    ErasureBlocked(String),
    /// No such tenant.
    #[error("there is no such tenant")]
    TenantNotFound,
    /// The slug is taken.
    #[error("there is a tenant with this slug already")]
    TenantSlugTaken,
    /// The text is no slug.
    #[error("a slug has lower-case letters, digits and single hyphens")]
    InvalidSlug,
    /// The host belongs to a tenant.
    #[error("the host {0:?} belongs to a tenant already")]
    HostTaken(String),
    /// The host is the installation's.
    #[error(
        "{0:?} is the host of HTTP_PUBLIC_URL, where the default tenant is; take another one, or change that setting"
    )]
    OwnHost(String),
    /// The text is no host name.
    #[error("{0:?} is not a host name; leave out scheme, port and path")]
    InvalidHost(String),
    /// The default tenant must stay.
    #[error("the default tenant cannot be suspended")]
    DefaultTenant,
    /// The tenant is suspended.
    #[error("this tenant is suspended")]
    TenantSuspended,
    /// The text is no time zone.
    #[error("{0:?} is not an IANA time zone such as \"Europe/Berlin\"")]
    UnknownTimeZone(String),
    /// The fee makes no sense.
    #[error("a fee has a fixed part of at least 0 and 0 to 10000 basis points")]
    FeeOutOfRange,
    /// The fee is in another currency.
    #[error("the fee must be in {0}, the currency of the shop")]
    FeeCurrency(Currency),
    /// The text is no language tag.
    #[error("{0:?} is not a language such as \"de\" or \"pt-BR\"")]
    UnknownLanguage(String),
    /// No such mail.
    #[error("there is no such mail; GET /api/admin/mail-templates lists them")]
    MailNotFound,
    /// The template cannot be used.
    #[error(transparent)]
    MailTemplate(#[from] TemplateError),
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

impl AccountsErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidEmail => "auth.invalid_email",
            Self::PasswordLength => "auth.password_length",
            Self::PasswordGuessable => "auth.password_guessable",
            Self::EmailTaken => "auth.email_taken",
            Self::RegistrationClosed => "auth.registration_closed",
            Self::BadCredentials => "auth.bad_credentials",
            Self::Disabled => "auth.disabled",
            Self::InvalidToken => "auth.invalid_token",
            Self::InvalidRefreshToken => "auth.invalid_refresh_token",
            Self::RefreshRaced => "auth.refresh_raced",
            Self::RefreshReused => "auth.refresh_reused",
            Self::SessionNotFound => "session.not_found",
            Self::TwoFactorCode => "auth.two_factor_code",
            Self::WrongCode => "auth.wrong_code",
            Self::WrongPassword => "auth.wrong_password",
            Self::TwoFactorBlocked => "auth.two_factor_blocked",
            Self::TwoFactorEnabled => "auth.two_factor_enabled",
            Self::TwoFactorNotEnabled => "auth.two_factor_not_enabled",
            Self::TwoFactorNotEnrolled => "auth.two_factor_not_enrolled",
            Self::OwnTwoFactorMissing => "settings.own_two_factor_missing",
            Self::TwoFactorMandatory => "auth.two_factor_mandatory",
            Self::ChallengeOver => "auth.challenge_over",
            Self::OneTimeTokenOver => "auth.link_expired",
            Self::ScopeNotHeld => "api_key.scope_not_held",
            Self::ExpiryInPast => "api_key.expiry_in_past",
            Self::TooManyApiKeys => "api_key.too_many",
            Self::ApiKeyNotFound => "api_key.not_found",
            Self::UserNotFound => "user.not_found",
            Self::OwnAccount => "user.own_account",
            Self::OperatorRole => "user.operator_role",
            Self::OperatorAccount => "user.is_operator",
            Self::SellerRole => "user.seller_role",
            Self::HasRole => "user.has_role",
            Self::StaffErasure => "user.is_staff",
            Self::ErasureBlocked => "user.erasure_blocked",
            Self::TenantNotFound => "tenant.not_found",
            Self::TenantSlugTaken => "tenant.slug_taken",
            Self::InvalidSlug => "tenant.invalid_slug",
            Self::HostTaken => "tenant.host_taken",
            Self::OwnHost => "tenant.installation_host",
            Self::InvalidHost => "tenant.invalid_host",
            Self::DefaultTenant => "tenant.default",
            Self::TenantSuspended => "tenant.suspended",
            Self::UnknownTimeZone => "settings.unknown_time_zone",
            Self::FeeOutOfRange => "settings.fee_out_of_range",
            Self::FeeCurrency => "settings.fee_currency",
            Self::UnknownLanguage => "settings.unknown_language",
            Self::MailNotFound => "mail.not_found",
            Self::MailTemplate => "mail.template_invalid",
            Self::VersionMismatch => "version_mismatch",
            Self::Access | Self::Once | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        use ErrorKind as K;
        match self {
            Self::InvalidEmail
            | Self::PasswordLength
            | Self::PasswordGuessable
            | Self::ScopeNotHeld
            | Self::ExpiryInPast
            | Self::OperatorRole
            | Self::SellerRole
            | Self::InvalidSlug
            | Self::InvalidHost
            | Self::UnknownTimeZone
            | Self::FeeOutOfRange
            | Self::FeeCurrency
            | Self::UnknownLanguage
            | Self::WrongCode
            | Self::WrongPassword
            | Self::MailTemplate => K::Unprocessable,
            Self::BadCredentials
            | Self::InvalidToken
            | Self::InvalidRefreshToken
            | Self::RefreshReused
            | Self::TwoFactorCode
            | Self::ChallengeOver => K::Unauthenticated,
            Self::TwoFactorBlocked => K::TooManyRequests,
            Self::RegistrationClosed
            | Self::Disabled
            | Self::OperatorAccount
            | Self::TenantSuspended => K::Forbidden,
            Self::OneTimeTokenOver => K::Gone,
            Self::ApiKeyNotFound
            | Self::UserNotFound
            | Self::TenantNotFound
            | Self::MailNotFound
            | Self::SessionNotFound => K::NotFound,
            Self::VersionMismatch => K::PreconditionFailed,
            Self::EmailTaken
            | Self::TwoFactorEnabled
            | Self::TwoFactorNotEnabled
            | Self::TwoFactorNotEnrolled
            | Self::TwoFactorMandatory
            | Self::OwnTwoFactorMissing
            | Self::RefreshRaced
            | Self::TooManyApiKeys
            | Self::OwnAccount
            | Self::HasRole
            | Self::StaffErasure
            | Self::ErasureBlocked
            | Self::TenantSlugTaken
            | Self::HostTaken
            | Self::OwnHost
            | Self::DefaultTenant => K::Conflict,
            Self::Access | Self::Once | Self::Fault => K::Internal,
        }
    }
}

impl AccountsError {
    /// The same for somebody who is signed in, and stays so: no 401, at which
    /// apps would sign them out.
    #[must_use]
    pub fn of_signed_in(self) -> Self {
        match self {
            Self::TwoFactorCode => Self::WrongCode,
            other => other,
        }
    }
}

impl DomainError for AccountsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(inner) => inner.kind(),
            Self::Once(inner) => inner.kind(),
            Self::Fault(inner) => inner.kind(),
            other => AccountsErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Access(inner) => inner.code(),
            Self::Once(inner) => inner.code(),
            Self::Fault(inner) => inner.code(),
            other => AccountsErrorCode::from(other).code(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::InvalidEmail | Self::EmailTaken => "/email",
            Self::PasswordLength | Self::PasswordGuessable => "/password",
            Self::TwoFactorCode | Self::WrongCode => "/code",
            Self::WrongPassword => "/current_password",
            Self::OwnTwoFactorMissing => "/require_two_factor",
            Self::ScopeNotHeld(_) => "/scopes",
            Self::ExpiryInPast => "/expires_at",
            Self::OperatorRole | Self::SellerRole => "/role",
            Self::HasRole(_) => "/user_id",
            Self::InvalidSlug | Self::TenantSlugTaken => "/slug",
            Self::InvalidHost(_) | Self::HostTaken(_) | Self::OwnHost(_) => "/hosts",
            Self::UnknownTimeZone(_) => "/time_zone",
            Self::FeeOutOfRange | Self::FeeCurrency(_) => "/platform_fee",
            Self::UnknownLanguage(_) => "/language",
            Self::MailTemplate(inner) => match inner.part {
                Part::Subject => "/subject",
                Part::Text => "/text",
                Part::Html => "/html",
            },
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TwoFactorBlocked(wait) => Some(*wait),
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
