//! The gateway's API.

use kernel::secret::base64url;
use kernel::{Fault, Money, PaymentId, Scope, TenantId, Timestamp, signature};
use payments::{
    ChargeRequest, GatewayError, PaymentGateway, RawWebhook, RefundReport, RefundRequest,
    RefundState, SavedMethod, Session, SessionReport, SessionRequest, SessionState, Subject,
    VerifiedWebhook, WebhookRefused,
};
use serde::{Deserialize, Serialize};

use crate::store::{self, StoredRefund, StoredSession};
use crate::{TestGateway, charges};

pub(crate) const SESSION_PREFIX: &str = "tcs_";

/// What the gateway posts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) session: String,
    pub(crate) tenant: Option<kernel::TenantId>,
}

impl TestGateway {
    /// The name of an attempt's session: the tenant's id, and what cannot be
    /// guessed, because whoever knows it may play the buyer.
    pub(crate) fn session_name(&self, tenant: TenantId, payment: PaymentId) -> String {
        let code = self.names.sign(payment.to_string().as_bytes());
        let name = [&tenant.uuid().as_bytes()[..], &code[..24]].concat();
        format!("{SESSION_PREFIX}{}", base64url(&name))
    }

    /// Where the pay page of a session is.
    pub(crate) fn pay_url(&self, session: &str) -> String {
        let mut url = self.public_url.clone();
        url.set_path(&format!("pay/test/{session}"));
        url.into()
    }

    /// Signs what is posted.
    pub(crate) fn sign(&self, body: &[u8], now: Timestamp) -> String {
        self.webhook_secrets
            .first()
            .map(|secret| signature::sign(secret, body, now))
            .unwrap_or_default()
    }

    pub(crate) async fn load(
        &self,
        scope: &Scope,
        session: &str,
    ) -> Result<StoredSession, GatewayError> {
        let db = self.database.read(scope).await?;
        store::find(&db, session)
            .await?
            .ok_or_else(|| GatewayError::Refused("no such session".to_owned()))
    }

    pub(crate) fn report_of(&self, session: &StoredSession) -> SessionReport {
        let over = self.queue.clock().now() >= session.expires_at;
        let (state, failure) = match session.status.as_str() {
            "paid" => {
                let paid = SessionState::Paid {
                    amount: session.amount,
                    tax: Money::zero(session.amount.currency),
                };
                (paid, None)
            }
            "declined" => (
                SessionState::Failed,
                Some("the card was declined".to_owned()),
            ),
            "open" if !over => (SessionState::Open, None),
            _ => (SessionState::Expired, None),
        };
        SessionReport {
            id: session.id.clone(),
            payment: session.payment_id.parse().ok(),
            // The money goes by the name of the session here.
            intent: matches!(state, SessionState::Paid { .. }).then(|| session.id.clone()),
            saved: charges::saved(session, state),
            state,
            failure,
        }
    }
}

fn refund_report(refund: &StoredRefund, currency: kernel::Currency) -> RefundReport {
    RefundReport {
        id: refund.id.clone(),
        refund: refund.idempotency_key.parse().ok(),
        amount: Money::new(refund.amount, currency),
        state: RefundState::Succeeded,
        is_total: false,
        charged_back: false,
    }
}

#[async_trait::async_trait]
impl PaymentGateway for TestGateway {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn open(&self, scope: &Scope, request: &SessionRequest) -> Result<Session, GatewayError> {
        let id = self.session_name(scope.tenant(), request.payment);
        let session = StoredSession {
            id: id.clone(),
            payment_id: request.payment.to_string(),
            description: request.purpose.title(),
            amount: request.amount,
            status: "open".to_owned(),
            success_url: request.return_urls.success.clone(),
            cancel_url: request.return_urls.cancel.clone(),
            expires_at: request.expires_at,
            kept: request.save_method.then(|| "wanted".to_owned()),
        };
        let write = store::insert(&session, self.queue.clock().now());
        self.database
            .write_one(scope, "test_gateway.open", write)
            .await?;
        Ok(Session {
            url: self.pay_url(&id),
            id,
            expires_at: request.expires_at,
        })
    }

    async fn find(
        &self,
        scope: &Scope,
        request: &SessionRequest,
    ) -> Result<Option<String>, GatewayError> {
        let db = self.database.read(scope).await?;
        let found = store::find(&db, &self.session_name(scope.tenant(), request.payment)).await?;
        Ok(found.map(|session| session.id))
    }

    async fn report(&self, scope: &Scope, session: &str) -> Result<SessionReport, GatewayError> {
        let stored = self.load(scope, session).await?;
        Ok(self.report_of(&stored))
    }

    async fn close(&self, scope: &Scope, session: &str) -> Result<SessionReport, GatewayError> {
        let now = self.queue.clock().now();
        let tx = self
            .database
            .begin_write(scope, "test_gateway.close")
            .await?;
        store::leave_open(&tx, session, "expired", now).await?;
        tx.commit().await?;
        self.report(scope, session).await
    }

    async fn refund(
        &self,
        scope: &Scope,
        request: &RefundRequest,
    ) -> Result<RefundReport, GatewayError> {
        let now = self.queue.clock().now();
        let key = request.refund.to_string();
        let refund = StoredRefund {
            id: format!("tre_{}", base64url(&self.names.sign(key.as_bytes())[..16])),
            idempotency_key: key.clone(),
            amount: request.amount.minor,
        };
        let tx = self
            .database
            .begin_write(scope, "test_gateway.refund")
            .await?;
        store::insert_refund(&tx, &refund, &request.session, now).await?;
        let stored = store::refunds(&tx, &request.session).await?;
        tx.commit().await?;
        stored
            .iter()
            .find(|known| known.idempotency_key == key)
            .map(|known| refund_report(known, request.amount.currency))
            .ok_or_else(|| GatewayError::Refused("more than was paid".to_owned()))
    }

    async fn refunds(
        &self,
        scope: &Scope,
        intent: &str,
    ) -> Result<Vec<RefundReport>, GatewayError> {
        let session = self.load(scope, intent).await?;
        let db = self.database.read(scope).await?;
        let refunds = store::refunds(&db, intent).await?;
        Ok(refunds
            .iter()
            .map(|refund| refund_report(refund, session.amount.currency))
            .collect())
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

    async fn forget(&self, scope: &Scope, method: &SavedMethod) -> Result<(), GatewayError> {
        let write = store::forget(&method.method);
        self.database
            .write_one(scope, "test_gateway.forget", write)
            .await?;
        Ok(())
    }

    fn verify(
        &self,
        webhook: &RawWebhook<'_>,
        now: Timestamp,
    ) -> Result<VerifiedWebhook, WebhookRefused> {
        let secrets = self.webhook_secrets.iter().map(<[u8; 32]>::as_slice);
        if !signature::verify(webhook.signature, webhook.body, secrets, now) {
            return Err(WebhookRefused::Signature);
        }
        let event: Event = serde_json::from_slice(webhook.body)
            .map_err(|error| WebhookRefused::Unreadable(error.to_string()))?;
        Ok(VerifiedWebhook {
            id: event.id,
            kind: event.kind,
            tenant: event.tenant,
        })
    }

    fn subject(&self, payload: &str) -> Subject {
        match serde_json::from_str::<Event>(payload) {
            Ok(event) if event.kind.starts_with("session.") => Subject::Session(event.session),
            Ok(event) => Subject::Nothing(format!("{} means nothing here", event.kind)),
            Err(error) => Subject::Nothing(error.to_string()),
        }
    }
}

/// A broken event is a bug of ours.
pub(crate) fn unwritable(error: serde_json::Error) -> Fault {
    Fault::permanent("write an event").caused_by(error)
}
