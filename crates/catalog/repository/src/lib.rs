//! How the catalog is stored. Nothing is decided here.

pub mod categories;
pub mod detail;
pub mod documents;
pub mod listing;
pub mod offers;
pub mod products;
#[expect(
    clippy::disallowed_methods,
    clippy::struct_field_names,
    reason = "the code that sea-orm derives"
)]
mod rows;
pub mod search;
pub mod stock;
pub mod variants;
