//! The HTTP API: thin controllers, what they read and answer (DTOs), the
//! mapping of errors to problems, the middleware, and the OpenAPI document.
//!
//! A controller turns a request into a command, makes one call of a service,
//! and turns what it returns into an answer. Everything that holds for all
//! routes happens in [`middleware`].

mod answers;
mod app;
mod cache;
mod codes;
mod dto;
mod extract;
mod groups;
mod limits;
mod middleware;
mod modules;
mod openapi;
mod problem;
mod routes;
mod state;

pub use app::{configure, pages, probes, starting};
pub use codes::all as error_codes;
pub use groups::within;
pub use limits::Limits;
pub use middleware::pipeline;
pub use openapi::document;
pub use state::{ApiParts, ApiState, Readiness, Services};

pub use crate::middleware::cors;
