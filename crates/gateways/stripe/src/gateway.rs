//! Stripe as the port of payment gateways.

use kernel::{Fault, Scope, Timestamp};
use payments::{
    ChargeRequest, DisputeReport, GatewayError, PaymentGateway, RawWebhook, RefundReport,
    RefundRequest, SavedMethod, Session, SessionReport, SessionRequest, Subject, VerifiedWebhook,
    WebhookRefused,
};
use stripe_checkout::checkout_session::ExpireCheckoutSession;
use stripe_shared::CheckoutSessionId;

use crate::charges::is_charge;
use crate::errors::{is_refusal, meaning};
use crate::{StripeGateway, webhooks};

#[async_trait::async_trait]
impl PaymentGateway for StripeGateway {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn open(&self, scope: &Scope, request: &SessionRequest) -> Result<Session, GatewayError> {
        let session = self.open_session(scope, request).await?;
        let url = session
            .url
            .ok_or_else(|| Fault::permanent("a checkout session without a URL"))?;
        tracing::Span::current().record("stripe_session", session.id.as_str());
        Ok(Session {
            id: session.id.to_string(),
            url,
            expires_at: Timestamp::from_seconds(session.expires_at),
        })
    }

    async fn find(
        &self,
        _scope: &Scope,
        request: &SessionRequest,
    ) -> Result<Option<String>, GatewayError> {
        let found = self.find_session(request).await?;
        Ok(found.map(|session| session.id.to_string()))
    }

    async fn report(&self, _scope: &Scope, session: &str) -> Result<SessionReport, GatewayError> {
        if is_charge(session) {
            return self.retrieve_charge(session).await;
        }
        self.retrieve(session).await
    }

    async fn close(&self, _scope: &Scope, session: &str) -> Result<SessionReport, GatewayError> {
        if is_charge(session) {
            return self.cancel_charge(session).await;
        }
        let closed = ExpireCheckoutSession::new(CheckoutSessionId::from(session))
            .send(&self.client)
            .await;
        match closed {
            // Paid or expired already: it is not open any more.
            Err(error) if !is_refusal(&error) => Err(meaning("close a checkout session", &error)),
            _ => self.retrieve(session).await,
        }
    }

    async fn refund(
        &self,
        scope: &Scope,
        request: &RefundRequest,
    ) -> Result<RefundReport, GatewayError> {
        self.make_refund(scope, request).await
    }

    async fn refunds(
        &self,
        _scope: &Scope,
        intent: &str,
    ) -> Result<Vec<RefundReport>, GatewayError> {
        self.list_refunds(intent).await
    }

    fn keeps_methods(&self) -> bool {
        true
    }

    async fn charge(
        &self,
        scope: &Scope,
        request: &ChargeRequest,
    ) -> Result<SessionReport, GatewayError> {
        self.charge_kept(scope, request).await
    }

    async fn forget(&self, _scope: &Scope, method: &SavedMethod) -> Result<(), GatewayError> {
        self.forget_customer(method).await
    }

    async fn dispute(&self, _scope: &Scope, id: &str) -> Result<DisputeReport, GatewayError> {
        self.retrieve_dispute(id).await
    }

    fn verify(
        &self,
        webhook: &RawWebhook<'_>,
        now: Timestamp,
    ) -> Result<VerifiedWebhook, WebhookRefused> {
        webhooks::verify(self, webhook, now)
    }

    fn subject(&self, payload: &str) -> Subject {
        webhooks::subject(payload)
    }
}
