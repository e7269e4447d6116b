//! The use cases of the catalog. The ones that end in `_in_tx` are for other
//! domains' transactions: orders reserve and sell stock in the very
//! transaction that places or pays them.

mod bulk;
mod categories;
mod index;
mod listing;
mod products;
mod search;
mod shelf;
mod stock;
mod variants;

use std::sync::Arc;

use accounts_service::Accounts;
use catalog_model::CatalogError;
use database::Database;
use kernel::{Currency, Scope, Timestamp};
use queue::Queue;

use shelf::Shelf;

pub use bulk::NewListing;
pub use products::AdminProduct;
pub use search::{Counted, Found};

/// The use cases of the catalog.
pub struct Catalog {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
    shelf: Shelf,
}

impl Catalog {
    /// The use cases over these parts.
    pub fn new(database: Database, queue: Queue, accounts: Arc<Accounts>) -> Self {
        Self {
            shelf: Shelf::new(queue.stale_tags()),
            database,
            queue,
            accounts,
        }
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }

    /// The currency of the tenant's prices.
    async fn currency(&self, scope: &Scope) -> Result<Currency, CatalogError> {
        let tenant = self.accounts.tenant(scope).await.map_err(|error| {
            kernel::Fault::permanent("read the tenant's settings").caused_by(error)
        })?;
        Ok(tenant.settings.currency)
    }
}
