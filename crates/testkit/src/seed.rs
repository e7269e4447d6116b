//! Randomness that can be replayed.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A generator whose seed is printed, and taken from `TEST_SEED` to replay a
/// failure.
#[expect(clippy::print_stdout, reason = "shown when the test fails")]
pub fn rng(name: &str) -> StdRng {
    let given = std::env::var("TEST_SEED").ok();
    let seed = given
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(fresh);
    println!("{name}: TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

fn fresh() -> u64 {
    u64::from_le_bytes(kernel::random::bytes::<8>())
}
