//! Refunds.

use kernel::Fault;
use payments::{GatewayError, RefundReport, RefundRequest};
use serde_json::json;

use crate::MidtransGateway;
use crate::amounts::to_midtrans;
use crate::transaction::Transaction;

impl MidtransGateway {
    /// All that went back of a transaction.
    pub(crate) async fn list_refunds(&self, id: &str) -> Result<Vec<RefundReport>, GatewayError> {
        self.existing(id).await?.refunds()
    }

    /// Makes a refund, or says where it stands. It is looked for first; its key
    /// is our id, which Midtrans takes once.
    pub(crate) async fn make_refund(
        &self,
        request: &RefundRequest,
    ) -> Result<RefundReport, GatewayError> {
        let found = self.existing(&request.session).await?;
        if let Some(known) = known_of(&found, request)? {
            return Ok(known);
        }
        // Nothing is left of what was taken back: the buyer has it already.
        if let Some(all) = found.taken_back()? {
            return Ok(RefundReport {
                id: format!("{}-{}", all.id, request.refund),
                refund: Some(request.refund),
                amount: request.amount,
                is_total: false,
                ..all
            });
        }
        let amount = to_midtrans(request.amount).ok_or_else(|| {
            GatewayError::Refused(format!("{} is no whole rupiah", request.amount))
        })?;
        let body = json!({
            "refund_key": request.refund.to_string(),
            "amount": amount,
            "reason": "refund",
        });
        let answer = self
            .post(&["v2", &request.session, "refund"], &body)
            .await?;
        if (200..300).contains(&answer.status) || answer.status == 406 {
            // Done now, or by a call that we did not hear the answer to.
            let found = self.existing(&request.session).await?;
            return known_of(&found, request)?.ok_or_else(|| {
                Fault::transient("Midtrans does not list a refund that it made").into()
            });
        }
        Err(answer.failure("refund a transaction of Midtrans"))
    }

    /// What was taken back of a transaction that was paid.
    pub(crate) async fn taken_back_of(
        &self,
        id: &str,
    ) -> Result<Option<RefundReport>, GatewayError> {
        match self.transaction(id).await? {
            Some(found) => found.taken_back(),
            None => Ok(None),
        }
    }

    async fn existing(&self, id: &str) -> Result<Transaction, GatewayError> {
        let found = self.transaction(id).await?;
        found.ok_or_else(|| GatewayError::Refused("there is no such transaction".to_owned()))
    }
}

/// What a transaction says of a refund, once it was made.
fn known_of(
    found: &Transaction,
    request: &RefundRequest,
) -> Result<Option<RefundReport>, GatewayError> {
    let is_it = |report: &RefundReport| {
        report.refund == Some(request.refund) || request.external.as_ref() == Some(&report.id)
    };
    Ok(found.refunds()?.into_iter().find(is_it))
}
