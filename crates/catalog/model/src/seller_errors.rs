//! What can go wrong with sellers.

use std::time::Duration;

use accounts_model::AccountsError;
use kernel::{Currency, DomainError, ErrorKind, Fault, FieldError};
use strum::{EnumDiscriminants, EnumIter};

/// Why something about sellers was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(SellerErrorCode), derive(EnumIter))]
pub enum SellerError {
    /// No such seller.
    #[error("there is no such seller")]
    NotFound,
    /// The name is taken.
    #[error("there is a seller with this name already")]
    NameTaken,
    /// The seller sells nothing any more.
    #[error("this seller is archived; set its status to active first")]
    Archived,
    /// The seller still sells something.
    #[error(
        "this seller has products that are not archived; archive them or give them to another seller first"
    )]
    HasProducts,
    /// The fee is in another currency.
    #[error("the fee must be in {0}, the currency of the shop")]
    FeeCurrency(Currency),
    /// A product names a seller that does not exist.
    #[error("there is no such seller; GET /api/admin/sellers lists them")]
    Unknown,
    /// Sellers keep what is theirs, and get nothing else.
    #[error("who sells a product is up to the shop; leave out `seller_id`")]
    Fixed,
    /// Somebody cannot belong to a seller.
    #[error(transparent)]
    Person(#[from] AccountsError),
}

impl SellerErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "seller.not_found",
            Self::NameTaken => "seller.name_taken",
            Self::Archived => "seller.archived",
            Self::HasProducts => "seller.has_products",
            Self::FeeCurrency => "seller.fee_currency",
            Self::Unknown => "product.unknown_seller",
            Self::Fixed => "product.seller_fixed",
            Self::Person => "",
        }
    }

    /// What kind of failure has the code.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::NameTaken | Self::Archived | Self::HasProducts => ErrorKind::Conflict,
            Self::FeeCurrency | Self::Unknown => ErrorKind::Unprocessable,
            Self::Fixed => ErrorKind::Forbidden,
            Self::Person => ErrorKind::Internal,
        }
    }
}

impl DomainError for SellerError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Person(inner) => inner.kind(),
            other => SellerErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Person(inner) => inner.code(),
            other => SellerErrorCode::from(other).code(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::NameTaken => "/name",
            Self::FeeCurrency(_) => "/fee",
            Self::Unknown | Self::Fixed => "/seller_id",
            Self::Person(inner) => return inner.fields(),
            Self::NotFound | Self::Archived | Self::HasProducts => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Person(inner) => inner.retry_after(),
            _ => None,
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Person(inner) => inner.fault(),
            _ => None,
        }
    }
}
