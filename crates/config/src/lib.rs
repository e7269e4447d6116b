//! The settings of a Sutler process: read once at start-up from a file and the
//! environment, typed, with every mistake reported at once.
//!
//! [`Settings::load`] is what a process calls. Each setting is declared by the
//! very call that reads it (see [`reader::Reader`]), so the reference in
//! `docs/configuration.md` and `.env.example`, which are rendered from the same
//! declarations, cannot say anything else than the code does.

mod bounds;
#[cfg(test)]
mod compose_file;
mod folder;
mod reader;
mod reference;
mod sections;
mod settings;
mod sources;
mod values;

pub use folder::{create_private_file, create_private_folder};
pub use reader::{Entry, Mistake, Mistakes};
pub use reference::{env_example, markdown};
pub use sections::abandoned_carts::AbandonedCarts;
pub use sections::auth::Auth;
pub use sections::catalog::Catalog;
pub use sections::checkout::Checkout;
pub use sections::clusters::{ClusterProvisioner, Clusters};
pub use sections::credits::Credits;
pub use sections::database::{Database, PoolMode};
pub use sections::http::Http;
pub use sections::imports::Imports;
pub use sections::jobs::Jobs;
pub use sections::mail::{Mail, MailTransport};
pub use sections::media::{Media, MediaStore};
pub use sections::payments::{GatewayName, Midtrans, PaymentMethod, Payments, Stripe};
pub use sections::rate_limits::RateLimits;
pub use sections::telemetry::{LogFormat, Telemetry};
pub use settings::{Environment, Settings, Tenant};
pub use sources::Sources;
pub use values::{MinorUnits, Rate, Secret};
