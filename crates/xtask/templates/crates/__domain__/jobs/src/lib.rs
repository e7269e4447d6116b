//! The background work of __domain__: each job is one call of a use case.

use std::sync::Arc;

use __domain___model::jobs::Forget__Entity__;
use __domain___service::__Domain__;
use queue::Registry;

/// Names the handlers of the jobs of __domain__.
pub fn register(registry: &mut Registry, __domain__: &Arc<__Domain__>) {
    let service = __domain__.clone();
    registry.handle(move |context, job: Forget__Entity__| {
        let service = service.clone();
        async move {
            service
                .forget___entity__(&context.scope, job.__entity__)
                .await
        }
    });
}
