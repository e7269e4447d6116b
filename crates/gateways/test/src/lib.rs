//! The embedded payment gateway: like a real one it has sessions, a pay page,
//! signed webhooks, refunds and idempotency keys, but no money moves. It is
//! the default in development and refused in production.
//!
//! Whoever opens the pay page plays the buyer. What they do is delivered as a
//! signed webhook into the same inbox that real gateways post to.

mod buyer;
mod charges;
mod gateway;
mod store;

use std::sync::Arc;

use database::Database;
use kernel::secret::{KeyRing, Signer};
use queue::Queue;
use url::Url;

/// The embedded gateway.
pub struct TestGateway {
    database: Database,
    queue: Queue,
    names: Signer,
    webhook_secrets: Vec<[u8; 32]>,
    public_url: Url,
}

impl TestGateway {
    /// The name in `payments.gateway` and in paths.
    pub const NAME: &'static str = "test";

    /// A gateway whose pay pages are under a URL.
    pub fn new(database: Database, queue: Queue, keys: &Arc<KeyRing>, public_url: Url) -> Self {
        Self {
            names: Signer::new(keys, "test-gateway-session"),
            webhook_secrets: keys.derive("test-gateway-webhook"),
            database,
            queue,
            public_url,
        }
    }
}
