//! How carts, orders, payments and refunds are stored. Nothing is decided
//! here.

pub mod abandoned;
pub mod address_books;
pub mod carts;
pub mod detail;
pub mod disputes;
pub mod figures;
pub mod history;
pub mod lines;
pub mod listing;
pub mod notes;
pub mod numbers;
pub mod orders;
pub mod payments;
pub mod personal;
pub mod promotions;
pub mod refund_shares;
pub mod refunds;
pub mod returns;
pub mod sales;
pub mod shipments;
pub mod shipping_methods;
pub mod shipping_zones;
mod table;
pub mod words;
