//! The one source of randomness.

use std::cell::RefCell;

use uuid::Uuid;

use crate::time::Timestamp;

/// How much is fetched for ids at once; as much as Linux gives without a break.
const STORE: usize = 256;

/// `N` bytes from the operating system's generator.
///
/// # Panics
/// When the operating system has no randomness to give; nothing safe can be
/// done without it.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut given = [0u8; N];
    fill(&mut given);
    given
}

/// `N` bytes for an id, of which a request makes several: they are fetched many
/// at a time, because the call costs more than the bytes, and each is given out
/// once. `N` is at most 256.
///
/// # Panics
/// As [`bytes`] does.
pub fn id_bytes<const N: usize>() -> [u8; N] {
    const { assert!(N <= STORE, "an id is shorter") };
    thread_local! {
        static LEFT: RefCell<([u8; STORE], usize)> = const { RefCell::new(([0; STORE], 0)) };
    }
    let mut given = [0u8; N];
    LEFT.with_borrow_mut(|(store, left)| {
        if *left < N {
            fill(store);
            *left = STORE;
        }
        let taken = &mut store[*left - N..*left];
        given.copy_from_slice(taken);
        taken.fill(0);
        *left -= N;
    });
    given
}

#[expect(clippy::disallowed_methods, reason = "this is the source")]
fn fill(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the operating system provides randomness");
}

/// A UUID of version 7 (RFC 9562) whose 48-bit time is `now`.
pub fn uuid_v7(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &id_bytes::<10>()).into_uuid()
}

/// A UUID of version 7 that sorts after `previous`: a new one where that does,
/// else `previous` with a small random number added to its random part (RFC
/// 9562, section 6.2, method 2), or a new one of the next millisecond when that
/// part is used up.
pub fn uuid_v7_after(previous: Uuid, now: Timestamp) -> Uuid {
    const RANDOM_PART: u128 = (1 << 62) - 1;
    let new = uuid_v7(now);
    if new > previous {
        return new;
    }
    let bits = previous.as_u128();
    let raised = (bits & RANDOM_PART) + 1 + u128::from(below(1 << 16));
    if raised <= RANDOM_PART {
        return Uuid::from_u128((bits & !RANDOM_PART) | raised);
    }
    let millis = u64::try_from(bits >> 80).unwrap_or(0) + 1;
    uuid::Builder::from_unix_timestamp_millis(millis, &id_bytes::<10>()).into_uuid()
}

/// A number in `0..bound` (0 when `bound` is 0), for jitter and sampling. The
/// modulo bias is below 2⁻³² for the bounds in use.
pub fn below(bound: u64) -> u64 {
    u64::from_le_bytes(id_bytes::<8>())
        .checked_rem(bound)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bytes_are_given_out_twice() {
        let mut known = std::collections::BTreeSet::new();
        for _ in 0..1_000 {
            assert!(known.insert(id_bytes::<15>().to_vec()));
            assert!(known.insert(id_bytes::<16>().to_vec()));
            assert!(known.insert(id_bytes::<10>().to_vec()));
            assert!(known.insert(bytes::<32>().to_vec()));
        }
    }

    #[test]
    fn ids_of_one_millisecond_sort_as_they_were_made() {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let mut last = uuid_v7(now);
        for _ in 0..10_000 {
            let next = uuid_v7_after(last, now);
            assert!(next > last, "{next} after {last}");
            assert_eq!(next.get_version_num(), 7);
            assert_eq!(next.get_variant(), uuid::Variant::RFC4122);
            last = next;
        }
        // Also when the random part has no room left, or the clock went back.
        let full = Uuid::from_u128(last.as_u128() | ((1 << 62) - 1));
        let next = uuid_v7_after(full, Timestamp::from_micros(0));
        assert!(next > full, "{next} after {full}");
        assert_eq!(next.get_version_num(), 7);
    }
}
