//! The composition root: builds the process from its settings, and the
//! commands of the binary.
//!
//! [`Sutler::build`] is where every crate meets; the list of domains is in
//! `modules.rs`. [`http`] serves, [`background`] works.

pub mod background;
pub mod commands;
pub mod compose;
pub mod demo;
pub mod http;
pub mod metrics;
pub mod migrations;
mod modules;
mod readiness;
pub mod secret;
mod single;
pub mod telemetry;

pub use compose::Sutler;
