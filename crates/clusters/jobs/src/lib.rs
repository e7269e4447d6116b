//! The background work of clusters: each job is one call of a use case.

use std::sync::Arc;
use std::time::Duration;

use clusters_model::jobs::{CheckClusters, FindDueInstances, ReconcileInstance};
use clusters_service::Clusters;
use queue::Registry;
use queue::schedule::Schedule;

/// Names the handlers of the jobs of clusters.
pub fn register(registry: &mut Registry, clusters: &Arc<Clusters>) {
    let service = clusters.clone();
    registry.handle(move |context, job: CheckClusters| {
        let service = service.clone();
        async move { service.check_clusters(&context.scope, job.only).await }
    });
    let service = clusters.clone();
    registry.handle(move |context, FindDueInstances {}| {
        let service = service.clone();
        async move { service.find_due_instances(&context.scope).await }
    });
    let service = clusters.clone();
    registry.handle(move |context, job: ReconcileInstance| {
        let service = service.clone();
        async move {
            service
                .reconcile_instance(&context.scope, job.instance)
                .await
        }
    });
}

/// What is due again and again.
pub fn schedules() -> Vec<Schedule> {
    vec![
        Schedule::new(Duration::from_mins(1), CheckClusters::default()),
        Schedule::new(Duration::from_mins(1), FindDueInstances {}),
    ]
}
