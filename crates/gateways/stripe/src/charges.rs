//! Charging ways of paying that Stripe keeps, without the buyer
//! (<https://docs.stripe.com/payments/save-during-payment#charge-saved-payment-method>).
//!
//! A charge goes by the name of its payment, `pi_…`, where others have that of
//! a checkout session.

use std::collections::HashMap;

use kernel::Scope;
use payments::{ChargeRequest, GatewayError, SavedMethod, SessionReport};
use stripe::{StripeError, StripeRequest as _};
use stripe_core::customer::DeleteCustomer;
use stripe_core::payment_intent::{
    CancelPaymentIntent, CreatePaymentIntent, CreatePaymentIntentOffSession, ListPaymentIntent,
    RetrievePaymentIntent,
};
use stripe_shared::PaymentIntent;
use stripe_types::{RangeBoundsTs, RangeQueryTs};

use crate::errors::{hides_outcome, is_refusal, meaning};
use crate::sessions::{CLOCKS, amount, currency, purpose};
use crate::{StripeGateway, calls, metadata, reports};

/// Whether a name is that of a charge.
pub(crate) fn is_charge(session: &str) -> bool {
    session.starts_with("pi_")
}

impl StripeGateway {
    /// Charges a way of paying, or says where that stands. It is looked for
    /// first: Stripe answers a known key with what was true then, and forgets
    /// the key after a day, so the key alone could charge twice.
    pub(crate) async fn charge_kept(
        &self,
        scope: &Scope,
        request: &ChargeRequest,
    ) -> Result<SessionReport, GatewayError> {
        if let Some(known) = self.find_charge(request).await? {
            return reports::charge(&known, self.live);
        }
        let create = CreatePaymentIntent::new(amount(request.amount)?, currency(request.amount)?)
            .customer(&request.from.customer)
            .payment_method(&request.from.method)
            .off_session(CreatePaymentIntentOffSession::Bool(true))
            .confirm(true)
            .description(request.purpose.title())
            .metadata(HashMap::from([
                (metadata::TENANT.to_owned(), scope.tenant().to_string()),
                purpose(request.purpose),
                (metadata::PAYMENT.to_owned(), request.payment.to_string()),
                (metadata::CHARGE.to_owned(), "1".to_owned()),
            ]));
        let once = calls::once(&request.payment)?;
        let send = || {
            let call = create.customize().request_strategy(once.clone());
            call.send(&self.client)
        };
        match calls::patiently(send).await {
            Ok(made) => reports::charge(&made, self.live),
            Err(error) if hides_outcome(&error) || is_decline(&error) => {
                match self.find_charge(request).await? {
                    Some(made) => reports::charge(&made, self.live),
                    None if is_decline(&error) => Err(meaning("charge a card", &error)),
                    None => Err(GatewayError::Refused(
                        "Stripe could not charge it".to_owned(),
                    )),
                }
            }
            Err(error) => Err(meaning("charge a card", &error)),
        }
    }

    /// The payment that was made for an attempt, if there is one.
    async fn find_charge(
        &self,
        request: &ChargeRequest,
    ) -> Result<Option<PaymentIntent>, GatewayError> {
        let payment = request.payment.to_string();
        let list = ListPaymentIntent::new()
            .customer(&request.from.customer)
            .created(RangeQueryTs::Bounds(RangeBoundsTs {
                gte: Some(request.decided_at.minus(CLOCKS).seconds()),
                ..RangeBoundsTs::default()
            }))
            .limit(100)
            .send(&self.client)
            .await
            .map_err(|error| meaning("list payments", &error))?;
        Ok(list
            .data
            .into_iter()
            .find(|intent| intent.metadata.get(metadata::PAYMENT) == Some(&payment)))
    }

    pub(crate) async fn retrieve_charge(&self, id: &str) -> Result<SessionReport, GatewayError> {
        let found = RetrievePaymentIntent::new(id)
            .send(&self.client)
            .await
            .map_err(|error| meaning("read a payment", &error))?;
        reports::charge(&found, self.live)
    }

    /// Cancels a payment that waits for somebody who is not there.
    pub(crate) async fn cancel_charge(&self, id: &str) -> Result<SessionReport, GatewayError> {
        match CancelPaymentIntent::new(id).send(&self.client).await {
            Err(error) if !is_refusal(&error) => Err(meaning("cancel a payment", &error)),
            _ => self.retrieve_charge(id).await,
        }
    }

    /// Forgets whom a way of paying belongs to, and so the way of paying: each
    /// that is kept has a customer of its own.
    pub(crate) async fn forget_customer(&self, method: &SavedMethod) -> Result<(), GatewayError> {
        let deleted = DeleteCustomer::new(method.customer.as_str());
        match deleted.send(&self.client).await {
            Err(error) if !is_refusal(&error) => Err(meaning("delete a customer", &error)),
            _ => Ok(()),
        }
    }
}

/// Whether a bank or the card said no. The payment was made all the same.
fn is_decline(error: &StripeError) -> bool {
    matches!(error, StripeError::Stripe(_, 402))
}
