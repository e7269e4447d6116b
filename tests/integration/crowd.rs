//! Many who do something at the same moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::DomainError;
use testkit::seed;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How many there are at once, where nothing else is said.
pub const MANY: usize = 64;

/// How many rounds are played; `RACE_ROUNDS` asks for another number.
pub fn rounds() -> usize {
    seed::number("RACE_ROUNDS").unwrap_or(5)
}

/// Lets many do something at the same moment; how often it failed with which
/// code, and how often it did not.
pub async fn at_once<F, Fut, T, E>(many: usize, act: F) -> BTreeMap<&'static str, usize>
where
    F: Fn(usize) -> Fut,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: DomainError,
{
    let code = |act: Fut| async move {
        match act.await {
            Ok(_) => "ok",
            Err(error) => {
                let fault = error.fault().map(kernel::Fault::chain);
                assert_eq!(fault, None, "{error}");
                error.code()
            }
        }
    };
    counted(many, |n| code(act(n))).await
}

/// Lets many do something at the same moment; how often it went how.
pub async fn counted<F, Fut>(many: usize, act: F) -> BTreeMap<Fut::Output, usize>
where
    F: Fn(usize) -> Fut,
    Fut: Future + Send + 'static,
    Fut::Output: Ord + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(many));
    let mut all = JoinSet::new();
    for n in 0..many {
        let (barrier, act) = (barrier.clone(), act(n));
        all.spawn(async move {
            barrier.wait().await;
            act.await
        });
    }
    let mut counts = BTreeMap::new();
    for outcome in all.join_all().await {
        *counts.entry(outcome).or_default() += 1;
    }
    counts
}
