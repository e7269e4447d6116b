//! What can go wrong with credits.

use std::time::Duration;

use accounts_model::AccountsError;
use kernel::{AccessDenied, Currency, DomainError, ErrorKind, Fault, FieldError, Money, OnceError};
use payments::GatewayError;
use strum::{EnumDiscriminants, EnumIter};

use crate::top_up::MAX_OPEN;

/// Why a use case of credits was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(CreditsErrorCode), derive(EnumIter))]
pub enum CreditsError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// There is no such wallet.
    #[error("there is no such wallet")]
    WalletNotFound,
    /// There is no such transaction in the wallet.
    #[error("the wallet has no such transaction")]
    TransactionNotFound,
    /// There is no such hold.
    #[error("there is no such hold")]
    HoldNotFound,
    /// There is less than that to spend.
    #[error("{needed} are needed and {available} are available; top up the wallet")]
    InsufficientCredit {
        /// How much was to be spent or held.
        needed: Money,
        /// How much can be.
        available: Money,
    },
    /// Its owner cannot use it.
    #[error("the wallet is frozen; ask the shop")]
    Frozen,
    /// Its owner was forgotten.
    #[error("the wallet is closed, because its owner was forgotten")]
    Closed,
    /// It is of another status than that.
    #[error("the wallet is {0} already")]
    AlreadyThere(&'static str),
    /// The amount makes no sense.
    #[error("an amount is 1 to 9007199254740991 minor units")]
    InvalidAmount,
    /// The amount is in another currency.
    #[error("the wallet is in {0}; give an amount in that currency")]
    CurrencyMismatch(Currency),
    /// It would hold too much.
    #[error("a wallet holds at most 9007199254740991 minor units")]
    BalanceTooLarge,
    /// More is to be taken away than is there.
    #[error("{0} are available; take away that much at most")]
    AdjustmentTooLarge(Money),
    /// The reference names another booking.
    #[error("the reference names another booking already; use one for each")]
    ReferenceReused,
    /// The reference is none.
    #[error("a reference has 1 to 200 bytes")]
    InvalidReference,
    /// It is not a spend.
    #[error("only what was spent can be given back")]
    NotRefundable,
    /// It paid an order, which keeps account of what goes back.
    #[error("this paid an order; give it back there: POST /api/admin/orders/{{order_id}}/refund")]
    RefundOfOrder,
    /// Less is left to be given back.
    #[error("{0} are left to give back")]
    RefundTooLarge(Money),
    /// The hold is captured, let go or over.
    #[error("the hold is captured, let go or over")]
    HoldOver,
    /// Less is left of the hold, in minor units.
    #[error("{0} minor units are left of the hold")]
    CaptureTooLarge(i64),
    /// It is over before it begins.
    #[error("the expiry has to lie in the future")]
    InvalidExpiry,
    /// There is no such top-up, or it is somebody else's.
    #[error("there is no such top-up")]
    TopUpNotFound,
    /// The amount is too small or too large to be paid in at once.
    #[error("a top-up is {least} to {most}")]
    TopUpAmount {
        /// The smallest.
        least: Money,
        /// The largest.
        most: Money,
    },
    /// The gateway cannot take or give back such an amount.
    #[error("{0}")]
    AmountNotTaken(String),
    /// Too many wait to be paid.
    #[error("{MAX_OPEN} top-ups wait to be paid; pay one, or wait until they are over")]
    TooManyTopUps,
    /// Nothing came, so nothing can go back.
    #[error("nothing was paid for this top-up, so nothing can go back")]
    TopUpNotPaid,
    /// Less can go back.
    #[error(
        "{0} can go back at most: what came and did not go back, and no more than is left of its credit"
    )]
    TopUpRefundTooLarge(Money),
    /// A bank may give it back itself.
    #[error(
        "its payer disputes it, and the bank may give the money back itself; repeat with `despite_dispute` set to give it back all the same"
    )]
    TopUpDisputed,
    /// It was paid in another currency.
    #[error("it was paid in {0}; give an amount in that currency")]
    TopUpRefundCurrency(Currency),
    /// Nobody has to look at it.
    #[error("nothing about this top-up waits to be acknowledged")]
    NothingToAcknowledge,
    /// There is no money of it that could become credit.
    #[error(
        "nothing of it can be credited: it was not paid, or in another currency, or is credited already"
    )]
    NothingToCredit,
    /// Less came.
    #[error("{0} came and did not go back; credit that much at most")]
    TopUpCreditTooLarge(Money),
    /// No gift card has that id or code.
    #[error("there is no such gift card; look at the code again")]
    GiftCardNotFound,
    /// Somebody redeemed it.
    #[error("the gift card was redeemed already")]
    GiftCardRedeemed,
    /// The shop took it back.
    #[error("the shop took the gift card back")]
    GiftCardVoided,
    /// Its time is over.
    #[error("the time of the gift card is over")]
    GiftCardExpired,
    /// The gateway keeps no ways of paying.
    #[error("the payment gateway {0} cannot keep a way of paying; leave save_payment_method out")]
    CannotSaveMethod(String),
    /// There is nothing to charge.
    #[error("no way of paying is saved; top up once with save_payment_method")]
    NoSavedMethod,
    /// It is below nothing, or above what a wallet holds.
    #[error("the threshold is a positive number of minor units in {0}")]
    InvalidThreshold(Currency),
    /// No such gateway.
    #[error("there is no payment gateway {0:?}")]
    UnknownGateway(String),
    /// Nowhere a buyer may be sent.
    #[error("{0} must be on an origin the shop has allowed")]
    ReturnUrl(&'static str),
    /// The gateway refused.
    #[error("the payment gateway refused: {0}")]
    Gateway(String),
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

impl CreditsErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::WalletNotFound => "wallet.not_found",
            Self::TransactionNotFound => "wallet.transaction_not_found",
            Self::HoldNotFound => "wallet.hold_not_found",
            Self::InsufficientCredit => "wallet.insufficient_credit",
            Self::Frozen => "wallet.frozen",
            Self::Closed => "wallet.closed",
            Self::AlreadyThere => "wallet.already_there",
            Self::InvalidAmount => "wallet.invalid_amount",
            Self::CurrencyMismatch => "wallet.currency_mismatch",
            Self::BalanceTooLarge => "wallet.balance_too_large",
            Self::AdjustmentTooLarge => "wallet.adjustment_too_large",
            Self::ReferenceReused => "wallet.reference_reused",
            Self::InvalidReference => "wallet.invalid_reference",
            Self::NotRefundable => "wallet.not_refundable",
            Self::RefundOfOrder => "wallet.refund_of_order",
            Self::RefundTooLarge => "wallet.refund_too_large",
            Self::HoldOver => "wallet.hold_over",
            Self::CaptureTooLarge => "wallet.capture_too_large",
            Self::InvalidExpiry => "wallet.invalid_expiry",
            Self::TopUpNotFound => "top_up.not_found",
            Self::TopUpAmount => "top_up.amount_out_of_bounds",
            Self::AmountNotTaken => "top_up.amount_not_taken",
            Self::TooManyTopUps => "top_up.too_many_open",
            Self::TopUpNotPaid => "top_up.not_paid",
            Self::TopUpRefundTooLarge => "top_up.refund_too_large",
            Self::TopUpDisputed => "top_up.disputed",
            Self::TopUpRefundCurrency => "top_up.refund_currency",
            Self::NothingToAcknowledge => "top_up.nothing_to_acknowledge",
            Self::NothingToCredit => "top_up.nothing_to_credit",
            Self::TopUpCreditTooLarge => "top_up.credit_too_large",
            Self::GiftCardNotFound => "gift_card.not_found",
            Self::GiftCardRedeemed => "gift_card.redeemed",
            Self::GiftCardVoided => "gift_card.voided",
            Self::GiftCardExpired => "gift_card.expired",
            Self::CannotSaveMethod => "top_up.cannot_save_payment_method",
            Self::NoSavedMethod => "auto_top_up.no_payment_method",
            Self::InvalidThreshold => "auto_top_up.invalid_threshold",
            Self::UnknownGateway => "top_up.unknown_gateway",
            Self::ReturnUrl => "top_up.return_url",
            Self::Gateway => "top_up.gateway_refused",
            Self::Access | Self::Accounts | Self::Once | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        use ErrorKind as K;
        match self {
            Self::WalletNotFound
            | Self::TransactionNotFound
            | Self::HoldNotFound
            | Self::GiftCardNotFound
            | Self::TopUpNotFound => K::NotFound,
            Self::GiftCardExpired => K::Gone,
            Self::Gateway => K::BadGateway,
            Self::InsufficientCredit => K::PaymentRequired,
            Self::Frozen
            | Self::Closed
            | Self::AlreadyThere
            | Self::AdjustmentTooLarge
            | Self::ReferenceReused
            | Self::NotRefundable
            | Self::RefundOfOrder
            | Self::RefundTooLarge
            | Self::HoldOver
            | Self::CaptureTooLarge
            | Self::TopUpNotPaid
            | Self::TopUpRefundTooLarge
            | Self::TopUpDisputed
            | Self::NothingToAcknowledge
            | Self::NothingToCredit
            | Self::GiftCardRedeemed
            | Self::GiftCardVoided
            | Self::NoSavedMethod
            | Self::TooManyTopUps => K::Conflict,
            Self::InvalidAmount
            | Self::CurrencyMismatch
            | Self::BalanceTooLarge
            | Self::InvalidReference
            | Self::InvalidExpiry
            | Self::TopUpAmount
            | Self::AmountNotTaken
            | Self::TopUpRefundCurrency
            | Self::TopUpCreditTooLarge
            | Self::CannotSaveMethod
            | Self::InvalidThreshold
            | Self::UnknownGateway
            | Self::ReturnUrl => K::Unprocessable,
            Self::Access | Self::Accounts | Self::Once | Self::Fault => K::Internal,
        }
    }
}

impl From<GatewayError> for CreditsError {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Refused(why) => Self::Gateway(why),
            GatewayError::Unknown(fault) => Self::Fault(fault),
        }
    }
}

impl DomainError for CreditsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(inner) => inner.kind(),
            Self::Accounts(inner) => inner.kind(),
            Self::Once(inner) => inner.kind(),
            Self::Fault(inner) => inner.kind(),
            other => CreditsErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Access(inner) => inner.code(),
            Self::Accounts(inner) => inner.code(),
            Self::Once(inner) => inner.code(),
            Self::Fault(inner) => inner.code(),
            other => CreditsErrorCode::from(other).code(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::InvalidAmount
            | Self::BalanceTooLarge
            | Self::AdjustmentTooLarge(_)
            | Self::RefundTooLarge(_)
            | Self::TopUpRefundTooLarge(_)
            | Self::TopUpAmount { .. } => "/amount",
            Self::TopUpDisputed => "/despite_dispute",
            Self::TopUpCreditTooLarge(_) => "/credit",
            Self::CannotSaveMethod(_) => "/save_payment_method",
            Self::InvalidThreshold(_) => "/threshold",
            Self::UnknownGateway(_) => "/gateway",
            Self::ReturnUrl("success_url") => "/success_url",
            Self::ReturnUrl(_) => "/cancel_url",
            Self::CurrencyMismatch(_) | Self::TopUpRefundCurrency(_) => "/amount/currency",
            Self::InvalidExpiry => "/expires_at",
            Self::Accounts(inner) => return inner.fields(),
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Accounts(inner) => inner.retry_after(),
            Self::Once(inner) => inner.retry_after(),
            Self::Fault(inner) => inner.retry_after(),
            _ => None,
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Accounts(inner) => inner.fault(),
            Self::Once(inner) => inner.fault(),
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}
