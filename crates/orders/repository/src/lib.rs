//! How carts, orders, payments and refunds are stored. Nothing is decided
//! here.

pub mod carts;
pub mod detail;
pub mod history;
pub mod orders;
pub mod payments;
pub mod refunds;
mod rows;
pub mod shipping_methods;
