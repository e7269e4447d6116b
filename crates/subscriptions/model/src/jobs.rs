//! Background work of subscriptions.

use kernel::{Job, SubscriptionId};
use serde::{Deserialize, Serialize};

use crate::mails::Notice;

/// Renews what is due, reminds, suspends and ends what is not paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RenewSubscriptions {}

impl Job for RenewSubscriptions {
    const KIND: &'static str = "subscriptions.renew";
}

/// Compares what is given of quotas with the subscriptions there are.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReconcileQuotas {}

impl Job for ReconcileQuotas {
    const KIND: &'static str = "subscriptions.reconcile_quotas";
}

/// Mails the owner of a subscription.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendNotice {
    /// Of which subscription.
    pub subscription: SubscriptionId,
    /// What about.
    pub notice: Notice,
}

impl Job for SendNotice {
    const KIND: &'static str = "subscriptions.send_notice";
}
