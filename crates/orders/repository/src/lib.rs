//! How carts, orders, payments and refunds are stored. Nothing is decided
//! here.

pub mod carts;
pub mod detail;
pub mod history;
pub mod lines;
pub mod numbers;
pub mod orders;
pub mod payments;
pub mod personal;
pub mod refunds;
pub mod shipping_methods;
mod table;
