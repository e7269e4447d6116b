//! The use cases of the catalog. The ones that end in `_in_tx` are for other
//! domains' transactions: orders reserve and sell stock in the very
//! transaction that places or pays them.

mod bulk;
mod bundles;
mod categories;
mod export;
mod hosting;
mod images;
mod images_sweep;
mod imports;
mod index;
mod listing;
mod low_stock;
mod matrix;
mod pictures;
mod price_lists;
mod products;
mod reserving;
mod search;
mod sellers;
mod shelf;
mod stock;
mod stock_feed;
mod stock_sync;
mod stock_value;
mod variants;

use std::num::NonZeroUsize;
use std::sync::Arc;

use accounts_service::Accounts;
use catalog_model::CatalogError;
use catalog_model::ports::FileStore;
use database::{Database, Transaction};
use kernel::{AuditEntry, Currency, Fault, Scope, Timestamp};
use queue::Queue;

use pictures::Pictures;
use shelf::Shelf;

pub use bulk::NewListing;
pub use export::Exported;
pub use hosting::ServiceFilter;
pub use images::Upload;
pub use imports::Incoming;
pub use pictures::UploadPlace;
pub use price_lists::PriceListFilter;
pub use products::AdminProduct;
pub use reserving::{Owed, Sold};
pub use search::{Counted, Found};

/// What the use cases of the catalog are made of.
pub struct CatalogParts {
    /// The database.
    pub database: Database,
    /// Background work.
    pub queue: Queue,
    /// The use cases of accounts.
    pub accounts: Arc<Accounts>,
    /// Where files are kept.
    pub files: Arc<dyn FileStore>,
    /// How large pictures may be.
    pub media: config::Media,
    /// How large imports may be.
    pub imports: config::Imports,
    /// Memory for products that are searched, in bytes.
    pub search_bytes: NonZeroUsize,
}

/// The use cases of the catalog.
pub struct Catalog {
    database: Database,
    queue: Queue,
    accounts: Arc<Accounts>,
    files: Arc<dyn FileStore>,
    pictures: Pictures,
    imports: config::Imports,
    shelf: Shelf,
}

impl Catalog {
    /// The use cases over these parts.
    pub fn new(parts: CatalogParts) -> Self {
        Self {
            shelf: Shelf::new(parts.queue.stale_tags(), parts.search_bytes),
            pictures: Pictures::new(&parts.media),
            database: parts.database,
            queue: parts.queue,
            accounts: parts.accounts,
            files: parts.files,
            imports: parts.imports,
        }
    }

    /// How much memory is taken by products that are searched, in bytes.
    pub fn search_bytes(&self) -> u64 {
        self.shelf.bytes()
    }

    fn now(&self) -> Timestamp {
        self.queue.clock().now()
    }

    /// Records what an administrator did, as the last write of the transaction.
    async fn record(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault> {
        self.accounts.audit().record_in_tx(tx, entry).await
    }

    /// The currency of the tenant's prices.
    async fn currency(&self, scope: &Scope) -> Result<Currency, CatalogError> {
        let tenant = self
            .accounts
            .tenant(scope)
            .await
            .map_err(|error| Fault::permanent("read the tenant's settings").caused_by(error))?;
        Ok(tenant.settings.currency)
    }
}
