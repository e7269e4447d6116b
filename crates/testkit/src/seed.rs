//! Randomness that can be replayed, and other numbers from outside.

use std::str::FromStr;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// A generator whose seed is printed, and taken from `TEST_SEED` to replay a
/// failure.
#[expect(clippy::print_stdout, reason = "shown when the test fails")]
pub fn rng(name: &str) -> StdRng {
    let seed = number("TEST_SEED").unwrap_or_else(fresh);
    println!("{name}: TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// A number that a variable gives. One that cannot be read fails the test: it
/// would pass as something else than what was asked for.
pub fn number<T: FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let Ok(number) = text.parse() else {
        panic!("{variable}={text:?} is not such a number");
    };
    Some(number)
}

fn fresh() -> u64 {
    u64::from_le_bytes(kernel::random::bytes::<8>())
}
