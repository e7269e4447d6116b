//! What can go wrong with subscriptions.

use std::time::Duration;

use accounts_model::AccountsError;
use catalog_model::hosting::HostingError;
use catalog_model::hosting::plan::Tier;
use clusters_model::ClustersError;
use credits_model::CreditsError;
use credits_model::quota::QuotaError;
use kernel::{AccessDenied, DomainError, ErrorKind, Fault, FieldError, OnceError};
use strum::{EnumDiscriminants, EnumIter};

use crate::coupon::MAX_CODE;
use crate::subscription::MAX_LIVE;

/// Why a use case of subscriptions was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(SubscriptionErrorCode), derive(EnumIter))]
pub enum SubscriptionError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// No such subscription.
    #[error("there is no such subscription")]
    NotFound,
    /// They have one of that service.
    #[error("you have a subscription of this service already; change its plan, or end it first")]
    AlreadySubscribed,
    /// They have too many.
    #[error("a customer has at most {MAX_LIVE} subscriptions; end one first")]
    TooMany,
    /// They tried the service before.
    #[error("you tried this service before; subscribe with `trial` set to false")]
    TrialUsed,
    /// There is nothing to try.
    #[error("this plan cannot be tried; subscribe without `trial`")]
    NoTrial,
    /// The plan is of another service.
    #[error("the plan is of another service; subscribe to that one instead")]
    OtherService,
    /// It is in that plan.
    #[error("the subscription is in this plan already")]
    SamePlan,
    /// The plan is a lower one.
    #[error(
        "the new plan is {to}, which is less than {from} that you have; only changes to a higher tier, or to a longer interval of the same tier, are upgrades{hint}"
    )]
    LowerTier {
        /// What they have.
        from: &'static str,
        /// What they want.
        to: &'static str,
        /// What they can do instead.
        hint: &'static str,
    },
    /// The plan is of the same tier and costs less.
    #[error(
        "the new plan is of the same tier and interval as the one you have, and costs less; that is no upgrade{hint}"
    )]
    CheaperPlan {
        /// What they can do instead.
        hint: &'static str,
    },
    /// The plan is paid more often.
    #[error(
        "the new plan is paid more often than the one you have; take one with the same interval or a longer one"
    )]
    ShorterInterval,
    /// The plan is a higher one.
    #[error("the new plan is an upgrade; use `POST …/upgrade`")]
    NotLower,
    /// Nothing comes after its period.
    #[error("the subscription does not renew; turn `auto_renew` on first")]
    NotRenewing,
    /// The shop does not do that.
    #[error(
        "this shop does not let subscriptions change to a higher plan; end it and subscribe anew"
    )]
    UpgradesRefused,
    /// The shop does not do that.
    #[error(
        "this shop does not let subscriptions change to a lower plan; end it and subscribe anew"
    )]
    DowngradesRefused,
    /// It is not paid, or canceled.
    #[error("the subscription is not paid for, canceled or over; bring that in order first")]
    NotRunning,
    /// It is over.
    #[error("the subscription is over; subscribe anew")]
    Over,
    /// There is nothing to resume.
    #[error("the subscription is neither canceled nor suspended")]
    NothingToResume,
    /// It was canceled before.
    #[error("the subscription is canceled to the end of its period already")]
    AlreadyCanceled,
    /// No such coupon.
    #[error("there is no such coupon; look at the code again")]
    CouponNotFound,
    /// The coupon is used up, archived or expired.
    #[error("the coupon cannot be used any more")]
    CouponOver,
    /// They used it.
    #[error("you used this coupon already")]
    CouponUsed,
    /// The plan costs nothing.
    #[error("this plan costs nothing; subscribe without `coupon`")]
    NothingToDiscount,
    /// The code is none.
    #[error("a code has 1 to {MAX_CODE} letters, digits, `-` and `_`")]
    CouponCode,
    /// The code is taken.
    #[error("there is a coupon with this code already")]
    CouponCodeTaken,
    /// Somebody else changed it.
    #[error(
        "it was changed by somebody else in the meantime; read it again and repeat your change"
    )]
    VersionMismatch,
    /// The catalog refused.
    #[error(transparent)]
    Hosting(#[from] HostingError),
    /// The quota refused.
    #[error(transparent)]
    Quota(#[from] QuotaError),
    /// The wallet refused.
    #[error(transparent)]
    Credits(#[from] CreditsError),
    /// What runs for it refused.
    #[error(transparent)]
    Clusters(#[from] ClustersError),
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

/// What a tier is called.
pub fn tier_name(tier: Tier) -> &'static str {
    tier.into()
}

impl SubscriptionErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "subscription.not_found",
            Self::AlreadySubscribed => "subscription.already_subscribed",
            Self::TooMany => "subscription.too_many",
            Self::TrialUsed => "subscription.trial_used",
            Self::NoTrial => "subscription.no_trial",
            Self::OtherService => "subscription.other_service",
            Self::SamePlan => "subscription.same_plan",
            Self::LowerTier => "subscription.lower_tier",
            Self::CheaperPlan => "subscription.cheaper_plan",
            Self::ShorterInterval => "subscription.shorter_interval",
            Self::NotLower => "subscription.not_lower",
            Self::NotRenewing => "subscription.not_renewing",
            Self::UpgradesRefused => "subscription.upgrades_refused",
            Self::DowngradesRefused => "subscription.downgrades_refused",
            Self::NotRunning => "subscription.not_running",
            Self::Over => "subscription.over",
            Self::NothingToResume => "subscription.nothing_to_resume",
            Self::AlreadyCanceled => "subscription.already_canceled",
            Self::CouponNotFound => "subscription_coupon.not_found",
            Self::CouponOver => "subscription_coupon.over",
            Self::CouponUsed => "subscription_coupon.used",
            Self::NothingToDiscount => "subscription_coupon.nothing_to_discount",
            Self::CouponCode => "subscription_coupon.invalid_code",
            Self::CouponCodeTaken => "subscription_coupon.code_taken",
            Self::VersionMismatch => "version_mismatch",
            Self::Access
            | Self::Hosting
            | Self::Quota
            | Self::Credits
            | Self::Clusters
            | Self::Accounts
            | Self::Once
            | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        use ErrorKind as K;
        match self {
            Self::NotFound | Self::CouponNotFound => K::NotFound,
            Self::AlreadySubscribed
            | Self::TooMany
            | Self::TrialUsed
            | Self::SamePlan
            | Self::LowerTier
            | Self::CheaperPlan
            | Self::ShorterInterval
            | Self::NotLower
            | Self::NotRenewing
            | Self::UpgradesRefused
            | Self::DowngradesRefused
            | Self::NotRunning
            | Self::Over
            | Self::NothingToResume
            | Self::AlreadyCanceled
            | Self::CouponOver
            | Self::CouponUsed
            | Self::CouponCodeTaken => K::Conflict,
            Self::NoTrial | Self::OtherService | Self::NothingToDiscount | Self::CouponCode => {
                K::Unprocessable
            }
            Self::VersionMismatch => K::PreconditionFailed,
            Self::Access
            | Self::Hosting
            | Self::Quota
            | Self::Credits
            | Self::Clusters
            | Self::Accounts
            | Self::Once
            | Self::Fault => K::Internal,
        }
    }
}

impl SubscriptionError {
    /// The error of the part that refused, if another one did.
    fn inner(&self) -> Option<&dyn DomainError> {
        match self {
            Self::Access(inner) => Some(inner),
            Self::Hosting(inner) => Some(inner),
            Self::Quota(inner) => Some(inner),
            Self::Credits(inner) => Some(inner),
            Self::Clusters(inner) => Some(inner),
            Self::Accounts(inner) => Some(inner),
            Self::Once(inner) => Some(inner),
            Self::Fault(inner) => Some(inner),
            _ => None,
        }
    }
}

impl DomainError for SubscriptionError {
    fn kind(&self) -> ErrorKind {
        self.inner().map_or_else(
            || SubscriptionErrorCode::from(self).kind(),
            DomainError::kind,
        )
    }

    fn code(&self) -> &'static str {
        self.inner().map_or_else(
            || SubscriptionErrorCode::from(self).code(),
            DomainError::code,
        )
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::OtherService => "/plan_id",
            Self::NoTrial | Self::TrialUsed => "/trial",
            Self::CouponOver | Self::CouponUsed | Self::NothingToDiscount => "/coupon",
            Self::CouponCode | Self::CouponCodeTaken => "/code",
            _ => return self.inner().map(DomainError::fields).unwrap_or_default(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        self.inner().and_then(DomainError::retry_after)
    }

    fn fault(&self) -> Option<&Fault> {
        self.inner().and_then(DomainError::fault)
    }
}
