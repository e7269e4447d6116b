//! Carts, orders, payments and refunds, and the rules about them. Pure:
//! nothing here talks to a database or to the network.

pub mod address;
pub mod address_book;
pub mod aftercare_errors;
pub mod carrier;
pub mod cart;
pub mod delivery;
pub mod dispute;
pub mod document;
pub mod edit;
mod error_codes;
pub mod errors;
pub mod events;
pub mod exchange;
pub mod fees;
pub mod figures;
pub mod jobs;
pub mod mails;
pub mod note;
pub mod order;
pub mod ordering;
pub mod payment;
pub mod priced_cart;
pub mod promotion;
pub mod refund;
pub mod returns;
pub mod sales;
pub mod search;
mod settling;
pub mod shares;
pub mod shipment;
pub mod shipping;
pub mod totals;

/// What orders need of payment gateways.
pub use payments as ports;

pub use aftercare_errors::{AftercareError, AftercareErrorCode};
pub use delivery::{DeliveryError, DeliveryErrorCode};
pub use errors::{OrdersError, OrdersErrorCode};
pub use promotion::errors::{PromotionError, PromotionErrorCode};
