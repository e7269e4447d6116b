//! The payment gateways by name.

use std::sync::Arc;

use kernel::Fault;

use crate::PaymentGateway;

/// How much of a name that is none is told.
const TOLD: usize = 40;

/// The gateways there are.
pub struct Gateways(Vec<Arc<dyn PaymentGateway>>);

impl Gateways {
    /// These; the first is used when none is named.
    pub fn new(gateways: Vec<Arc<dyn PaymentGateway>>) -> Self {
        Self(gateways)
    }

    /// The gateway a payer chose, or the one for those who did not.
    ///
    /// # Errors
    /// The name, when there is no such gateway.
    pub fn choose(&self, name: Option<&str>) -> Result<&Arc<dyn PaymentGateway>, String> {
        let found = match name {
            Some(name) => self.named(name),
            None => self.0.first(),
        };
        found.ok_or_else(|| name.unwrap_or_default().chars().take(TOLD).collect())
    }

    /// The gateway with a name.
    pub fn named(&self, name: &str) -> Option<&Arc<dyn PaymentGateway>> {
        self.0.iter().find(|gateway| gateway.name() == name)
    }

    /// The gateway of what was begun there.
    ///
    /// # Errors
    /// A passing fault for one that was turned off since: what was begun there
    /// waits until it is turned on again.
    pub fn of(&self, name: &str) -> Result<&Arc<dyn PaymentGateway>, Fault> {
        self.named(name)
            .ok_or_else(|| Fault::transient(format!("the gateway {name} is not configured")))
    }
}
