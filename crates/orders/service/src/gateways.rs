//! The payment gateways by name.

use std::sync::Arc;

use kernel::Fault;
use orders_model::OrdersError;
use orders_model::payment::Payment;
use orders_model::ports::{GatewayError, PaymentGateway};

/// The gateways there are.
pub(crate) struct Gateways(Vec<Arc<dyn PaymentGateway>>);

impl Gateways {
    pub(crate) fn new(gateways: Vec<Arc<dyn PaymentGateway>>) -> Self {
        Self(gateways)
    }

    /// The gateway a buyer chose, or the one for those who did not.
    pub(crate) fn choose(
        &self,
        name: Option<&str>,
    ) -> Result<&Arc<dyn PaymentGateway>, OrdersError> {
        match name {
            Some(name) => self
                .named(name)
                .ok_or_else(|| OrdersError::UnknownGateway(name.chars().take(40).collect())),
            None => self
                .0
                .first()
                .ok_or_else(|| OrdersError::UnknownGateway(String::new())),
        }
    }

    /// The gateway with a name.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<dyn PaymentGateway>> {
        self.0.iter().find(|gateway| gateway.name() == name)
    }

    /// The gateway of an attempt. One that was turned off since is a passing
    /// fault: its attempts wait until it is turned on again.
    pub(crate) fn of(&self, payment: &Payment) -> Result<&Arc<dyn PaymentGateway>, Fault> {
        self.named(&payment.gateway).ok_or_else(|| {
            Fault::transient(format!("the gateway {} is not configured", payment.gateway))
        })
    }
}

/// What a gateway's error means to a caller.
pub(crate) fn gateway_error(error: GatewayError) -> OrdersError {
    match error {
        GatewayError::Refused(why) => OrdersError::Gateway(why),
        GatewayError::Unknown(fault) => OrdersError::Fault(fault),
    }
}
