//! How carts, orders, payments and refunds are stored. Nothing is decided
//! here.

pub mod carts;
pub mod detail;
pub mod disputes;
pub mod history;
pub mod lines;
pub mod listing;
pub mod notes;
pub mod numbers;
pub mod orders;
pub mod payments;
pub mod refunds;
pub mod returns;
pub mod shipments;
pub mod shipping_methods;
mod table;
pub mod words;
