//! How __domain__ are stored. Nothing is decided here.

pub mod __entities__;
#[expect(clippy::disallowed_methods, reason = "the code that sea-orm derives")]
mod rows;
