//! Carts, orders, payments and refunds, and the rules about them. Pure:
//! nothing here talks to a database or to the network.

pub mod address;
pub mod address_book;
pub mod cart;
pub mod delivery;
pub mod edit;
pub mod errors;
pub mod events;
pub mod figures;
pub mod jobs;
pub mod mails;
pub mod order;
pub mod ordering;
pub mod payment;
pub mod ports;
pub mod promotion;
pub mod refund;
pub mod shipping;
pub mod totals;

pub use delivery::{DeliveryError, DeliveryErrorCode};
pub use errors::{OrdersError, OrdersErrorCode};
pub use promotion::errors::{PromotionError, PromotionErrorCode};
