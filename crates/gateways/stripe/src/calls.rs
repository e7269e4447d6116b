//! How calls are made that change something: with a key, so that each has one
//! effect however often it is made.

use std::time::Duration;

use kernel::Fault;
use payments::GatewayError;
use stripe::{IdempotencyKey, RequestStrategy, StripeError};

use crate::errors::is_under_way;

/// How long to wait for another call with the same key, each time.
const WAITS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// What a call is made with: the key is an id of ours.
pub(crate) fn once(id: &impl ToString) -> Result<RequestStrategy, GatewayError> {
    IdempotencyKey::new(id.to_string())
        .map(RequestStrategy::Idempotent)
        .map_err(|error| Fault::permanent("make an idempotency key").caused_by(error))
        .map_err(GatewayError::Unknown)
}

/// Makes a call that has a key. A buyer who clicks twice makes two at once;
/// the second waits for the first and hears the same.
pub(crate) async fn patiently<T, F, S>(send: S) -> Result<T, StripeError>
where
    S: Fn() -> F + Send,
    F: Future<Output = Result<T, StripeError>> + Send,
    T: Send,
{
    for wait in WAITS {
        match send().await {
            Err(error) if is_under_way(&error) => tokio::time::sleep(wait).await,
            answer => return answer,
        }
    }
    send().await
}
