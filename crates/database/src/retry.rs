//! Repeats what failed for a passing reason.

use std::time::Duration;

use kernel::{DomainError, Fault, random};

const ATTEMPTS: u32 = 4;
const FIRST_DELAY: Duration = Duration::from_millis(10);

/// Runs an operation, and again after deadlocks, lost connections and the
/// like, a few times with growing, jittered delays. The operation must be a
/// whole transaction, or several of which each may repeat.
pub async fn retrying<T, E, F, Fut>(name: &'static str, mut operation: F) -> Result<T, E>
where
    E: DomainError,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    let mut attempt = 1;
    loop {
        match operation().await {
            Err(error) if attempt < ATTEMPTS && error.fault().is_some_and(Fault::is_transient) => {
                let cause = error.fault().map(Fault::chain).unwrap_or_default();
                tracing::warn!(name, attempt, cause, "transaction is tried again");
                metrics::counter!("sutler_transaction_retries_total", "name" => name).increment(1);
                let most = FIRST_DELAY * 2u32.pow(attempt);
                let delay = random::below(u64::try_from(most.as_micros()).unwrap_or(u64::MAX));
                tokio::time::sleep(Duration::from_micros(delay)).await;
                attempt += 1;
            }
            result => return result,
        }
    }
}
