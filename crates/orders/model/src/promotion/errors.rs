//! What can go wrong with promotions and coupons.

use kernel::{Currency, DomainError, ErrorKind, FieldError, ProductId};
use strum::{EnumDiscriminants, EnumIter};

use super::MAX_AUTOMATIC;
use super::coupon::{MAX_IN_CART, MAX_LENGTH, MIN_LENGTH};

/// Why a use case of promotions was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(PromotionErrorCode), derive(EnumIter))]
pub enum PromotionError {
    /// No such promotion.
    #[error("there is no such promotion")]
    NotFound,
    /// The promotion makes no sense.
    #[error("this promotion makes no sense: {why}")]
    Invalid {
        /// Where the mistake is.
        pointer: &'static str,
        /// What would be right.
        why: &'static str,
    },
    /// A product that it names does not exist.
    #[error("there is no product {id}")]
    UnknownProduct {
        /// Where it is named.
        pointer: String,
        /// Which.
        id: ProductId,
    },
    /// The amounts of the promotion are in another currency.
    #[error("the amounts of a promotion must be in {0}, the currency of the shop")]
    WrongCurrency(Currency),
    /// More orders use it than may.
    #[error("{used} orders use this promotion; `total_limit` cannot be less")]
    LimitBelowUsed {
        /// How many.
        used: i64,
    },
    /// There are as many promotions without a code as there may be.
    #[error("a shop has at most {MAX_AUTOMATIC} active promotions without a code; archive one")]
    TooMany,
    /// The promotion has no codes.
    #[error("this promotion applies by itself, without a code; make one with `needs_coupon`")]
    WithoutCode,
    /// The code cannot be one.
    #[error(
        "a code has {MIN_LENGTH} to {MAX_LENGTH} letters, digits, `-` and `_`; of generated ones 8 to 24 are by chance"
    )]
    InvalidCode,
    /// The code is taken.
    #[error("there is a coupon with this code already")]
    CodeTaken,
    /// No such coupon.
    #[error("there is no such coupon")]
    CouponNotFound,
    /// Nobody can use such a code.
    #[error("there is no coupon with this code, or it is over")]
    CouponUnknown,
    /// The cart has as many codes as it may.
    #[error("a cart has at most {MAX_IN_CART} coupons; remove one")]
    TooManyCoupons,
    /// Somebody else used the last one.
    #[error("this was used up a moment ago: {0}; look at the cart for what it costs now")]
    UsedUp(String),
}

impl PromotionErrorCode {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "promotion.not_found",
            Self::Invalid => "promotion.invalid",
            Self::UnknownProduct => "promotion.unknown_product",
            Self::WrongCurrency => "promotion.currency_mismatch",
            Self::LimitBelowUsed => "promotion.limit_below_used",
            Self::TooMany => "promotion.too_many",
            Self::WithoutCode => "promotion.without_code",
            Self::InvalidCode => "coupon.invalid_code",
            Self::CodeTaken => "coupon.code_taken",
            Self::CouponNotFound => "coupon.not_found",
            Self::CouponUnknown => "coupon.unknown",
            Self::TooManyCoupons => "coupon.too_many",
            Self::UsedUp => "checkout.promotion_used_up",
        }
    }

    /// What kind of failure has the code.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::NotFound | Self::CouponNotFound => ErrorKind::NotFound,
            Self::Invalid
            | Self::UnknownProduct
            | Self::WrongCurrency
            | Self::InvalidCode
            | Self::CouponUnknown => ErrorKind::Unprocessable,
            Self::LimitBelowUsed
            | Self::TooMany
            | Self::WithoutCode
            | Self::CodeTaken
            | Self::TooManyCoupons
            | Self::UsedUp => ErrorKind::Conflict,
        }
    }
}

impl DomainError for PromotionError {
    fn kind(&self) -> ErrorKind {
        PromotionErrorCode::from(self).kind()
    }

    fn code(&self) -> &'static str {
        PromotionErrorCode::from(self).code()
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::Invalid { pointer, .. } => pointer,
            Self::UnknownProduct { pointer, .. } => pointer.as_str(),
            Self::WrongCurrency(_) => "/rule",
            Self::LimitBelowUsed { .. } => "/total_limit",
            Self::InvalidCode | Self::CodeTaken | Self::CouponUnknown => "/code",
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }
}
