//! Where a transaction stands, as the status call tells.

use kernel::{Fault, Money};
use payments::{GatewayError, RefundReport, RefundState, SessionReport, SessionState};
use serde::Deserialize;

use crate::MidtransGateway;
use crate::amounts::{CURRENCY, from_midtrans};

/// A transaction.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) order_id: String,
    #[serde(rename = "transaction_id")]
    id: String,
    #[serde(rename = "transaction_status")]
    status: String,
    status_code: String,
    fraud_status: Option<String>,
    gross_amount: String,
    currency: Option<String>,
    merchant_id: Option<String>,
    status_message: Option<String>,
    #[serde(rename = "refund_amount")]
    refunded: Option<String>,
    #[serde(default)]
    refunds: Vec<RefundEntry>,
}

/// Money of a transaction that went back.
#[derive(Debug, Clone, Deserialize)]
struct RefundEntry {
    #[serde(rename = "refund_chargeback_id")]
    id: serde_json::Value,
    #[serde(rename = "refund_amount")]
    amount: String,
    #[serde(rename = "refund_key")]
    key: Option<String>,
}

/// Statuses that only what was paid for can have.
const GIVEN_BACK: [&str; 4] = [
    "refund",
    "partial_refund",
    "chargeback",
    "partial_chargeback",
];

/// Whether a status says that money went back.
pub(crate) fn tells_of_refunds(status: &str) -> bool {
    GIVEN_BACK.contains(&status)
}

impl Transaction {
    /// An amount of it. What is none cannot be taken over, so that somebody has
    /// to look at it.
    fn read(&self, text: &str) -> Result<Money, GatewayError> {
        let currency = self.currency.as_deref().unwrap_or(CURRENCY);
        from_midtrans(text, currency).ok_or_else(|| {
            let text: String = text.chars().take(40).collect();
            GatewayError::Refused(format!("the amount {text} {currency} cannot be read"))
        })
    }

    fn amount(&self) -> Result<Money, GatewayError> {
        self.read(&self.gross_amount)
    }

    /// Success only with all three: the code, the status, and no doubt.
    fn is_settled(&self) -> bool {
        let accepted = matches!(self.fraud_status.as_deref(), None | Some("accept"));
        let taken = matches!(self.status.as_str(), "settlement" | "capture");
        self.status_code == "200" && accepted && taken
    }

    fn state(&self) -> Result<SessionState, GatewayError> {
        if self.is_settled() || tells_of_refunds(&self.status) {
            let amount = self.amount()?;
            return Ok(SessionState::Paid {
                amount,
                tax: Money::zero(amount.currency),
            });
        }
        Ok(match self.status.as_str() {
            "pending" => SessionState::Open,
            "expire" => SessionState::Expired,
            "deny" | "cancel" | "failure" => SessionState::Failed,
            "settlement" | "capture" if self.fraud_status.as_deref() == Some("deny") => {
                SessionState::Failed
            }
            // A challenge waits for the merchant; an authorization for its
            // capture; what is new is asked for again.
            _ => SessionState::Processing,
        })
    }

    /// What it means for an attempt.
    pub(crate) fn report(&self) -> Result<SessionReport, GatewayError> {
        let state = self.state()?;
        let failed = matches!(state, SessionState::Failed | SessionState::Expired);
        let paid = matches!(state, SessionState::Paid { .. });
        let why = self.status_message.clone();
        let why = why.unwrap_or_else(|| self.status.clone());
        Ok(SessionReport {
            id: self.order_id.clone(),
            payment: self.order_id.parse().ok(),
            state,
            intent: paid.then(|| self.id.clone()),
            failure: failed.then_some(why),
            saved: None,
        })
    }

    /// All that went back of it. Where a total is told, it comes last, after
    /// the refunds of ours: what else is listed may have been in an earlier
    /// total, which did not list it yet.
    pub(crate) fn refunds(&self) -> Result<Vec<RefundReport>, GatewayError> {
        let charged_back = self.status.ends_with("chargeback");
        let mut all = Vec::new();
        for entry in &self.refunds {
            let refund = entry.key.as_ref().and_then(|key| key.parse().ok());
            all.push(RefundReport {
                id: match &entry.id {
                    serde_json::Value::String(text) => text.clone(),
                    other => other.to_string(),
                },
                refund,
                amount: self.read(&entry.amount)?,
                state: RefundState::Succeeded,
                is_total: false,
                // A bank has no key for what it takes.
                charged_back: charged_back && entry.key.is_none(),
            });
        }
        let listed: i64 = all.iter().map(|report| report.amount.minor).sum();
        let total = match self.status.as_str() {
            "chargeback" => Some(self.amount()?),
            "refund" if all.is_empty() => Some(self.amount()?),
            status if tells_of_refunds(status) => {
                let told = self.refunded.as_deref();
                told.map(|text| self.read(text)).transpose()?
            }
            _ => None,
        };
        if let Some(amount) = total.filter(|total| total.minor >= listed) {
            all.retain(|report| report.refund.is_some());
            let id = format!("{}-{}-{}", self.status, self.id, amount.minor);
            all.push(RefundReport {
                charged_back,
                ..total_of(id, amount)
            });
        }
        Ok(all)
    }

    /// All of it, when it says that its money will not come: of one that was
    /// captured, that is how money goes back before it is settled
    /// (<https://docs.midtrans.com/reference/cancel-transaction>).
    pub(crate) fn taken_back(&self) -> Result<Option<RefundReport>, GatewayError> {
        if !matches!(self.state()?, SessionState::Failed | SessionState::Expired) {
            return Ok(None);
        }
        let id = format!("taken-back-{}", self.id);
        Ok(Some(total_of(id, self.amount()?)))
    }

    /// Refuses one of another merchant.
    fn check(self, merchant: Option<&str>) -> Result<Self, GatewayError> {
        match (merchant, self.merchant_id.as_deref()) {
            (Some(ours), Some(theirs)) if ours != theirs => Err(GatewayError::Refused(format!(
                "the transaction is of the merchant {theirs}"
            ))),
            _ => Ok(self),
        }
    }
}

/// All that went back so far.
fn total_of(id: String, amount: Money) -> RefundReport {
    RefundReport {
        id,
        refund: None,
        amount,
        state: RefundState::Succeeded,
        is_total: true,
        charged_back: false,
    }
}

impl MidtransGateway {
    /// Where a transaction stands, by our id for it or by Midtrans'. None while
    /// nobody chose a way to pay on its page, or there is no such page.
    pub(crate) async fn transaction(&self, id: &str) -> Result<Option<Transaction>, GatewayError> {
        let answer = self.get(&["v2", id, "status"]).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        if answer.body["transaction_status"].is_null() {
            return Err(answer.failure("read a transaction of Midtrans"));
        }
        let read: Result<Transaction, _> = serde_json::from_value(answer.body);
        let found = read.map_err(|error| {
            Fault::permanent("a transaction of Midtrans cannot be read").caused_by(error)
        })?;
        found.check(self.merchant.as_deref()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{RefundId, Timestamp};
    use serde_json::json;

    fn transaction(code: &str, status: &str, fraud: Option<&str>) -> Transaction {
        serde_json::from_value(json!({
            "order_id": "pay_01j9z6m3k4f5g6h7j8k9m0n1p2", "transaction_id": "t-1", "transaction_status": status,
            "status_code": code, "fraud_status": fraud, "gross_amount": "150000.00", "currency": "IDR",
        }))
        .unwrap()
    }

    /// The word that a transaction comes down to.
    fn word(code: &str, status: &str, fraud: Option<&str>) -> &'static str {
        match transaction(code, status, fraud).report().unwrap().state {
            SessionState::Open => "open",
            SessionState::Processing => "processing",
            SessionState::Paid { .. } => "paid",
            SessionState::Failed => "failed",
            SessionState::Expired => "expired",
            SessionState::Lost => "lost",
        }
    }

    #[test]
    fn only_what_is_settled_beyond_doubt_is_paid() {
        let accept = Some("accept");
        for (code, status, fraud, meaning) in [
            ("200", "settlement", accept, "paid"),
            ("200", "settlement", None, "paid"),
            ("200", "capture", accept, "paid"),
            ("201", "capture", Some("challenge"), "processing"),
            ("200", "capture", Some("challenge"), "processing"),
            ("202", "capture", Some("deny"), "failed"),
            ("201", "settlement", accept, "processing"),
            ("201", "pending", accept, "open"),
            ("202", "deny", Some("deny"), "failed"),
            ("202", "deny", accept, "failed"),
            ("200", "cancel", accept, "failed"),
            ("202", "failure", None, "failed"),
            ("407", "expire", None, "expired"),
            ("202", "expire", accept, "expired"),
            ("200", "refund", accept, "paid"),
            ("200", "partial_refund", accept, "paid"),
            ("200", "chargeback", accept, "paid"),
            ("200", "authorize", accept, "processing"),
            ("200", "something_new", accept, "processing"),
        ] {
            assert_eq!(
                word(code, status, fraud),
                meaning,
                "{code} {status} {fraud:?}"
            );
        }
    }

    #[test]
    fn what_went_back_is_each_refund_or_a_total() {
        let told = |status: &str, fields: serde_json::Value| {
            let mut one = serde_json::json!({
                "order_id": "pay_01j9z6m3k4f5g6h7j8k9m0n1p2", "transaction_id": "t-1",
                "transaction_status": status, "status_code": "200", "gross_amount": "150000.00",
            });
            for (name, value) in fields.as_object().unwrap() {
                one[name] = value.clone();
            }
            let one: Transaction = serde_json::from_value(one).unwrap();
            let all = one.refunds().unwrap().into_iter();
            all.map(|one| (one.amount.minor / 100, one.is_total, one.charged_back))
                .collect::<Vec<_>>()
        };
        let listed = json!({"refund_amount": "60000.00", "refunds": [
            {"refund_chargeback_id": 1, "refund_amount": "50000.00", "refund_key": "r"},
            {"refund_chargeback_id": 2, "refund_amount": "10000.00"},
        ]});
        // What is not ours is in the total, in which it may have been before.
        let total = (60_000, true, false);
        assert_eq!(told("partial_refund", listed.clone()), [total]);
        let taken = (60_000, true, true);
        assert_eq!(told("partial_chargeback", listed.clone()), [taken]);
        let all = (150_000, true, true);
        assert_eq!(told("chargeback", listed.clone()), [all]);
        let mut ours = listed.clone();
        ours["refunds"][0]["refund_key"] =
            json!(RefundId::new(Timestamp::from_seconds(1)).to_string());
        let first = (50_000, false, false);
        assert_eq!(told("refund", ours.clone()), [first, total]);
        // Without a total, or with one that cannot be, the list counts.
        let second = (10_000, false, false);
        for odd in [json!(null), json!("50000.00")] {
            let mut some = listed.clone();
            some["refund_amount"] = odd;
            assert_eq!(told("refund", some.clone()), [first, second]);
            let second = (10_000, false, true);
            assert_eq!(told("partial_chargeback", some), [first, second]);
        }
        let some = json!({"refund_amount": "50000.00"});
        assert_eq!(
            told("partial_refund", some.clone()),
            [(50_000, true, false)]
        );
        assert_eq!(told("partial_chargeback", some), [(50_000, true, true)]);
        assert_eq!(told("refund", json!({})), [(150_000, true, false)]);
        assert_eq!(told("partial_refund", json!({})), []);
        assert_eq!(told("settlement", json!({})), []);
    }

    #[test]
    fn other_currencies_and_merchants_are_not_ours() {
        let mut one = transaction("200", "settlement", None);
        let paid = |one: &Transaction| match one.report().unwrap().state {
            SessionState::Paid { amount, .. } => amount.to_string(),
            other => panic!("{other:?}"),
        };
        one.currency = Some("USD".into());
        assert_eq!(paid(&one), "150000.00 USD");
        one.currency = None;
        one.gross_amount = "1.50".into();
        assert_eq!(paid(&one), "1.50 IDR");
        one.gross_amount = "much".into();
        assert!(matches!(one.report(), Err(GatewayError::Refused(_))));
        one.merchant_id = Some("G1".into());
        assert!(one.clone().check(Some("G2")).is_err());
        assert!(one.clone().check(Some("G1")).is_ok());
        assert!(one.check(None).is_ok());
    }
}
