//! Tells in debug builds when a task that holds a connection asks for another.
//!
//! A task that waits for a second connection while it keeps a first one stops
//! for good once all others do the same; on SQLite, which has one connection
//! for writes, it stops at once. A release build does not look.

#[cfg(debug_assertions)]
mod watch {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

    use tokio::task::Id;

    static HELD: LazyLock<Mutex<HashMap<Id, usize>>> = LazyLock::new(Mutex::default);

    fn held() -> MutexGuard<'static, HashMap<Id, usize>> {
        HELD.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// That a task holds a connection.
    pub(crate) struct Held(Option<Id>);

    impl Held {
        pub(crate) fn begin() -> Self {
            let task = tokio::task::try_id();
            if let Some(task) = task {
                *held().entry(task).or_default() += 1;
            }
            Self(task)
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            let Some(task) = self.0 else { return };
            let mut held = held();
            if let Some(count) = held.get_mut(&task) {
                *count -= 1;
                if *count == 0 {
                    held.remove(&task);
                }
            }
        }
    }

    pub(crate) fn expect_none(what: &str) {
        let holds = tokio::task::try_id().is_some_and(|task| held().contains_key(&task));
        assert!(
            !holds,
            "{what} needs a connection of its own, but its task holds one already"
        );
    }
}

#[cfg(not(debug_assertions))]
mod watch {
    /// That a task holds a connection; nobody looks.
    pub(crate) struct Held;

    impl Held {
        pub(crate) fn begin() -> Self {
            Self
        }
    }

    pub(crate) fn expect_none(_: &str) {}
}

pub(crate) use watch::Held;

/// To be called where a connection may be needed, even if it is not this time
/// because the answer is cached: panics in a debug build if the task holds one.
pub fn expect_no_connection_held(what: &str) {
    watch::expect_none(what);
}
