//! Waiting for what happens beside a test.

use std::time::Duration;

/// Waits until something holds, five seconds at most.
///
/// # Panics
/// When it does not hold until then.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it never came to be: {what}");
}
