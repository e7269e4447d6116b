//! The controllers of those who run a shop or the installation.

pub(crate) mod audit;
pub(crate) mod categories;
pub(crate) mod coupons;
pub(crate) mod images;
pub(crate) mod imports;
pub(crate) mod insight;
pub(crate) mod jobs;
pub(crate) mod mail_templates;
pub(crate) mod orders;
pub(crate) mod products;
pub(crate) mod promotions;
pub(crate) mod returns;
pub(crate) mod settings;
pub(crate) mod shipments;
pub(crate) mod shipping;
pub(crate) mod shipping_zones;
pub(crate) mod stock;
pub(crate) mod stock_feed;
pub(crate) mod stock_levels;
pub(crate) mod stock_sync;
pub(crate) mod tenants;
pub(crate) mod users;
pub(crate) mod variants;
pub(crate) mod webhook_events;
