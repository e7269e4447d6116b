//! Carts, orders, payments and refunds, and the rules about them. Pure:
//! nothing here talks to a database or to the network.

pub mod address;
pub mod aftercare_errors;
pub mod carrier;
pub mod cart;
pub mod dispute;
pub mod document;
pub mod errors;
pub mod events;
pub mod exchange;
pub mod jobs;
pub mod note;
pub mod order;
pub mod ordering;
pub mod payment;
pub mod ports;
pub mod refund;
pub mod returns;
pub mod search;
pub mod shipment;
pub mod shipping;
pub mod totals;

pub use aftercare_errors::{AftercareError, AftercareErrorCode};
pub use errors::{OrdersError, OrdersErrorCode};
