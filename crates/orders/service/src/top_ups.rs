//! Webhooks of payment gateways that are about top-ups of wallets and not about
//! orders: they come to the same address.

use credits_model::CreditsError;
use kernel::{Fault, Scope};
use orders_model::OrdersError;
use orders_model::ports::{DisputeReport, MoneyRef, PaymentGateway, SessionReport};
use queue::inbox::WebhookEvent;

use crate::Orders;

impl Orders {
    /// Lets a top-up hear what the gateway says of its session; a reason when
    /// it is nobody's.
    pub(crate) async fn settle_top_up(
        &self,
        scope: &Scope,
        event: &WebhookEvent,
        session: &str,
        report: &SessionReport,
    ) -> Result<Option<String>, OrdersError> {
        let settled = self
            .credits
            .settle_session(scope, &event.source, session, report, event.id)
            .await
            .map_err(failed)?;
        Ok((!settled).then(|| "no attempt of ours has this session".to_owned()))
    }

    /// Follows the session of the top-up that some money belongs to; a reason
    /// when it is nobody's.
    pub(crate) async fn follow_money_of_top_up(
        &self,
        scope: &Scope,
        gateway: &dyn PaymentGateway,
        event: &WebhookEvent,
        money: &MoneyRef,
    ) -> Result<Option<String>, OrdersError> {
        let session = self
            .credits
            .session_of(scope, &event.source, money)
            .await
            .map_err(failed)?;
        match session {
            Some(session) => self.follow_session(scope, gateway, event, &session).await,
            None => Ok(Some("no attempt of ours has this payment".to_owned())),
        }
    }

    /// Lets a top-up hear what went back of its money; a reason when it is
    /// nobody's.
    pub(crate) async fn follow_refunds_of_top_up(
        &self,
        scope: &Scope,
        event: &WebhookEvent,
        money: &MoneyRef,
    ) -> Result<Option<String>, OrdersError> {
        let found = self
            .credits
            .follow_refunds(scope, &event.source, money, event.id)
            .await
            .map_err(failed)?;
        Ok((!found).then(|| "no attempt of ours has this payment".to_owned()))
    }

    /// Lets a top-up hear that its payer disputes it; false when it is
    /// nobody's.
    pub(crate) async fn follow_dispute_of_top_up(
        &self,
        scope: &Scope,
        event: &WebhookEvent,
        report: &DisputeReport,
    ) -> Result<bool, OrdersError> {
        self.credits
            .follow_dispute(scope, &event.source, report)
            .await
            .map_err(failed)
    }

    /// Lets a person look at the top-up whose session the gateway refuses to
    /// know, if it is one's.
    pub(crate) async fn let_look_at_unknown(
        &self,
        scope: &Scope,
        gateway: &str,
        session: &str,
    ) -> Result<(), OrdersError> {
        self.credits
            .flag_session(scope, gateway, session)
            .await
            .map(|_| ())
            .map_err(failed)
    }
}

/// A top-up could not be settled: the webhook is tried again when that may
/// help, and else it is a dead letter.
fn failed(error: CreditsError) -> OrdersError {
    match error {
        CreditsError::Fault(fault) => fault.into(),
        other => Fault::permanent("settle a top-up").caused_by(other).into(),
    }
}
