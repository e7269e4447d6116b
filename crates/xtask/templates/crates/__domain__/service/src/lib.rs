//! The use cases of __domain__.

mod __entities__;

use database::Database;
use kernel::Timestamp;
use queue::Queue;

/// The use cases of __domain__.
pub struct __Domain__ {
    database: Database,
    queue: Queue,
}

impl __Domain__ {
    /// The use cases over these parts.
    pub fn new(database: Database, queue: Queue) -> Self {
        Self { database, queue }
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }
}
