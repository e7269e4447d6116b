//! Refunds.

use std::collections::HashMap;

use kernel::{Fault, Scope};
use payments::{GatewayError, RefundReport, RefundRequest};
use stripe::StripeRequest as _;
use stripe_core::refund::{CreateRefund, ListRefund};

use crate::errors::{hides_outcome, meaning};
use crate::sessions::amount;
use crate::{StripeGateway, calls, metadata, reports};

fn is_it(report: &RefundReport, request: &RefundRequest) -> bool {
    report.refund == Some(request.refund) || request.external.as_ref() == Some(&report.id)
}

impl StripeGateway {
    pub(crate) async fn list_refunds(
        &self,
        intent: &str,
    ) -> Result<Vec<RefundReport>, GatewayError> {
        let list = ListRefund::new()
            .payment_intent(intent)
            .limit(100)
            .send(&self.client)
            .await
            .map_err(|error| meaning("list refunds", &error))?;
        list.data.iter().map(reports::refund).collect()
    }

    /// Makes a refund, or says where it stands. It is looked for first:
    /// Stripe answers a known key with what was true then, and forgets the key
    /// after a day, so the key alone could give the money back twice.
    pub(crate) async fn make_refund(
        &self,
        scope: &Scope,
        request: &RefundRequest,
    ) -> Result<RefundReport, GatewayError> {
        let intent = match &request.intent {
            Some(intent) => intent.clone(),
            None => self
                .retrieve(&request.session)
                .await?
                .intent
                .ok_or_else(|| GatewayError::Refused("nothing was paid".to_owned()))?,
        };
        if let Some(known) = self.known_refund(&intent, request).await? {
            return Ok(known);
        }
        if request.external.is_some() {
            let fault = Fault::transient("Stripe does not list a refund that it made before");
            return Err(fault.into());
        }
        let create = CreateRefund::new()
            .payment_intent(&intent)
            .amount(amount(request.amount)?)
            .metadata(HashMap::from([
                (metadata::TENANT.to_owned(), scope.tenant().to_string()),
                (metadata::REFUND.to_owned(), request.refund.to_string()),
                (metadata::PAYMENT.to_owned(), request.payment.to_string()),
            ]));
        let once = calls::once(&request.refund)?;
        let send = || {
            let call = create.customize().request_strategy(once.clone());
            call.send(&self.client)
        };
        match calls::patiently(send).await {
            Ok(made) => reports::refund(&made),
            Err(error) if hides_outcome(&error) => {
                let known = self.known_refund(&intent, request).await?;
                known.ok_or_else(|| {
                    GatewayError::Refused("Stripe could not make the refund".to_owned())
                })
            }
            Err(error) => Err(meaning("refund a payment", &error)),
        }
    }

    async fn known_refund(
        &self,
        intent: &str,
        request: &RefundRequest,
    ) -> Result<Option<RefundReport>, GatewayError> {
        let all = self.list_refunds(intent).await?;
        Ok(all.into_iter().find(|report| is_it(report, request)))
    }
}
