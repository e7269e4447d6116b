//! Midtrans' notifications. Their signature stands in the body and covers
//! order, code and amount; nothing else in them is believed, and these tell
//! only which transaction to ask about.

use kernel::secret::{equal, hex, sha256, sha512};
use kernel::{PaymentId, TenantId};
use payments::{MoneyRef, RawWebhook, Subject, VerifiedWebhook, WebhookRefused};
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use crate::MidtransGateway;
use crate::transaction::tells_of_refunds;

#[derive(Deserialize)]
struct Notification {
    order_id: String,
    status_code: String,
    gross_amount: String,
    signature_key: String,
    transaction_id: Option<String>,
    transaction_status: Option<String>,
    merchant_id: Option<String>,
    custom_field1: Option<String>,
}

/// The signature of a notification: over the fields as they were received
/// (<https://docs.midtrans.com/docs/https-notification-webhooks>).
fn signature(order: &str, code: &str, amount: &str, key: &str) -> String {
    hex(&sha512(format!("{order}{code}{amount}{key}").as_bytes()))
}

/// Checks the signature and the merchant of a notification.
pub(crate) fn verify(
    gateway: &MidtransGateway,
    webhook: &RawWebhook<'_>,
) -> Result<VerifiedWebhook, WebhookRefused> {
    let found: Notification = serde_json::from_slice(webhook.body)
        .map_err(|error| WebhookRefused::Unreadable(error.to_string()))?;
    let key = gateway.server_key.expose_secret();
    let ours = signature(
        &found.order_id,
        &found.status_code,
        &found.gross_amount,
        key,
    );
    let theirs = found.signature_key.to_ascii_lowercase();
    if !equal(ours.as_bytes(), theirs.as_bytes()) {
        return Err(WebhookRefused::Signature);
    }
    if let (Some(ours), Some(theirs)) = (&gateway.merchant, &found.merchant_id)
        && ours != theirs
    {
        return Err(WebhookRefused::NotOurs(theirs.clone()));
    }
    let status = found.transaction_status.unwrap_or_default();
    Ok(VerifiedWebhook {
        // Notifications have no id of their own. The same one again has the
        // same bytes.
        id: hex(&sha256(webhook.body)),
        kind: format!("transaction.{}", word(&status)),
        tenant: found
            .custom_field1
            .and_then(|id| id.parse::<TenantId>().ok()),
    })
}

/// A status as a part of a kind: it is not signed, so it may be anything.
fn word(status: &str) -> String {
    let letters = status
        .chars()
        .filter(|c| c.is_ascii_lowercase() || *c == '_');
    let word: String = letters.take(40).collect();
    if word.is_empty() {
        "unknown".to_owned()
    } else {
        word
    }
}

/// What a notification is about.
pub(crate) fn subject(payload: &str) -> Subject {
    let found: Notification = match serde_json::from_str(payload) {
        Ok(found) => found,
        Err(error) => return Subject::Nothing(error.to_string()),
    };
    let Ok(payment) = found.order_id.parse::<PaymentId>() else {
        return Subject::Nothing("the transaction was not made by Sutler".to_owned());
    };
    let status = found.transaction_status.unwrap_or_default();
    if tells_of_refunds(&status) {
        return Subject::Refunds(MoneyRef {
            payment: Some(payment),
            intent: found.transaction_id,
        });
    }
    Subject::Session(found.order_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published vector.
    #[test]
    fn the_signature_is_that_of_the_documentation() {
        let key = "askvnoibnosifnboseofinbofinfgbiufglnbfg";
        assert_eq!(
            signature("1111", "200", "100000.00", key),
            "edc076b21793ebe3e17926350f5b8ae67d902fe657b3d0aa31b932d5c127e2375d308a2bc94f3265ac2d80a1f181a79b997ac178a236fcff35af263fc4d4c231"
        );
        // Another way to write the amount is another signature.
        assert_ne!(
            signature("1111", "200", "100000", key),
            signature("1111", "200", "100000.00", key)
        );
    }

    #[test]
    fn what_is_not_signed_cannot_name_anything() {
        assert_eq!(word("partial_refund"), "partial_refund");
        assert_eq!(word("X'; DROP"), "unknown");
        assert_eq!(word(&"a".repeat(100)).len(), 40);
    }
}
