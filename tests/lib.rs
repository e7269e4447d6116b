//! Integration tests over HTTP, in one binary: see `integration/`.
