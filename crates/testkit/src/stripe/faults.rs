//! Trouble, ordered by a test.

use std::time::Duration;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Another status, and nothing is done. A 500 is kept for the call's
    /// idempotency key, as at Stripe; other statuses are not.
    Before(u16),
    /// It is done, and then a 500 is answered and kept for the key.
    After,
    /// It is done and kept, and the connection breaks before the answer is
    /// through.
    Lost,
    /// It is done, and the answer takes so long.
    Slow(Duration),
}

/// Trouble that waits for its call.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) trouble: Trouble,
    /// How many calls it is good for.
    pub(super) times: usize,
}
