//! One file a section: its settings, how they are read, what they must fulfil.

pub(crate) mod abandoned_carts;
pub(crate) mod auth;
pub(crate) mod catalog;
pub(crate) mod checkout;
pub(crate) mod clusters;
pub(crate) mod credits;
pub(crate) mod database;
pub(crate) mod http;
pub(crate) mod imports;
pub(crate) mod jobs;
pub(crate) mod mail;
pub(crate) mod media;
pub(crate) mod payments;
pub(crate) mod rate_limits;
pub(crate) mod telemetry;
