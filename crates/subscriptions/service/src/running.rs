//! What runs for a subscription: asked for, changed, stopped and removed in the
//! transaction of what it follows from.

use catalog_model::hosting::plan::Plan;
use catalog_model::hosting::service::Service;
use clusters_model::instance::NewInstance;
use database::Transaction;
use kernel::Fault;
use subscriptions_model::SubscriptionError;
use subscriptions_model::instance::{NotRunnable, limits, template};
use subscriptions_model::subscription::Subscription;

use crate::Subscriptions;

impl Subscriptions {
    /// Asks for the instance of a new subscription.
    pub(crate) async fn provision(
        &self,
        tx: &Transaction,
        one: &Subscription,
        plan: &Plan,
        service: &Service,
    ) -> Result<(), SubscriptionError> {
        let new = NewInstance {
            subscription: one.id.to_string(),
            owner: one.user,
            name: service.name.clone(),
            template: template(service).map_err(not_runnable)?,
            limits: limits(plan, service).map_err(not_runnable)?,
        };
        self.clusters.request_in_tx(tx, new).await?;
        Ok(())
    }

    /// Gives the instance of a subscription what the plan has that it is in
    /// now.
    pub(crate) async fn fit_to_plan(
        &self,
        tx: &Transaction,
        one: &Subscription,
        plan: &Plan,
        service: &Service,
    ) -> Result<(), SubscriptionError> {
        let limits = limits(plan, service).map_err(not_runnable)?;
        let id = one.id.to_string();
        self.clusters.change_limits_in_tx(tx, &id, &limits).await?;
        Ok(())
    }

    /// Stops the instance of what is not paid for.
    pub(crate) async fn suspend(
        &self,
        tx: &Transaction,
        one: &Subscription,
    ) -> Result<(), SubscriptionError> {
        let id = one.id.to_string();
        self.clusters.suspend_in_tx(tx, &id).await?;
        Ok(())
    }

    /// Starts the instance of what is paid for again.
    pub(crate) async fn unsuspend(
        &self,
        tx: &Transaction,
        one: &Subscription,
    ) -> Result<(), SubscriptionError> {
        let id = one.id.to_string();
        self.clusters.resume_in_tx(tx, &id).await?;
        Ok(())
    }

    /// Removes the instance of what is over, with all it stored.
    pub(crate) async fn terminate(
        &self,
        tx: &Transaction,
        one: &Subscription,
    ) -> Result<(), SubscriptionError> {
        let id = one.id.to_string();
        self.clusters.terminate_in_tx(tx, &id).await?;
        Ok(())
    }
}

/// The catalog takes no template that cannot run.
fn not_runnable(error: NotRunnable) -> Fault {
    Fault::permanent("read the template of a service").caused_by(error)
}
