//! Sutler beside real outside programs.

mod nats;
mod redis;
mod resend;
mod s3;
mod schemathesis;
mod smtp;
mod typescript;
