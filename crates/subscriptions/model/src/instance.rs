//! What is asked of those who run instances for subscriptions.

use catalog_model::hosting::template::ServiceTemplate;
use kernel::{InstanceRequestId, PlanId, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// What is to be done with an instance.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum InstanceWish {
    /// Make it.
    Provision,
    /// Give it what another plan has.
    ChangePlan,
    /// Stop it and keep its data.
    Suspend,
    /// Start it again.
    Resume,
    /// Remove it.
    Terminate,
}

/// Something that is asked about the instance of a subscription. The last one
/// says what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRequest {
    /// Which.
    pub id: InstanceRequestId,
    /// For which subscription.
    pub subscription: SubscriptionId,
    /// What is to be done.
    pub wish: InstanceWish,
    /// In which plan it then is.
    pub plan: PlanId,
    /// What is to run, with the resources of the plan, where it is to run.
    pub template: Option<ServiceTemplate>,
    /// When it was asked.
    pub created_at: Timestamp,
}
