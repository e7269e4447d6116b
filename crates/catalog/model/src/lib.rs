//! The catalog: categories, products, variants, stock, and the rules about
//! them. Pure: nothing here talks to a database or to the network.

pub mod bundle;
pub mod bundle_errors;
pub mod category;
pub mod choice;
mod error_codes;
pub mod errors;
pub mod events;
pub mod hosting;
pub mod image;
pub mod import;
pub mod jobs;
pub mod listing;
pub mod low_stock;
pub mod matrix;
pub mod offer;
pub mod ports;
pub mod price_list;
pub mod product;
pub mod search;
pub mod seller;
pub mod seller_errors;
pub mod stock;
pub mod stock_feed;
pub mod stock_sync;
pub mod supply;
pub mod variant;

pub use bundle_errors::{BundleError, BundleErrorCode};
pub use errors::{CatalogError, CatalogErrorCode};
pub use seller_errors::{SellerError, SellerErrorCode};
