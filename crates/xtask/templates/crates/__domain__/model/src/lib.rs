//! The domain of __domain__: what __entities_words__ are, and the rules about
//! them. Pure: nothing here talks to a database or to the network.

pub mod __entity__;
pub mod errors;
pub mod events;
pub mod jobs;

pub use errors::{__Domain__Error, __Domain__ErrorCode};
