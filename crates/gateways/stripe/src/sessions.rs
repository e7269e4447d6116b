//! Checkout sessions: what they are made of, and how one is found whose
//! making was not answered.

use std::collections::HashMap;
use std::time::Duration;

use kernel::{Fault, Money, Scope};
use payments::{GatewayError, Purpose, SessionReport, SessionRequest};
use stripe::StripeRequest as _;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAutomaticTax,
    CreateCheckoutSessionCustomerCreation, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionLineItemsPriceData, CreateCheckoutSessionPaymentIntentData,
    CreateCheckoutSessionPaymentIntentDataSetupFutureUsage, ListCheckoutSession, ProductData,
    RetrieveCheckoutSession,
};
use stripe_shared::{CheckoutSession, CheckoutSessionId, CheckoutSessionMode};
use stripe_types::{Currency, RangeBoundsTs, RangeQueryTs};

use crate::amounts::to_stripe;
use crate::errors::{hides_outcome, meaning};
use crate::{StripeGateway, calls, metadata, reports};

/// Stripe shows at most so many lines; more are summed up in one.
const MAX_LINES: usize = 100;
/// How far Stripe's clock may be from ours.
pub(crate) const CLOCKS: Duration = Duration::from_mins(5);
/// How many pages of a list are looked through for one session.
const MAX_PAGES: usize = 20;

pub(crate) fn currency(money: Money) -> Result<Currency, GatewayError> {
    match money.currency.code().to_lowercase().parse() {
        Ok(Currency::Unknown(_)) | Err(_) => Err(GatewayError::Refused(format!(
            "Stripe does not know the currency {}",
            money.currency
        ))),
        Ok(known) => Ok(known),
    }
}

/// An amount in Stripe's units.
pub(crate) fn amount(money: Money) -> Result<i64, GatewayError> {
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
        let name = request.purpose.title();
        return Ok(vec![line(&name, request.amount, 1)?]);
    }
    request
        .lines
        .iter()
        .map(|shown| line(&shown.name, shown.unit, shown.quantity))
        .collect()
}

/// What a session is for, as our metadata has it.
pub(crate) fn purpose(purpose: Purpose) -> (String, String) {
    match purpose {
        Purpose::Order { id, .. } => (metadata::ORDER.to_owned(), id.to_string()),
        Purpose::TopUp(id) => (metadata::TOP_UP.to_owned(), id.to_string()),
    }
}

impl StripeGateway {
    /// Opens a session. When Stripe's answer hides whether it did, the session
    /// is looked up: if there is none, there never will be.
    pub(crate) async fn open_session(
        &self,
        scope: &Scope,
        request: &SessionRequest,
    ) -> Result<CheckoutSession, GatewayError> {
        let create = self.create(scope, request)?;
        let once = calls::once(&request.payment)?;
        let send = || {
            let call = create.customize().request_strategy(once.clone());
            call.send(&self.client)
        };
        match calls::patiently(send).await {
            Ok(session) => Ok(session),
            Err(error) if hides_outcome(&error) => {
                let found = self.find_session(request).await?;
                found.ok_or_else(|| {
                    tracing::warn!(payment = %request.payment, cause = %crate::errors::readable(&error), "no session was opened");
                    GatewayError::Refused("Stripe could not open a payment page".to_owned())
                })
            }
            Err(error) => Err(meaning("open a checkout session", &error)),
        }
    }

    fn create(
        &self,
        scope: &Scope,
        request: &SessionRequest,
    ) -> Result<CreateCheckoutSession, GatewayError> {
        let ours = HashMap::from([
            (metadata::TENANT.to_owned(), scope.tenant().to_string()),
            purpose(request.purpose),
            (metadata::PAYMENT.to_owned(), request.payment.to_string()),
        ]);
        let mut intent = CreateCheckoutSessionPaymentIntentData::new();
        intent.metadata = Some(ours.clone());
        intent.description = Some(request.purpose.title());
        if request.save_method {
            intent.setup_future_usage =
                Some(CreateCheckoutSessionPaymentIntentDataSetupFutureUsage::OffSession);
        }
        let create = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Payment)
            .client_reference_id(request.payment.to_string())
            .customer_email(&request.email)
            .line_items(lines(request)?)
            .metadata(ours)
            .payment_intent_data(intent)
            .success_url(&request.return_urls.success)
            .cancel_url(&request.return_urls.cancel)
            .expires_at(request.expires_at.seconds());
        let create = if request.save_method {
            create.customer_creation(CreateCheckoutSessionCustomerCreation::Always)
        } else {
            create
        };
        Ok(if self.automatic_tax {
            create.automatic_tax(CreateCheckoutSessionAutomaticTax::new(true))
        } else {
            create
        })
    }

    /// The session that was opened for an attempt, if there is one.
    pub(crate) async fn find_session(
        &self,
        request: &SessionRequest,
    ) -> Result<Option<CheckoutSession>, GatewayError> {
        let payment = request.payment.to_string();
        let mut list = ListCheckoutSession::new()
            .created(RangeQueryTs::Bounds(RangeBoundsTs {
                gte: Some(request.decided_at.minus(CLOCKS).seconds()),
                lte: Some(request.expires_at.plus(CLOCKS).seconds()),
                ..RangeBoundsTs::default()
            }))
            .limit(100);
        for _ in 0..MAX_PAGES {
            let page = list
                .send(&self.client)
                .await
                .map_err(|error| meaning("list checkout sessions", &error))?;
            let last = page.data.last().map(|session| session.id.to_string());
            let found = page
                .data
                .into_iter()
                .find(|session| session.client_reference_id.as_ref() == Some(&payment));
            match (found, last) {
                (None, Some(last)) if page.has_more => list = list.starting_after(last),
                (found, _) => return Ok(found),
            }
        }
        Err(Fault::transient("too many checkout sessions to look through").into())
    }

    pub(crate) async fn retrieve(&self, session: &str) -> Result<SessionReport, GatewayError> {
        let found = RetrieveCheckoutSession::new(CheckoutSessionId::from(session))
            .expand(vec!["payment_intent.payment_method".to_owned()])
            .send(&self.client)
            .await
            .map_err(|error| meaning("read a checkout session", &error))?;
        reports::session(&found, self.live)
    }
}
