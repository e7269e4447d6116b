//! What several controllers read and answer.

pub(crate) mod address;
pub(crate) mod aftercare;
pub(crate) mod audit;
pub(crate) mod cart;
pub(crate) mod category;
pub(crate) mod choices;
pub(crate) mod facets;
pub(crate) mod given_address;
pub(crate) mod image;
pub(crate) mod import;
pub(crate) mod insight;
pub(crate) mod money;
pub(crate) mod order;
pub(crate) mod order_parts;
pub(crate) mod order_states;
pub(crate) mod order_table;
pub(crate) mod patch;
pub(crate) mod product;
pub(crate) mod product_query;
pub(crate) mod promotion;
pub(crate) mod returns;
pub(crate) mod shipping;
pub(crate) mod user;
pub(crate) mod variant;
