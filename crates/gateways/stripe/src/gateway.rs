//! The calls to Stripe's API.

use std::collections::HashMap;

use kernel::{Fault, Money, Scope, Timestamp};
use orders_model::ports::{
    GatewayError, PaymentGateway, RawWebhook, RefundReport, RefundRequest, Session, SessionReport,
    SessionRequest, Subject, VerifiedWebhook, WebhookRefused,
};
use stripe::{IdempotencyKey, RequestStrategy, StripeRequest as _};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAutomaticTax, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionLineItemsPriceData, CreateCheckoutSessionPaymentIntentData,
    ExpireCheckoutSession, ProductData, RetrieveCheckoutSession,
};
use stripe_core::refund::{CreateRefund, ListRefund};
use stripe_shared::{CheckoutSessionId, CheckoutSessionMode};
use stripe_types::Currency;

use crate::amounts::to_stripe;
use crate::errors::{is_refusal, meaning};
use crate::{StripeGateway, metadata, reports, webhooks};

/// Stripe shows at most so many lines; more are summed up in one.
const MAX_LINES: usize = 100;

fn once(key: &str) -> Result<RequestStrategy, Fault> {
    IdempotencyKey::new(key)
        .map(RequestStrategy::Idempotent)
        .map_err(|error| Fault::permanent("make an idempotency key").caused_by(error))
}

fn currency(money: Money) -> Result<Currency, Fault> {
    money
        .currency
        .code()
        .to_lowercase()
        .parse()
        .map_err(|_| Fault::permanent("a currency that Stripe does not know"))
}

fn amount(money: Money) -> Result<i64, GatewayError> {
    to_stripe(money)
        .ok_or_else(|| GatewayError::Refused(format!("{money} cannot be charged through Stripe")))
}

fn line(
    name: &str,
    unit: Money,
    quantity: i64,
) -> Result<CreateCheckoutSessionLineItems, GatewayError> {
    let mut price = CreateCheckoutSessionLineItemsPriceData::new(currency(unit)?);
    price.unit_amount = Some(amount(unit)?);
    price.product_data = Some(ProductData::new(name));
    let mut item = CreateCheckoutSessionLineItems::new();
    item.price_data = Some(price);
    item.quantity = Some(u64::try_from(quantity).unwrap_or(1));
    Ok(item)
}

fn lines(request: &SessionRequest) -> Result<Vec<CreateCheckoutSessionLineItems>, GatewayError> {
    if request.lines.len() > MAX_LINES {
        let name = format!("Order {}", request.number);
        return Ok(vec![line(&name, request.amount, 1)?]);
    }
    request
        .lines
        .iter()
        .map(|shown| line(&shown.name, shown.unit, shown.quantity))
        .collect()
}

impl StripeGateway {
    async fn retrieve(&self, session: &str) -> Result<SessionReport, GatewayError> {
        let found = RetrieveCheckoutSession::new(CheckoutSessionId::from(session))
            .expand(vec!["payment_intent".to_owned()])
            .send(&self.client)
            .await
            .map_err(|error| meaning("read a checkout session", &error))?;
        reports::session(&found, self.live)
    }
}

#[async_trait::async_trait]
impl PaymentGateway for StripeGateway {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    async fn open(&self, scope: &Scope, request: &SessionRequest) -> Result<Session, GatewayError> {
        let ours = HashMap::from([
            (metadata::TENANT.to_owned(), scope.tenant().to_string()),
            (metadata::ORDER.to_owned(), request.order.to_string()),
            (metadata::PAYMENT.to_owned(), request.payment.to_string()),
        ]);
        let mut intent = CreateCheckoutSessionPaymentIntentData::new();
        intent.metadata = Some(ours.clone());
        intent.description = Some(format!("Order {}", request.number));
        let mut create = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Payment)
            .client_reference_id(request.payment.to_string())
            .customer_email(&request.email)
            .line_items(lines(request)?)
            .metadata(ours)
            .payment_intent_data(intent)
            .success_url(&request.return_urls.success)
            .cancel_url(&request.return_urls.cancel)
            .expires_at(request.expires_at.seconds());
        if self.automatic_tax {
            create = create.automatic_tax(CreateCheckoutSessionAutomaticTax::new(true));
        }
        let session = create
            .customize()
            .request_strategy(once(&request.payment.to_string())?)
            .send(&self.client)
            .await
            .map_err(|error| meaning("open a checkout session", &error))?;
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

    async fn report(&self, _scope: &Scope, session: &str) -> Result<SessionReport, GatewayError> {
        self.retrieve(session).await
    }

    async fn close(&self, _scope: &Scope, session: &str) -> Result<SessionReport, GatewayError> {
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
        _scope: &Scope,
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
        let made = CreateRefund::new()
            .payment_intent(intent)
            .amount(amount(request.amount)?)
            .metadata(HashMap::from([
                (metadata::REFUND.to_owned(), request.refund.to_string()),
                (metadata::PAYMENT.to_owned(), request.payment.to_string()),
            ]))
            .customize()
            .request_strategy(once(&request.refund.to_string())?)
            .send(&self.client)
            .await
            .map_err(|error| meaning("refund a payment", &error))?;
        reports::refund(&made)
    }

    async fn refunds(
        &self,
        _scope: &Scope,
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
