//! The codes of errors about carts, orders and payments, and their kinds.

use kernel::ErrorKind;

use crate::errors::OrdersErrorCode;

impl OrdersErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::CartNotFound => "cart.not_found",
            Self::CartOrdered => "cart.ordered",
            Self::CartMerged => "cart.merged",
            Self::TooManyLines => "cart.too_many_lines",
            Self::QuantityOutOfRange => "cart.quantity_out_of_range",
            Self::LineNotFound => "line.not_found",
            Self::NotForSale => "cart.not_for_sale",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::NoPrice => "cart.no_price",
            Self::CartInOtherCurrency => "cart.other_currency",
            Self::RefundCurrency => "refund.currency_mismatch",
            Self::CartEmpty => "checkout.cart_empty",
            Self::EmailMissing => "checkout.email_missing",
            Self::AddressMissing => "checkout.address_missing",
            Self::ShippingMissing => "checkout.shipping_missing",
            Self::ShippingUnavailable => "checkout.shipping_unavailable",
            Self::CartChanged => "checkout.cart_changed",
            Self::OutOfStock => "checkout.out_of_stock",
            Self::UnknownGateway => "checkout.unknown_gateway",
            Self::NoWebhooks => "webhook.gateway_not_configured",
            Self::ReturnUrl => "checkout.return_url",
            Self::OrderNotFound => "order.not_found",
            Self::WrongState => "order.wrong_state",
            Self::NotPayable => "order.not_payable",
            Self::PaymentProcessing => "order.payment_processing",
            Self::AlreadyPaid => "order.already_paid",
            Self::MoneyHeld => "order.money_held",
            Self::NoLongerSold => "checkout.no_longer_sold",
            Self::NothingToShip => "order.nothing_to_ship",
            Self::Refunded => "order.refunded",
            Self::RefundTooLarge => "refund.too_large",
            Self::RestockTooLarge => "refund.restock_too_large",
            Self::ShippingMethodNotFound => "shipping_method.not_found",
            Self::ShippingCodeTaken => "shipping_method.code_taken",
            Self::InvalidRates => "shipping_method.invalid_rates",
            Self::RatesCurrency => "shipping_method.currency_mismatch",
            Self::InvalidCountry => "shipping_method.invalid_country",
            Self::VersionMismatch => "version_mismatch",
            Self::WalletShareTooLarge => "checkout.wallet_share_too_large",
            Self::Gateway => "payment.gateway_refused",
            Self::AmountNotTaken => "payment.amount_not_taken",
            Self::Webhook => "webhook.refused",
            Self::TestSessionNotFound => "test_gateway.session_not_found",
            Self::TestSessionClosed => "test_gateway.session_closed",
            Self::Money => "amount_out_of_range",
            Self::Access
            | Self::Catalog
            | Self::Credits
            | Self::Promotion
            | Self::Delivery
            | Self::Aftercare
            | Self::Once
            | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        use ErrorKind as K;
        match self {
            Self::CartNotFound
            | Self::LineNotFound
            | Self::OrderNotFound
            | Self::ShippingMethodNotFound
            | Self::NoWebhooks
            | Self::TestSessionNotFound => K::NotFound,
            Self::QuantityOutOfRange
            | Self::NotForSale
            | Self::CurrencyMismatch
            | Self::RefundCurrency
            | Self::CartEmpty
            | Self::EmailMissing
            | Self::AddressMissing
            | Self::ShippingMissing
            | Self::ShippingUnavailable
            | Self::UnknownGateway
            | Self::ReturnUrl
            | Self::WalletShareTooLarge
            | Self::InvalidRates
            | Self::RatesCurrency
            | Self::InvalidCountry
            | Self::Money => K::Unprocessable,
            Self::CartOrdered
            | Self::CartMerged
            | Self::TooManyLines
            | Self::CartChanged
            | Self::OutOfStock
            | Self::WrongState
            | Self::NotPayable
            | Self::PaymentProcessing
            | Self::AlreadyPaid
            | Self::MoneyHeld
            | Self::AmountNotTaken
            | Self::NoLongerSold
            | Self::NoPrice
            | Self::CartInOtherCurrency
            | Self::NothingToShip
            | Self::Refunded
            | Self::RefundTooLarge
            | Self::RestockTooLarge
            | Self::ShippingCodeTaken => K::Conflict,
            Self::TestSessionClosed => K::Gone,
            Self::VersionMismatch => K::PreconditionFailed,
            Self::Gateway => K::BadGateway,
            Self::Webhook => K::Malformed,
            Self::Access
            | Self::Catalog
            | Self::Credits
            | Self::Promotion
            | Self::Delivery
            | Self::Aftercare
            | Self::Once
            | Self::Fault => K::Internal,
        }
    }
}
