//! What jobs and events are: named, typed payloads. How they are stored and
//! run is the `queue` crate's business.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The payload of a unit of background work. It holds ids, not copies: the
/// handler reads the state as it is when the job runs.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stable name, such as `orders.send_confirmation`.
    const KIND: &'static str;
    /// How often it is tried before it becomes a dead letter.
    const MAX_ATTEMPTS: u32 = 12;
}

/// A fact that happened, published in the transaction that made it true.
pub trait Event: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The stable name, such as `order.paid`.
    const KIND: &'static str;

    /// Which cached public answers the fact makes stale: tags such as
    /// `products` and `product:{id}`.
    fn stale_tags(&self) -> Vec<String> {
        Vec::new()
    }
}
