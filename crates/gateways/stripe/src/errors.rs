//! What Stripe's errors mean.

use kernel::Fault;
use payments::GatewayError;
use stripe::StripeError;
use stripe_shared::ApiErrorsType;

/// An error in one line. Its own text holds the whole answer, with whatever
/// Stripe knows about the buyer.
pub(crate) fn readable(error: &StripeError) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        StripeError::Stripe(detail, status) => format!(
            "status {status}, {}: {}",
            detail.type_.as_str(),
            detail.message.as_deref().unwrap_or("no message")
        )
        .into(),
        StripeError::JSONDeserialize(why) => format!("the answer cannot be read: {why}").into(),
        StripeError::ClientError(why) => format!("no answer: {why}").into(),
        StripeError::ConfigError(why) => format!("configuration: {why}").into(),
        StripeError::Timeout => "no answer in time".into(),
    }
}

/// Whether Stripe refused for good, or nobody knows.
pub(crate) fn meaning(context: &str, error: &StripeError) -> GatewayError {
    match error {
        // What was asked is wrong and stays wrong. A bad key (401, 403), too
        // many requests (429), a request of the same key under way (409) and
        // trouble at Stripe (5xx) pass.
        StripeError::Stripe(detail, 400 | 402 | 404) => {
            let why = detail.message.clone();
            GatewayError::Refused(why.unwrap_or_else(|| "Stripe gave no reason".to_owned()))
        }
        other => Fault::transient(context).caused_by(readable(other)).into(),
    }
}

/// Whether an error is Stripe's "no such thing" or "not in that state".
pub(crate) fn is_refusal(error: &StripeError) -> bool {
    matches!(error, StripeError::Stripe(_, 400 | 404))
}

/// Whether an error is all that a repeated call with the same key would hear:
/// Stripe keeps its answer to a call that it began, even when it failed, and
/// refuses the key for a call that differs from the first. What came of the
/// first call has to be looked up.
pub(crate) fn hides_outcome(error: &StripeError) -> bool {
    match error {
        StripeError::Stripe(_, 500) => true,
        StripeError::Stripe(detail, 400) => detail.type_ == ApiErrorsType::IdempotencyError,
        _ => false,
    }
}

/// Whether another call with the same key is being worked on.
pub(crate) fn is_under_way(error: &StripeError) -> bool {
    matches!(error, StripeError::Stripe(_, 409))
}
