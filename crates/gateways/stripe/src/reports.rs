//! What Stripe's objects say.

use kernel::{Fault, Money};
use payments::{GatewayError, RefundReport, RefundState, SavedMethod, SessionReport, SessionState};
use stripe_shared::{CheckoutSession, PaymentIntent, Refund};
use stripe_types::Expandable;

use crate::amounts::from_stripe;
use crate::metadata;

/// Where a session stands.
pub(crate) fn session(
    session: &CheckoutSession,
    live: bool,
) -> Result<SessionReport, GatewayError> {
    if session.livemode != live {
        return Err(GatewayError::Refused(
            "the session is of the other mode (live or test)".to_owned(),
        ));
    }
    let intent = session.payment_intent.as_ref();
    let state = state_of(session, intent.and_then(Expandable::as_object))?;
    let failure = intent
        .and_then(Expandable::as_object)
        .and_then(|intent| intent.last_payment_error.as_ref())
        .and_then(|error| error.message.clone());
    Ok(SessionReport {
        id: session.id.to_string(),
        payment: session
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.get(metadata::PAYMENT))
            .and_then(|id| id.parse().ok()),
        intent: intent.map(|intent| intent.id().to_string()),
        failure: failure.filter(|_| !matches!(state, SessionState::Paid { .. })),
        saved: intent
            .and_then(Expandable::as_object)
            .and_then(kept)
            .filter(|_| matches!(state, SessionState::Paid { .. })),
        state,
    })
}

/// The way of paying that a payment let Stripe keep for later.
fn kept(intent: &PaymentIntent) -> Option<SavedMethod> {
    use stripe_shared::PaymentIntentSetupFutureUsage as Usage;
    let is_kept = matches!(intent.setup_future_usage, Some(Usage::OffSession));
    let method = intent.payment_method.as_ref().filter(|_| is_kept)?;
    let card = method.as_object().and_then(|method| method.card.as_ref());
    let label = card.map_or_else(
        || "saved payment method".to_owned(),
        |card| format!("{} {}", card.brand, card.last4),
    );
    Some(SavedMethod {
        customer: intent.customer.as_ref()?.id().to_string(),
        method: method.id().to_string(),
        label,
    })
}

/// Where a charge without the buyer stands.
pub(crate) fn charge(intent: &PaymentIntent, live: bool) -> Result<SessionReport, GatewayError> {
    use stripe_shared::PaymentIntentStatus as Status;
    if intent.livemode != live {
        return Err(GatewayError::Refused(
            "the payment is of the other mode (live or test)".to_owned(),
        ));
    }
    let state = match intent.status {
        Status::Succeeded => {
            let amount = from_stripe(intent.amount_received, &intent.currency.to_string())
                .ok_or_else(|| Fault::permanent("a payment without a known currency"))?;
            let tax = Money::zero(amount.currency);
            SessionState::Paid { amount, tax }
        }
        Status::Processing => SessionState::Processing,
        Status::Canceled | Status::RequiresPaymentMethod => SessionState::Failed,
        // Whoever could confirm it is not there; it is closed when its time
        // is over.
        _ => SessionState::Open,
    };
    let error = intent.last_payment_error.as_ref();
    let failure = error.and_then(|error| error.message.clone());
    Ok(SessionReport {
        id: intent.id.to_string(),
        payment: intent
            .metadata
            .get(metadata::PAYMENT)
            .and_then(|id| id.parse().ok()),
        intent: Some(intent.id.to_string()),
        failure: failure.filter(|_| !matches!(state, SessionState::Paid { .. })),
        saved: None,
        state,
    })
}

fn state_of(
    session: &CheckoutSession,
    intent: Option<&PaymentIntent>,
) -> Result<SessionState, GatewayError> {
    use stripe_shared::{CheckoutSessionPaymentStatus as Paid, CheckoutSessionStatus as Status};
    match (&session.status, &session.payment_status) {
        (Some(Status::Complete), Paid::Paid | Paid::NoPaymentRequired) => paid(session),
        (Some(Status::Complete), Paid::Unpaid) => Ok(unpaid(intent)),
        (Some(Status::Expired), _) => Ok(SessionState::Expired),
        (Some(Status::Open), _) => Ok(SessionState::Open),
        (status, payment) => Err(Fault::permanent(format!(
            "a session with status {status:?} and payment status {payment:?}"
        ))
        .into()),
    }
}

/// A session that is complete and not paid waits for a bank, or the bank said
/// no.
fn unpaid(intent: Option<&PaymentIntent>) -> SessionState {
    use stripe_shared::PaymentIntentStatus as Status;
    match intent.map(|intent| &intent.status) {
        Some(Status::RequiresPaymentMethod | Status::Canceled) => SessionState::Failed,
        _ => SessionState::Processing,
    }
}

fn paid(session: &CheckoutSession) -> Result<SessionState, GatewayError> {
    let money = |amount: i64| -> Result<Money, GatewayError> {
        session
            .currency
            .as_ref()
            .and_then(|currency| from_stripe(amount, &currency.to_string()))
            .ok_or_else(|| Fault::permanent("a paid session without a known currency").into())
    };
    let total = session
        .amount_total
        .ok_or_else(|| Fault::permanent("a paid session without a total"))?;
    let tax = session
        .total_details
        .as_ref()
        .map_or(0, |details| details.amount_tax);
    Ok(SessionState::Paid {
        amount: money(total)?,
        tax: money(tax)?,
    })
}

/// Where a refund stands.
pub(crate) fn refund(refund: &Refund) -> Result<RefundReport, GatewayError> {
    let amount = from_stripe(refund.amount, &refund.currency.to_string())
        .ok_or_else(|| Fault::permanent("a refund without a known currency"))?;
    let state = match refund.status.as_deref() {
        Some("succeeded") => RefundState::Succeeded,
        Some("failed" | "canceled") => RefundState::Failed(
            refund
                .failure_reason
                .clone()
                .unwrap_or_else(|| "Stripe gave no reason".to_owned()),
        ),
        _ => RefundState::Pending,
    };
    Ok(RefundReport {
        id: refund.id.to_string(),
        refund: refund
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.get(metadata::REFUND))
            .and_then(|id| id.parse().ok()),
        amount,
        state,
        is_total: false,
        charged_back: false,
    })
}
