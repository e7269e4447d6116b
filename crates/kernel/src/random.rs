//! The one source of randomness.

use uuid::Uuid;

use crate::time::Timestamp;

/// `N` bytes from the operating system's generator.
///
/// # Panics
/// When the operating system has no randomness to give; nothing safe can be
/// done without it.
#[expect(clippy::disallowed_methods, reason = "this is the source")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0u8; N];
    getrandom::fill(&mut buffer).expect("the operating system provides randomness");
    buffer
}

/// A UUID of version 7 (RFC 9562) whose 48-bit time is `now`.
pub fn uuid_v7(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes::<10>()).into_uuid()
}

/// A number in `0..bound` (0 when `bound` is 0), for jitter and sampling. The
/// modulo bias is below 2⁻³² for the bounds in use.
pub fn below(bound: u64) -> u64 {
    u64::from_le_bytes(bytes::<8>())
        .checked_rem(bound)
        .unwrap_or(0)
}
