//! Background work of the catalog.

use kernel::{ImportId, Job, PriceListId};
use serde::{Deserialize, Serialize};

/// Deletes pictures and files that a crash, or a store that did not answer,
/// left behind, and finds pictures whose files are gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SweepImages {}

impl Job for SweepImages {
    const KIND: &'static str = "catalog.sweep_images";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Reads the file of an import, and changes the catalog if it is in order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunImport {
    /// Which import.
    pub import: ImportId,
}

impl Job for RunImport {
    const KIND: &'static str = "catalog.run_import";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Gives up imports that broke off, and forgets old ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SweepImports {}

impl Job for SweepImports {
    const KIND: &'static str = "catalog.sweep_imports";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Indexes products that search does not know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexMissing {}

impl Job for IndexMissing {
    const KIND: &'static str = "catalog.index_missing";
    const MAX_ATTEMPTS: u32 = 3;
}

/// Works out what lists of products show of the products in a price list: it
/// was changed, begins or ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefreshPrices {
    /// Which list.
    pub list: PriceListId,
}

impl Job for RefreshPrices {
    const KIND: &'static str = "catalog.refresh_prices";
    const MAX_ATTEMPTS: u32 = 10;
}

/// Compares what is promised of each pile with its reservations, and mends
/// what differs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SyncStock {}

impl Job for SyncStock {
    const KIND: &'static str = "catalog.sync_stock";
    const MAX_ATTEMPTS: u32 = 3;
}
