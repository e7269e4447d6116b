//! What the stand-in knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Call, MERCHANT};

/// A refusal: the status, and why.
pub(super) type Refused = (u16, &'static str);

#[derive(Default)]
pub(super) struct Books {
    /// What pages were opened with, by order.
    pub(super) pages: BTreeMap<String, Value>,
    /// Transactions, by order.
    pub(super) transactions: BTreeMap<String, Value>,
    pub(super) calls: Vec<Call>,
    /// Method, end of the path, and status of calls that go wrong.
    pub(super) faults: Vec<(&'static str, &'static str, u16)>,
    /// How many ids were given out.
    ids: u32,
}

impl Books {
    fn id(&mut self) -> u32 {
        self.ids += 1;
        self.ids
    }

    /// Trouble that waits for such a call.
    pub(super) fn trouble(&mut self, method: &str, path: &str) -> Option<u16> {
        let at = self
            .faults
            .iter()
            .position(|(of, end, _)| *of == method && path.ends_with(end))?;
        Some(self.faults.remove(at).2)
    }

    /// Opens a page; its token.
    pub(super) fn open(&mut self, body: &Value) -> Result<String, Refused> {
        let details = &body["transaction_details"];
        let order = details["order_id"].as_str().unwrap_or_default();
        let legal = |c: char| c.is_ascii_alphanumeric() || "-_~.".contains(c);
        if order.is_empty() || order.len() > 50 || !order.chars().all(legal) {
            return Err((400, "transaction_details.order_id is not valid"));
        }
        let Some(amount) = details["gross_amount"]
            .as_i64()
            .filter(|&amount| amount > 0)
        else {
            return Err((400, "transaction_details.gross_amount is not a number"));
        };
        if let Some(items) = body["item_details"].as_array() {
            let sum: i64 = items
                .iter()
                .map(|item| {
                    let number = |name: &str| item[name].as_i64().unwrap_or(i64::MIN / 2);
                    number("price").saturating_mul(number("quantity"))
                })
                .sum();
            if sum != amount {
                let why =
                    "transaction_details.gross_amount is not equal to the sum of item_details";
                return Err((400, why));
            }
        }
        if self.transactions.contains_key(order) {
            return Err((400, "transaction_details.order_id has already been taken"));
        }
        self.pages.insert(order.to_owned(), body.clone());
        Ok(format!("token-{}", self.id()))
    }

    pub(super) fn choose(&mut self, order: &str, way: &str) {
        let page = self.pages.get(order).expect("a page").clone();
        let amount = page["transaction_details"]["gross_amount"]
            .as_i64()
            .expect("a number");
        let id = self.id();
        let mut transaction = json!({
            "transaction_time": "2026-03-01 12:00:00",
            "transaction_id": format!("00000000-0000-4000-8000-{id:012}"),
            "status_message": "Success, transaction is found",
            "merchant_id": MERCHANT,
            "currency": "IDR",
            "gross_amount": format!("{amount}.00"),
            "fraud_status": "accept",
            "order_id": order,
            "transaction_status": "pending",
            "status_code": "201",
            "payment_type": way,
        });
        for field in ["custom_field1", "custom_field2"] {
            transaction[field] = page[field].clone();
        }
        self.transactions.insert(order.to_owned(), transaction);
    }

    pub(super) fn change(&mut self, order: &str, fields: &Value) {
        let transaction = self.transactions.get_mut(order).expect("a transaction");
        for (name, value) in fields.as_object().expect("fields") {
            transaction[name] = value.clone();
        }
    }

    /// A transaction by either id.
    pub(super) fn find(&self, id: &str) -> Option<&Value> {
        let mut all = self.transactions.values();
        all.find(|one| one["order_id"] == id || one["transaction_id"] == id)
    }

    /// Ends a transaction that waits.
    pub(super) fn end(&mut self, id: &str, status: &str, code: &str) -> Result<Value, Refused> {
        let found = self.find(id).cloned();
        let found = found.ok_or((404, "Transaction doesn't exist."))?;
        if found["transaction_status"] != "pending" {
            return Err((412, "Transaction status cannot be updated."));
        }
        let order = found["order_id"].as_str().expect("an order").to_owned();
        let ended = json!({"transaction_status": status, "status_code": code});
        self.change(&order, &ended);
        Ok(self.transactions[&order].clone())
    }

    /// Gives money back, in whole rupiah.
    pub(super) fn give_back(
        &mut self,
        id: &str,
        amount: i64,
        key: Option<&str>,
    ) -> Result<Value, Refused> {
        let found = self.find(id).cloned();
        let mut found = found.ok_or((404, "Transaction doesn't exist."))?;
        let status = found["transaction_status"].as_str().unwrap_or_default();
        if !["settlement", "capture", "partial_refund"].contains(&status) {
            return Err((412, "Transaction status cannot be updated."));
        }
        let whole = |text: &Value| -> i64 {
            let text = text.as_str().and_then(|text| text.strip_suffix(".00"));
            text.and_then(|text| text.parse().ok()).expect("an amount")
        };
        let mut refunds = found["refunds"].as_array().cloned().unwrap_or_default();
        if key.is_some_and(|key| refunds.iter().any(|one| one["refund_key"] == key)) {
            return Err((406, "The request could not be completed due to a conflict."));
        }
        let before: i64 = refunds.iter().map(|one| whole(&one["refund_amount"])).sum();
        let gross = whole(&found["gross_amount"]);
        if amount < 1 || before + amount > gross {
            return Err((414, "Refund amount exceeds the amount of the transaction."));
        }
        let n = self.id();
        let mut entry = json!({
            "refund_chargeback_id": n,
            "refund_amount": format!("{amount}.00"),
            "created_at": "2026-03-01 12:00:00",
            "reason": "refund",
        });
        if let Some(key) = key {
            entry["refund_key"] = json!(key);
        }
        refunds.push(entry);
        let status = if before + amount == gross {
            "refund"
        } else {
            "partial_refund"
        };
        let order = found["order_id"].as_str().expect("an order").to_owned();
        let given = json!({
            "refunds": refunds,
            "refund_amount": format!("{}.00", before + amount),
            "transaction_status": status,
            "status_code": "200",
        });
        self.change(&order, &given);
        found = self.transactions[&order].clone();
        found["status_message"] = json!("Success, refund request is approved");
        Ok(found)
    }
}
