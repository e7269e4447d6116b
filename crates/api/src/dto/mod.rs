//! What several controllers read and answer.

pub(crate) mod address;
pub(crate) mod cart;
pub(crate) mod money;
pub(crate) mod order;
pub(crate) mod patch;
pub(crate) mod product;
pub(crate) mod user;
