//! What the binary tells those who run it, and what it keeps to itself.

mod binary;
mod day;
mod logs;
mod reports;
mod traces;
