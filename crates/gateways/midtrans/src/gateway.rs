//! Midtrans as the port of payment gateways.

use kernel::{Money, Scope, Timestamp};
use payments::{
    GatewayError, PaymentGateway, RawWebhook, RefundReport, RefundRequest, Session, SessionReport,
    SessionRequest, SessionState, Subject, VerifiedWebhook, WebhookRefused,
};
use serde_json::json;

use crate::amounts::{to_midtrans, whole};
use crate::{MidtransGateway, webhooks};

/// The report of a page on which nobody chose a way to pay.
fn untouched(session: &str, state: SessionState) -> SessionReport {
    SessionReport {
        id: session.to_owned(),
        payment: session.parse().ok(),
        state,
        intent: None,
        failure: None,
        saved: None,
    }
}

#[async_trait::async_trait]
impl PaymentGateway for MidtransGateway {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn objection(&self, amount: Money) -> Option<String> {
        to_midtrans(amount).is_none().then(|| {
            format!("Midtrans takes whole rupiah, and {amount} is none; choose another amount or gateway")
        })
    }

    fn at_most(&self, amount: Money) -> Money {
        whole(amount)
    }

    async fn open(&self, scope: &Scope, request: &SessionRequest) -> Result<Session, GatewayError> {
        self.open_page(scope, request).await
    }

    async fn find(
        &self,
        _scope: &Scope,
        request: &SessionRequest,
    ) -> Result<Option<String>, GatewayError> {
        let found = self.transaction(&request.payment.to_string()).await?;
        Ok(found.map(|found| found.order_id))
    }

    async fn report(&self, _scope: &Scope, session: &str) -> Result<SessionReport, GatewayError> {
        match self.transaction(session).await? {
            Some(found) => found.report(),
            None => Ok(untouched(session, SessionState::Open)),
        }
    }

    async fn close(&self, scope: &Scope, session: &str) -> Result<SessionReport, GatewayError> {
        let report = match self.transaction(session).await? {
            Some(found) => found.report()?,
            // The page itself cannot be closed, but its time is set: nothing
            // can be begun on it after that.
            None => return Ok(untouched(session, SessionState::Expired)),
        };
        if report.state != SessionState::Open {
            return Ok(report);
        }
        let path = ["v2", session, "expire"];
        let answer = self.post(&path, &json!({})).await?;
        if answer.status >= 500 || answer.status == 401 {
            return Err(answer.failure("close a transaction of Midtrans"));
        }
        // Refused when it was paid a moment before: what it is now tells.
        self.report(scope, session).await
    }

    async fn refund(
        &self,
        _scope: &Scope,
        request: &RefundRequest,
    ) -> Result<RefundReport, GatewayError> {
        self.make_refund(request).await
    }

    async fn refunds(
        &self,
        _scope: &Scope,
        intent: &str,
    ) -> Result<Vec<RefundReport>, GatewayError> {
        self.list_refunds(intent).await
    }

    async fn taken_back(
        &self,
        _scope: &Scope,
        session: &str,
    ) -> Result<Option<RefundReport>, GatewayError> {
        self.taken_back_of(session).await
    }

    fn verify(
        &self,
        webhook: &RawWebhook<'_>,
        _now: Timestamp,
    ) -> Result<VerifiedWebhook, WebhookRefused> {
        webhooks::verify(self, webhook)
    }

    fn subject(&self, payload: &str) -> Subject {
        webhooks::subject(payload)
    }
}
