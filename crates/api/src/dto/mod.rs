//! What several controllers read and answer.

pub(crate) mod address;
pub(crate) mod cart;
pub(crate) mod category;
pub(crate) mod choices;
pub(crate) mod facets;
pub(crate) mod money;
pub(crate) mod order;
pub(crate) mod order_parts;
pub(crate) mod order_states;
pub(crate) mod patch;
pub(crate) mod product;
pub(crate) mod product_query;
pub(crate) mod user;
pub(crate) mod variant;
