//! The numbers of orders, which people read.

use database::Backend;
use sea_orm::{FromQueryResult, Value};

/// What a new order was numbered.
#[derive(Debug, Clone, Copy, FromQueryResult)]
pub struct Number {
    /// The number.
    pub number: i64,
}

/// The name of [`take`] in a batch.
pub const TAKEN: &str = "taken";

/// The write that takes the next order number of the tenant, for the batch
/// that adds the order; the first is one more than `after`. All orders of the
/// tenant wait here for each other, so it belongs into the last statement
/// before the commit.
pub fn take(after: i64) -> (&'static str, Vec<Value>) {
    (
        "INSERT INTO order_counters (tenant_id, last_number) VALUES ($1, $2 + 1) \
         ON CONFLICT (tenant_id) DO UPDATE SET last_number = order_counters.last_number + 1 \
         RETURNING last_number",
        vec![after.into()],
    )
}

/// The number that was taken before in the same batch.
pub(crate) fn taken(backend: Backend) -> &'static str {
    match backend {
        // The table itself still shows the number before.
        Backend::Postgres => "(SELECT last_number FROM taken)",
        Backend::Sqlite => "(SELECT last_number FROM order_counters WHERE tenant_id = $1)",
    }
}
