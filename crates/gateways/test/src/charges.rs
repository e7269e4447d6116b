//! Ways of paying that the gateway keeps, and charging them. One goes by the
//! name of the session in which it was used first.

use kernel::Scope;
use payments::{ChargeRequest, GatewayError, SavedMethod, SessionReport, SessionState};

use crate::TestGateway;
use crate::store::{self, StoredSession};

/// The way in which a session was paid, if it is kept.
pub(crate) fn saved(session: &StoredSession, state: SessionState) -> Option<SavedMethod> {
    let is_paid = matches!(state, SessionState::Paid { .. });
    let label = match session.kept.as_deref() {
        Some("good") => "test card 4242",
        Some("declining") => "test card 0341",
        _ => return None,
    };
    is_paid.then(|| SavedMethod {
        customer: session.id.clone(),
        method: session.id.clone(),
        label: label.to_owned(),
    })
}

impl TestGateway {
    /// Charges a card: the session of a charge is over as soon as it is made.
    pub(crate) async fn charge_kept(
        &self,
        scope: &Scope,
        request: &ChargeRequest,
    ) -> Result<SessionReport, GatewayError> {
        let now = self.queue.clock().now();
        let id = self.session_name(scope.tenant(), request.payment);
        let kept = self.load(scope, &request.from.method).await?.kept;
        let status = match kept.as_deref() {
            Some("good") => "paid",
            Some("declining") => "declined",
            _ => return Err(GatewayError::Refused("no such card is kept".to_owned())),
        };
        let session = StoredSession {
            id: id.clone(),
            payment_id: request.payment.to_string(),
            description: request.purpose.title(),
            amount: request.amount,
            status: status.to_owned(),
            success_url: String::new(),
            cancel_url: String::new(),
            expires_at: now,
            kept: None,
        };
        let write = store::insert(&session, now);
        self.database
            .write_one(scope, "test_gateway.charge", write)
            .await?;
        // What was charged before is as it was then.
        let stored = self.load(scope, &id).await?;
        Ok(self.report_of(&stored))
    }
}
