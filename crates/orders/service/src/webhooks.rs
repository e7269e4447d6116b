//! Webhooks of payment gateways.

use accounts_model::AccountsError;
use kernel::{Scope, WebhookEventId};
use orders_model::OrdersError;
use orders_model::jobs::ProcessWebhook;
use orders_model::payment::{Payment, PaymentStatus};
use orders_model::ports::{
    GatewayError, MoneyRef, PaymentGateway, RawWebhook, Subject, WebhookRefused,
};
use orders_repository::{orders, payments};
use queue::inbox::{self, Received, WebhookEvent, WebhookState};

use crate::Orders;
use crate::settle::Said;

impl Orders {
    /// Takes a webhook in: checks its signature over the bytes as they came,
    /// stores it, and lets a job do what it says. The same event again is
    /// accepted and has no effect.
    pub async fn receive_webhook(
        &self,
        scope: &Scope,
        gateway: &str,
        webhook: &RawWebhook<'_>,
    ) -> Result<(), OrdersError> {
        let gateway = self
            .gateways
            .named(gateway)
            .ok_or(OrdersError::NoWebhooks)?;
        let verified = match gateway.verify(webhook, self.now()) {
            Ok(verified) => verified,
            Err(WebhookRefused::NotOurs(why)) => {
                // Sending it again would not help, so it is not refused.
                tracing::info!(why, "a webhook for somebody else was ignored");
                return Ok(());
            }
            Err(refused) => return Err(refused.into()),
        };
        let payload = std::str::from_utf8(webhook.body)
            .map_err(|_| WebhookRefused::Unreadable("it is not UTF-8".to_owned()))?
            .to_owned();
        tracing::Span::current().record("stripe_event", verified.id.as_str());
        let tenant = verified.tenant.unwrap_or(scope.tenant());
        let inside = self
            .accounts
            .system_scope(tenant, scope.request().request_id.clone());
        match self.accounts.tenant(&inside).await {
            Ok(_) => {}
            Err(AccountsError::TenantNotFound) => {
                tracing::warn!(%tenant, "a webhook for an unknown tenant was ignored");
                return Ok(());
            }
            // It has to come again.
            Err(error) => {
                return Err(kernel::Fault::transient("find the tenant")
                    .caused_by(error)
                    .into());
            }
        }
        let received = Received {
            source: gateway.name(),
            external_id: verified.id,
            kind: verified.kind,
            payload,
        };
        let tx = self
            .database
            .begin_write(&inside, "webhook.receive")
            .await?;
        if let Some(webhook) = inbox::store(&tx, received, self.now()).await? {
            self.queue.enqueue(&tx, &ProcessWebhook { webhook }).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Does what a stored webhook says; called by its job. What happened is
    /// read from the gateway, so the order in which webhooks come does not
    /// matter. After the last attempt it counts as failed, whatever the reason.
    pub async fn process_webhook(
        &self,
        scope: &Scope,
        id: WebhookEventId,
        is_last: bool,
    ) -> Result<(), OrdersError> {
        let db = self.database.read(scope).await?;
        let Some(event) = inbox::load(&db, id).await? else {
            return Ok(());
        };
        drop(db);
        // One that failed is here again because somebody retries its job.
        if matches!(event.state, WebhookState::Processed | WebhookState::Ignored) {
            return Ok(());
        }
        let span = tracing::Span::current();
        span.record("stripe_event", event.external_id.as_str());
        match self.follow(scope, &event).await {
            Ok(None) => Ok(()),
            Ok(Some(why)) => self.conclude(scope, id, WebhookState::Ignored, why).await,
            Err(error) => {
                use kernel::DomainError as _;
                let passing = error.fault().is_some_and(kernel::Fault::is_transient);
                if !passing || is_last {
                    let why = error.to_string();
                    self.conclude(scope, id, WebhookState::Failed, why).await?;
                }
                Err(error)
            }
        }
    }

    /// Does what a webhook says; a reason when there is nothing to do.
    async fn follow(
        &self,
        scope: &Scope,
        event: &WebhookEvent,
    ) -> Result<Option<String>, OrdersError> {
        let Some(gateway) = self.gateways.named(&event.source) else {
            return Ok(Some("the gateway is not configured".to_owned()));
        };
        match gateway.subject(&event.payload) {
            Subject::Nothing(why) => Ok(Some(why)),
            Subject::Dispute(id) => {
                self.follow_dispute(scope, gateway.as_ref(), event, &id)
                    .await
            }
            Subject::Session(session) => {
                tracing::Span::current().record("stripe_session", session.as_str());
                self.follow_session(scope, gateway.as_ref(), event, &session)
                    .await
            }
            Subject::Payment(money) => {
                let payment = self.by_money(scope, &event.source, &money).await?;
                match payment.map(|payment| payment.session) {
                    Some(Some(session)) => {
                        self.follow_session(scope, gateway.as_ref(), event, &session)
                            .await
                    }
                    Some(None) => Ok(Some("the attempt has no session yet".to_owned())),
                    None => {
                        self.follow_money_of_top_up(scope, gateway.as_ref(), event, &money)
                            .await
                    }
                }
            }
            Subject::Refunds(money) => {
                let Some(payment) = self.by_money(scope, &event.source, &money).await? else {
                    return self.follow_refunds_of_top_up(scope, event, &money).await;
                };
                self.learn_of_payment(scope, gateway.as_ref(), &payment)
                    .await?;
                let intent = money.intent.or_else(|| payment.intent.clone());
                let Some(intent) = intent else {
                    return Ok(Some("the attempt has no payment yet".to_owned()));
                };
                self.sync_refunds(scope, &payment, &intent, Some(event.id))
                    .await?;
                Ok(None)
            }
        }
    }

    pub(crate) async fn follow_session(
        &self,
        scope: &Scope,
        gateway: &dyn PaymentGateway,
        event: &WebhookEvent,
        session: &str,
    ) -> Result<Option<String>, OrdersError> {
        let report = match gateway.report(scope, session).await {
            Ok(report) => report,
            Err(GatewayError::Refused(why)) => {
                self.flag_unknown(scope, gateway.name(), session).await?;
                self.let_look_at_unknown(scope, gateway.name(), session)
                    .await?;
                return Ok(Some(why));
            }
            Err(GatewayError::Unknown(fault)) => return Err(fault.into()),
        };
        let db = self.database.read(scope).await?;
        let by_session = payments::find_by_session(&db, gateway.name(), session).await?;
        // We may have crashed before we could note the session.
        let payment = match (by_session, report.payment) {
            (Some(payment), _) => Some(payment),
            (None, Some(id)) => payments::find(&db, id).await?,
            (None, None) => None,
        };
        drop(db);
        let Some(payment) = payment.filter(|payment| payment.gateway == gateway.name()) else {
            return self.settle_top_up(scope, event, session, &report).await;
        };
        let contradicts = self
            .settle(scope, payment.id, &report, Said::Webhook(event.id))
            .await?;
        if contradicts {
            self.follow_taken_back(scope, gateway, &payment, session, event.id)
                .await?;
        }
        Ok(None)
    }

    /// Takes over that an attempt was paid before it is taken over that money
    /// of it went back: the news of the latter may be here first.
    pub(crate) async fn learn_of_payment(
        &self,
        scope: &Scope,
        gateway: &dyn PaymentGateway,
        payment: &Payment,
    ) -> Result<(), OrdersError> {
        let (Some(session), false) = (&payment.session, payment.status == PaymentStatus::Succeeded)
        else {
            return Ok(());
        };
        let report = gateway.report(scope, session).await?;
        self.settle(scope, payment.id, &report, Said::Asked).await?;
        Ok(())
    }

    /// An event came of a session of ours that the gateway refuses to know:
    /// the key is another account's now, or of the other mode. Nothing can be
    /// checked, so a person has to look at it.
    async fn flag_unknown(
        &self,
        scope: &Scope,
        gateway: &str,
        session: &str,
    ) -> Result<(), OrdersError> {
        let tx = self.database.begin_write(scope, "order.flag").await?;
        let Some(payment) = payments::find_by_session(&tx, gateway, session).await? else {
            return Ok(());
        };
        let Some(mut order) = orders::lock(&tx, payment.order).await? else {
            return Ok(());
        };
        order.flag("payment_not_verifiable", self.now());
        let (sql, values) = orders::update(&order);
        tx.run(sql, values).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The attempt that some money belongs to.
    pub(crate) async fn by_money(
        &self,
        scope: &Scope,
        gateway: &str,
        money: &MoneyRef,
    ) -> Result<Option<Payment>, OrdersError> {
        let db = self.database.read(scope).await?;
        let named = match money.payment {
            Some(id) => payments::find(&db, id).await?,
            None => None,
        };
        let found = match (named, &money.intent) {
            (Some(payment), _) => Some(payment),
            (None, Some(intent)) => payments::find_by_intent(&db, gateway, intent).await?,
            (None, None) => None,
        };
        Ok(found.filter(|payment| payment.gateway == gateway))
    }

    pub(crate) async fn conclude(
        &self,
        scope: &Scope,
        id: WebhookEventId,
        state: WebhookState,
        why: String,
    ) -> Result<(), OrdersError> {
        tracing::info!(why, "webhook has no effect");
        let write = inbox::conclude(id, state, Some(why), self.now());
        self.database
            .write_one(scope, "webhook.conclude", write)
            .await?;
        Ok(())
    }
}
