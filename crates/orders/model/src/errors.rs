//! What can go wrong with carts, orders and payments.

use std::time::Duration;

use catalog_model::CatalogError;
use credits_model::CreditsError;
use kernel::{
    AccessDenied, Currency, DomainError, ErrorKind, Fault, FieldError, Money, MoneyError, OnceError,
};
use strum::{EnumDiscriminants, EnumIter};

use crate::aftercare_errors::AftercareError;
use crate::cart::{MAX_LINES, MAX_QUANTITY};
use crate::delivery::DeliveryError;
use crate::order::OrderStatus;
use crate::ports::{GatewayError, WebhookRefused};
use crate::promotion::errors::PromotionError;
use crate::shipping::RatesMistake;

/// Why a use case of orders was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(OrdersErrorCode), derive(EnumIter))]
pub enum OrdersError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// No such cart, or not this caller's.
    #[error("there is no such cart; a guest's cart needs its token in `X-Cart-Token`")]
    CartNotFound,
    /// It became an order.
    #[error("this cart became an order; start a new one")]
    CartOrdered,
    /// It went into another one.
    #[error("this cart went into your account's cart when you signed in")]
    CartMerged,
    /// It has too many lines.
    #[error("a cart has at most {MAX_LINES} lines")]
    TooManyLines,
    /// The quantity makes no sense.
    #[error("a quantity is 1 to {MAX_QUANTITY}")]
    QuantityOutOfRange,
    /// No such line.
    #[error("there is no such line")]
    LineNotFound,
    /// The variant does not exist or is not sold.
    #[error("this variant is not for sale")]
    NotForSale,
    /// The variant's price is in another currency.
    #[error("this cart is in {0}")]
    CurrencyMismatch(Currency),
    /// What is bought has no price in the currency.
    #[error("{names}: there is no price in {currency}; take it out, or buy in another currency")]
    NoPrice {
        /// What.
        names: String,
        /// In which.
        currency: Currency,
    },
    /// The user has an open cart in another currency.
    #[error("your open cart is in {0}; order it or empty it first")]
    CartInOtherCurrency(Currency),
    /// The order is in another currency than what is to go back.
    #[error("this order is in {0}; give back an amount in that currency")]
    RefundCurrency(Currency),
    /// Nothing is in it.
    #[error("the cart is empty")]
    CartEmpty,
    /// Nobody to send the confirmation to.
    #[error("an order needs a mail address; give `email`")]
    EmailMissing,
    /// Nowhere to send the goods.
    #[error("an order of goods needs `shipping_address`")]
    AddressMissing,
    /// No way to send the goods.
    #[error("an order of goods needs `shipping_method`; see the cart's shipping options")]
    ShippingMissing,
    /// The method does not go there.
    #[error(
        "there is no such shipping method for that address and these goods; see the cart's shipping options"
    )]
    ShippingUnavailable,
    /// The cart is not what the buyer saw.
    #[error(
        "the cart is not what you saw: the total is {total} now. Show the cart again, and repeat with `expected_total` set to that"
    )]
    CartChanged {
        /// What it costs now.
        total: Money,
    },
    /// There is not enough.
    #[error(
        "there is not enough stock for {0}; take fewer: the cart and the product say how many are left"
    )]
    OutOfStock(String),
    /// No such gateway.
    #[error("there is no payment gateway {0:?} here")]
    UnknownGateway(String),
    /// A webhook of a gateway that is not configured.
    #[error("this payment gateway is not configured here; nothing takes its webhooks")]
    NoWebhooks,
    /// The buyer must not be sent there.
    #[error(
        "{0} must lead to an origin that HTTP_CORS_ORIGINS, CHECKOUT_RETURN_ORIGINS or HTTP_PUBLIC_URL names"
    )]
    ReturnUrl(&'static str),
    /// No such order, or not this caller's.
    #[error("there is no such order; a guest's order needs its token in `X-Order-Token`")]
    OrderNotFound,
    /// The order is not in the right state.
    #[error("{}", .is.refuses(*.wanted))]
    WrongState {
        /// What it is.
        is: OrderStatus,
        /// What it was to become.
        wanted: OrderStatus,
    },
    /// It is paid or over.
    #[error("only a pending order can be paid; this one is {}", <&str>::from(*.0))]
    NotPayable(OrderStatus),
    /// Money is on its way.
    #[error("a payment of this order is being processed by the bank; wait for it")]
    PaymentProcessing,
    /// The buyer cannot cancel a paid order.
    #[error("a paid order cannot be canceled by the buyer; ask the shop")]
    AlreadyPaid,
    /// Something in the cart is not sold any more.
    #[error("not sold any more: {0}; remove it from the cart")]
    NoLongerSold(String),
    /// Money of another amount came for it.
    #[error("money of another amount came for this order; the shop has to send it back first")]
    MoneyHeld,
    /// It has no goods.
    #[error("nothing of this order is shipped")]
    NothingToShip,
    /// All its money went back.
    #[error("a refunded order is not shipped")]
    Refunded,
    /// More was asked back than came in.
    #[error("at most {left} can be refunded")]
    RefundTooLarge {
        /// What is left.
        left: Money,
    },
    /// More was to go back into stock than was sold.
    #[error("at most {left} pieces of this line can go back into stock")]
    RestockTooLarge {
        /// What is left.
        left: i64,
    },
    /// No such shipping method.
    #[error("there is no such shipping method")]
    ShippingMethodNotFound,
    /// The code is taken.
    #[error("there is a shipping method with this code already")]
    ShippingCodeTaken,
    /// The rates make no sense.
    #[error(transparent)]
    InvalidRates(#[from] RatesMistake),
    /// The rates are in another currency.
    #[error("the rates must be in {0}, the currency of the shop")]
    RatesCurrency(Currency),
    /// Not a country.
    #[error("{0:?} is not an ISO 3166-1 alpha-2 country code such as \"DE\"")]
    InvalidCountry(String),
    /// Somebody else changed it.
    #[error(
        "it was changed by somebody else in the meantime; read it again and repeat your change"
    )]
    VersionMismatch,
    /// The wallet is to pay more than there is to pay.
    #[error("the order costs {0}; pay that much from the wallet at most")]
    WalletShareTooLarge(Money),
    /// The wallet refused.
    #[error(transparent)]
    Credits(CreditsError),
    /// The gateway refused.
    #[error("{0}")]
    Gateway(String),
    /// The gateway cannot take such an amount.
    #[error("{0}")]
    AmountNotTaken(String),
    /// A webhook was not accepted.
    #[error(transparent)]
    Webhook(#[from] WebhookRefused),
    /// No such session of the test gateway.
    #[error("there is no such session of the test gateway")]
    TestSessionNotFound,
    /// The page of the test gateway was left in another way, or too late.
    #[error("the page of this session is closed; make another attempt to pay")]
    TestSessionClosed,
    /// An amount does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The catalog refused.
    #[error(transparent)]
    Catalog(CatalogError),
    /// A promotion or a coupon stands in the way.
    #[error(transparent)]
    Promotion(#[from] PromotionError),
    /// An address, a zone or the state of an order stands in the way.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// Something about a paid order was refused.
    #[error(transparent)]
    Aftercare(#[from] AftercareError),
    /// A repeated request stands in the way.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// Something failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<CatalogError> for OrdersError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Fault(fault) => Self::Fault(fault),
            other => Self::Catalog(other),
        }
    }
}

impl From<CreditsError> for OrdersError {
    fn from(error: CreditsError) -> Self {
        match error {
            CreditsError::Fault(fault) => Self::Fault(fault),
            other => Self::Credits(other),
        }
    }
}

impl From<GatewayError> for OrdersError {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Refused(why) => Self::Gateway(why),
            GatewayError::Unknown(fault) => Self::Fault(fault),
        }
    }
}

impl DomainError for OrdersError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(inner) => inner.kind(),
            Self::Catalog(inner) => inner.kind(),
            Self::Credits(inner) => inner.kind(),
            Self::Promotion(inner) => inner.kind(),
            Self::Delivery(inner) => inner.kind(),
            Self::Aftercare(inner) => inner.kind(),
            Self::Once(inner) => inner.kind(),
            Self::Fault(inner) => inner.kind(),
            other => OrdersErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Access(inner) => inner.code(),
            Self::Catalog(inner) => inner.code(),
            Self::Credits(inner) => inner.code(),
            Self::Promotion(inner) => inner.code(),
            Self::Delivery(inner) => inner.code(),
            Self::Aftercare(inner) => inner.code(),
            Self::Once(inner) => inner.code(),
            Self::Fault(inner) => inner.code(),
            other => OrdersErrorCode::from(other).code(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::Catalog(inner) => return inner.fields(),
            Self::Promotion(inner) => return inner.fields(),
            Self::Delivery(inner) => return inner.fields(),
            Self::Aftercare(inner) => match inner.pointer() {
                Some(pointer) => pointer,
                None => return Vec::new(),
            },
            Self::QuantityOutOfRange => "/quantity",
            Self::NotForSale | Self::CurrencyMismatch(_) => "/variant_id",
            Self::EmailMissing => "/email",
            Self::AddressMissing => "/shipping_address",
            Self::ShippingMissing | Self::ShippingUnavailable => "/shipping_method",
            Self::CartChanged { .. } => "/expected_total",
            Self::WalletShareTooLarge(_) => "/wallet/amount",
            Self::Credits(_) => "/wallet",
            Self::UnknownGateway(_) => "/gateway",
            Self::ReturnUrl("success_url") => "/success_url",
            Self::ReturnUrl(_) => "/cancel_url",
            Self::RefundTooLarge { .. } | Self::RefundCurrency(_) => "/amount",
            Self::RestockTooLarge { .. } => "/restock",
            Self::ShippingCodeTaken => "/code",
            Self::InvalidRates(mistake) => mistake.pointer.as_str(),
            Self::RatesCurrency(_) => "/rates",
            Self::InvalidCountry(_) => "/areas",
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Catalog(inner) => inner.retry_after(),
            Self::Once(inner) => inner.retry_after(),
            Self::Fault(inner) => inner.retry_after(),
            _ => None,
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Catalog(inner) => inner.fault(),
            Self::Once(inner) => inner.fault(),
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}
