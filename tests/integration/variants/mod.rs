//! What variants cost before, size runs, and choosing a variant by its options.

mod compare_at;
mod matrix;
mod resolve;
