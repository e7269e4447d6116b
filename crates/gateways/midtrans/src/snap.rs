//! Snap's pages: what they are made of.

use config::PaymentMethod;
use kernel::{Fault, Money, Scope, Timestamp};
use payments::{GatewayError, Purpose, Session, SessionRequest};
use serde_json::{Value, json};

use crate::MidtransGateway;
use crate::amounts::to_midtrans;

/// The longest name of a line.
const MAX_NAME: usize = 50;
/// Snap takes a page's time in minutes, at least one.
const MINUTE: i64 = 60;

fn rupiah(money: Money) -> Result<i64, GatewayError> {
    to_midtrans(money)
        .filter(|&amount| amount > 0)
        .ok_or_else(|| {
            GatewayError::Refused(format!("Midtrans takes whole rupiah, and {money} is none"))
        })
}

/// The lines, where each is whole rupiah; else one of everything: they have to
/// add up to the amount.
fn lines(request: &SessionRequest) -> Result<Vec<Value>, GatewayError> {
    let shown: Option<Vec<Value>> = request
        .lines
        .iter()
        .zip(1..)
        .map(|(line, n)| {
            let price = to_midtrans(line.unit)?;
            Some(item(n, &line.name, price, line.quantity))
        })
        .collect();
    let sum: i64 = request
        .lines
        .iter()
        .map(|line| line.unit.minor.saturating_mul(line.quantity))
        .sum();
    match shown {
        Some(shown) if sum == request.amount.minor => Ok(shown),
        _ => Ok(vec![item(
            1,
            &request.purpose.title(),
            rupiah(request.amount)?,
            1,
        )]),
    }
}

fn item(n: usize, name: &str, price: i64, quantity: i64) -> Value {
    let name: String = name.chars().take(MAX_NAME).collect();
    json!({"id": n.to_string(), "name": name, "price": price, "quantity": quantity})
}

/// What a page is for; comes back with the status.
fn purpose(purpose: Purpose) -> String {
    match purpose {
        Purpose::Order { id, .. } => id.to_string(),
        Purpose::TopUp(id) => id.to_string(),
    }
}

/// Snap's names of ways to pay
/// (<https://docs.midtrans.com/reference/request-body-json-parameter>).
fn ways(method: PaymentMethod) -> &'static [&'static str] {
    match method {
        PaymentMethod::BankTransfer => &[
            "bca_va",
            "bni_va",
            "bri_va",
            "cimb_va",
            "permata_va",
            "echannel",
            "other_va",
        ],
        PaymentMethod::EWallet => &["gopay", "shopeepay"],
        PaymentMethod::CreditCard => &["credit_card"],
        PaymentMethod::Qris => &["other_qris"],
    }
}

/// An instant as Snap takes it: `2026-11-20 12:00:00 +0000`.
fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    let (day, rest) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} +0000", rest.get(..8).unwrap_or("00:00:00"))
}

impl MidtransGateway {
    /// The body of the call that opens a page; the same each time.
    fn page(&self, scope: &Scope, request: &SessionRequest) -> Result<Value, GatewayError> {
        let lasts = request.expires_at.seconds() - request.decided_at.seconds();
        let minutes = (lasts / MINUTE).max(1);
        let enabled: Vec<&str> = self
            .methods
            .iter()
            .flat_map(|&method| ways(method))
            .copied()
            .collect();
        let mut page = json!({
            "transaction_details": {
                "order_id": request.payment.to_string(),
                "gross_amount": rupiah(request.amount)?,
            },
            "item_details": lines(request)?,
            "customer_details": {"email": request.email},
            "credit_card": {"secure": true},
            "callbacks": {"finish": request.return_urls.success, "error": request.return_urls.cancel},
            // What is begun on the page is over with the page.
            "expiry": {"start_time": instant(request.decided_at), "unit": "minutes", "duration": minutes},
            "page_expiry": {"unit": "minutes", "duration": minutes},
            "custom_field1": scope.tenant().to_string(),
            "custom_field2": purpose(request.purpose),
        });
        if !enabled.is_empty() {
            page["enabled_payments"] = json!(enabled);
        }
        Ok(page)
    }

    /// Opens a page. Asking again opens another page of the same transaction,
    /// until a way to pay was chosen on one of them; then Midtrans refuses, and
    /// what becomes of the transaction is asked for later.
    pub(crate) async fn open_page(
        &self,
        scope: &Scope,
        request: &SessionRequest,
    ) -> Result<Session, GatewayError> {
        let page = self.page(scope, request)?;
        let answer = self.post_snap(&page).await?;
        let id = request.payment.to_string();
        if let (200 | 201, Some(url)) = (answer.status, answer.body["redirect_url"].as_str()) {
            return Ok(Session {
                url: url.to_owned(),
                id,
                expires_at: request.expires_at,
            });
        }
        let refused = answer.failure("open a page at Midtrans");
        if matches!(refused, GatewayError::Refused(_)) && self.transaction(&id).await?.is_some() {
            let what = "a page of this transaction is in use already";
            return Err(Fault::transient(what).caused_by(refused).into());
        }
        Err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_snap_takes_them() {
        let at = Timestamp::from_seconds(1_700_000_000);
        assert_eq!(instant(at), "2023-11-14 22:13:20 +0000");
    }
}
