//! How carts, orders, payments and refunds are stored. Nothing is decided
//! here.

pub mod abandoned;
pub mod address_books;
pub mod carts;
pub mod detail;
pub mod figures;
pub mod history;
pub mod lines;
pub mod numbers;
pub mod orders;
pub mod payments;
pub mod personal;
pub mod promotions;
pub mod refunds;
pub mod shipping_methods;
pub mod shipping_zones;
mod table;
