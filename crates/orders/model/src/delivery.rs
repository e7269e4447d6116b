//! What can go wrong with address books, shipping zones, and orders that are
//! changed before they are paid.

use kernel::{DomainError, ErrorKind, FieldError, Money};
use strum::{EnumDiscriminants, EnumIter};

use crate::order::OrderStatus;

/// Addresses an account may keep.
pub const MAX_ADDRESSES: i64 = 50;

/// Why such a use case was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(DeliveryErrorCode), derive(EnumIter))]
pub enum DeliveryError {
    /// No such address in the account's book.
    #[error("there is no such address in your address book")]
    AddressNotFound,
    /// The book is full.
    #[error("an address book has at most {MAX_ADDRESSES} addresses; delete one")]
    TooManyAddresses,
    /// The address is given twice.
    #[error("give `{0}` or `{0}_id`, not both")]
    AddressTwice(&'static str),
    /// No such zone.
    #[error("there is no such shipping zone")]
    ZoneNotFound,
    /// A zone that a method names does not exist.
    #[error("there is no shipping zone {0}")]
    UnknownZone(String),
    /// A method goes there.
    #[error("shipping methods name this zone; take it from them first")]
    ZoneInUse,
    /// The areas of a zone make no sense.
    #[error("this area makes no sense: {0}")]
    InvalidArea(&'static str),
    /// The shop has as many zones as it may.
    #[error("a shop has at most 200 shipping zones; delete one")]
    TooManyZones,
    /// The order cannot be changed any more.
    #[error("only a pending order can be changed; this one is {}", <&str>::from(*.0))]
    NotEditable(OrderStatus),
    /// What is in an exchange was agreed on.
    #[error(
        "only the addresses of an exchange can be changed; cancel it and make another one to get something else"
    )]
    ExchangeNotEditable,
    /// The order would be empty.
    #[error("an order has 1 to 100 lines, each of another variant; cancel it to buy nothing")]
    EditLines,
    /// More of a line would cost more than what is there already.
    #[error(
        "{name} costs {price} now, more than when it was ordered; leave the quantity as it is, and buy more in another order"
    )]
    PriceRose {
        /// What.
        name: String,
        /// What one costs today.
        price: Money,
    },
    /// Goods need a way.
    #[error("this order is not shipped; leave `shipping_address` and `shipping_method` out")]
    NotShipped,
}

impl DeliveryErrorCode {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::AddressNotFound => "address.not_found",
            Self::TooManyAddresses => "address.too_many",
            Self::AddressTwice => "address.given_twice",
            Self::ZoneNotFound => "shipping_zone.not_found",
            Self::UnknownZone => "shipping_zone.unknown",
            Self::ZoneInUse => "shipping_zone.in_use",
            Self::InvalidArea => "shipping_zone.invalid_area",
            Self::TooManyZones => "shipping_zone.too_many",
            Self::NotEditable => "order.not_editable",
            Self::ExchangeNotEditable => "order.exchange_not_editable",
            Self::EditLines => "order.edit_lines",
            Self::PriceRose => "order.price_rose",
            Self::NotShipped => "order.not_shipped",
        }
    }

    /// What kind of failure has the code.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::AddressNotFound | Self::ZoneNotFound => ErrorKind::NotFound,
            Self::AddressTwice
            | Self::UnknownZone
            | Self::InvalidArea
            | Self::EditLines
            | Self::NotShipped => ErrorKind::Unprocessable,
            Self::TooManyAddresses
            | Self::ZoneInUse
            | Self::TooManyZones
            | Self::NotEditable
            | Self::PriceRose
            | Self::ExchangeNotEditable => ErrorKind::Conflict,
        }
    }
}

impl DomainError for DeliveryError {
    fn kind(&self) -> ErrorKind {
        DeliveryErrorCode::from(self).kind()
    }

    fn code(&self) -> &'static str {
        DeliveryErrorCode::from(self).code()
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::AddressTwice("shipping_address") => "/shipping_address_id",
            Self::AddressTwice(_) => "/billing_address_id",
            Self::UnknownZone(_) => "/zone_ids",
            Self::InvalidArea(_) => "/areas",
            Self::EditLines | Self::PriceRose { .. } => "/lines",
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }
}
