//! How the catalog is stored. Nothing is decided here.

pub mod bundles;
pub mod categories;
pub mod detail;
pub mod documents;
pub mod hosting;
pub mod images;
pub mod import_apply;
pub mod import_check;
mod import_supply;
pub mod imports;
pub mod keys;
pub mod listing;
pub mod low_stock;
pub mod movements;
pub mod names;
pub mod offers;
pub mod piles;
pub mod price_lists;
pub mod prices;
pub mod products;
pub mod reservations;
#[expect(
    clippy::disallowed_methods,
    clippy::struct_field_names,
    reason = "the code that sea-orm derives"
)]
mod rows;
pub mod search;
pub mod sellers;
pub mod staging;
pub mod stock;
pub mod stock_counts;
pub mod stock_sync;
pub mod stock_value;
pub mod variants;
