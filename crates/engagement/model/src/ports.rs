//! What engagement needs from the outside.

use kernel::{CartId, Fault, Timestamp};

/// Another system that hears of carts that were left behind.
#[async_trait::async_trait]
pub trait CartHook: Send + Sync {
    /// Posts what is to be known of a cart, as JSON. A transient fault may be
    /// tried again; it is then unknown whether it arrived before.
    async fn post(&self, cart: CartId, body: Vec<u8>, now: Timestamp) -> Result<(), Fault>;
}
