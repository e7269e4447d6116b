//! The background work of the catalog: each job is one call of a use case, and
//! its events make cached answers stale on every node.

use std::sync::Arc;
use std::time::Duration;

use catalog_model::events::{
    CatalogImported, CategoriesChanged, PriceListsChanged, ProductChanged, ProductsIndexed,
    ServicesChanged, StockShownChanged,
};
use catalog_model::jobs::{
    IndexMissing, RefreshPrices, RunImport, SweepImages, SweepImports, SyncStock,
};
use catalog_service::Catalog;
use queue::Registry;
use queue::schedule::Schedule;

/// Names the handlers of the catalog's jobs, and what its events make stale.
pub fn register(registry: &mut Registry, catalog: &Arc<Catalog>) {
    let service = catalog.clone();
    registry.handle(move |context, SweepImages {}| {
        let service = service.clone();
        async move { service.sweep_images(&context.scope).await }
    });
    let service = catalog.clone();
    registry.handle(move |context, job: RunImport| {
        let service = service.clone();
        async move {
            service
                .run_import(&context.scope, job.import, context.is_last)
                .await
        }
    });
    let service = catalog.clone();
    registry.handle(move |context, SweepImports {}| {
        let service = service.clone();
        async move { service.sweep_imports(&context.scope).await }
    });
    let service = catalog.clone();
    registry.handle(move |context, SyncStock {}| {
        let service = service.clone();
        async move { service.sync_stock(&context.scope).await }
    });
    let service = catalog.clone();
    registry.handle(move |context, IndexMissing {}| {
        let service = service.clone();
        async move { service.index_missing(&context.scope).await }
    });
    let service = catalog.clone();
    registry.handle(move |context, job: RefreshPrices| {
        let service = service.clone();
        async move { service.refresh_prices(&context.scope, job.list).await }
    });
    registry.tags_of::<PriceListsChanged>();
    registry.tags_of::<ProductChanged>();
    registry.tags_of::<ProductsIndexed>();
    registry.tags_of::<StockShownChanged>();
    registry.tags_of::<CategoriesChanged>();
    registry.tags_of::<CatalogImported>();
    registry.tags_of::<ServicesChanged>();
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![
        Schedule::new(Duration::from_mins(1), IndexMissing {}),
        Schedule::new(Duration::from_hours(1), SweepImages {}),
        Schedule::new(Duration::from_hours(1), SweepImports {}),
        Schedule::new(Duration::from_hours(1), SyncStock {}),
    ]
}
