//! The background work of the catalog: its events make cached answers stale on
//! every node, and products that search does not know are indexed.

use std::sync::Arc;
use std::time::Duration;

use catalog_model::events::{
    CategoriesChanged, ProductChanged, ProductsIndexed, StockShownChanged,
};
use catalog_model::jobs::IndexMissing;
use catalog_service::Catalog;
use queue::Registry;
use queue::schedule::Schedule;

/// Names the handlers of the jobs of the catalog, and what its events make
/// stale.
pub fn register(registry: &mut Registry, catalog: &Arc<Catalog>) {
    let service = catalog.clone();
    registry.handle(move |context, IndexMissing {}| {
        let service = service.clone();
        async move { service.index_missing(&context.scope).await }
    });
    registry.tags_of::<ProductChanged>();
    registry.tags_of::<ProductsIndexed>();
    registry.tags_of::<StockShownChanged>();
    registry.tags_of::<CategoriesChanged>();
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![Schedule::new(Duration::from_mins(1), IndexMissing {})]
}
