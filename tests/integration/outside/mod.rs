//! Sutler beside real outside programs.

mod nats;
mod redis;
mod resend;
mod schemathesis;
mod smtp;
mod typescript;
