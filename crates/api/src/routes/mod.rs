//! The controllers, one file for each group of routes.

pub(crate) mod abandoned_carts;
pub(crate) mod addresses;
pub(crate) mod admin;
pub(crate) mod api_keys;
pub(crate) mod auth;
pub(crate) mod auto_top_ups;
pub(crate) mod cart_coupons;
pub(crate) mod carts;
pub(crate) mod catalog;
pub(crate) mod checkout;
pub(crate) mod fallback;
pub(crate) mod gift_cards;
pub(crate) mod health;
pub(crate) mod link_pages;
pub(crate) mod measures;
pub(crate) mod media;
pub(crate) mod order_edits;
pub(crate) mod order_files;
pub(crate) mod orders;
pub(crate) mod pay_page;
pub(crate) mod personal_data;
pub(crate) mod profile;
pub(crate) mod returns;
pub(crate) mod seller;
pub(crate) mod sessions;
pub(crate) mod table;
pub(crate) mod test_gateway;
pub(crate) mod top_ups;
pub(crate) mod two_factor;
pub(crate) mod unsubscribe;
pub(crate) mod variant_choice;
pub(crate) mod wallet;
pub(crate) mod webhooks;

pub(crate) use table::Route;
