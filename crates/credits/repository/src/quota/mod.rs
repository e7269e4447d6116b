//! Quotas: how much of a plan can be sold, who has it, and who waits for it.

pub mod allocations;
pub mod quotas;
pub mod samples;
pub mod waiters;
