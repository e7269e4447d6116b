//! A running Sutler for tests: on either database, with a clock that is moved
//! by hand, jobs that run when told to, mails that are caught, and two tenants
//! in every shop. A dev-dependency, never part of the product.

pub mod app;
pub mod client;
pub mod instance;
pub mod kubernetes;
pub mod mail;
pub mod midtrans;
pub mod node;
pub mod picture;
pub mod programs;
pub mod python;
pub mod seed;
pub mod shop;
pub mod sink;
mod stand_in;
pub mod store;
pub mod stripe;
pub mod wait;

pub use app::App;
pub use client::{Answer, Client};
pub use store::{Backend, Store};
pub use wait::until;
