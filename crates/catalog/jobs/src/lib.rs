//! The background work of the catalog: so far, only letting its events make
//! cached answers stale on every node.

use catalog_model::events::{CategoriesChanged, ProductChanged, StockShownChanged};
use queue::Registry;

/// Names what the events of the catalog make stale.
pub fn register(registry: &mut Registry) {
    registry.tags_of::<ProductChanged>();
    registry.tags_of::<StockShownChanged>();
    registry.tags_of::<CategoriesChanged>();
}
