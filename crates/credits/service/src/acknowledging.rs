//! Top-ups that somebody has to look at, and has looked at.

use credits_model::CreditsError;
use credits_model::events::TopUpCredited;
use credits_model::top_up::TopUp;
use credits_model::top_up_refund::TopUpDetail;
use credits_model::wallet::WalletKey;
use credits_repository::{ledger, top_up_refunds, top_ups};
use database::{Batch, Once, Transaction, retrying};
use kernel::{AuditEntry, Audited as _, Money, Permission, Scope, TopUpId};

use crate::Credits;
use crate::booking::{Credit, CreditSource};

/// What somebody decided about a top-up.
#[derive(Debug, Clone)]
pub struct Acknowledgement {
    /// How much of what came becomes credit after all.
    pub credit: Option<Money>,
    /// Why.
    pub reason: String,
}

impl Credits {
    /// Takes a top-up off the list of those that somebody has to look at, and
    /// credits what came when it was not credited by itself. Nothing else
    /// changes; giving money back is a step of its own.
    pub async fn acknowledge_top_up(
        &self,
        scope: &Scope,
        id: TopUpId,
        decision: &Acknowledgement,
    ) -> Result<TopUpDetail, CreditsError> {
        scope.require(Permission::CreditsWrite)?;
        retrying("top_up.acknowledge", || {
            self.acknowledge_once(scope, id, decision)
        })
        .await
    }

    async fn acknowledge_once(
        &self,
        scope: &Scope,
        id: TopUpId,
        decision: &Acknowledgement,
    ) -> Result<TopUpDetail, CreditsError> {
        let tx = match self
            .begin::<TopUpDetail>(scope, "top_up.acknowledge")
            .await?
        {
            Once::Replayed(detail) => return Ok(detail),
            Once::Fresh(tx) => tx,
        };
        let mut top_up = top_ups::lock(&tx, id)
            .await?
            .ok_or(CreditsError::TopUpNotFound)?;
        let before = top_up.snapshot();
        if top_up.attention.is_none() {
            return Err(CreditsError::NothingToAcknowledge);
        }
        let mut batch = Batch::new();
        if let Some(credit) = decision.credit {
            self.credit_after_all(&tx, &mut batch, &mut top_up, credit, &decision.reason)
                .await?;
        }
        top_up.attention = None;
        top_up.updated_at = self.now();
        batch.add(top_ups::update(&top_up));
        batch.run(&tx).await?;
        let refunds = top_up_refunds::of(&tx, id).await?;
        let entry = AuditEntry::new("top_up.acknowledge", id).before(&before);
        self.record(&tx, entry.after(&top_up)).await?;
        Ok(tx.commit_with(TopUpDetail { top_up, refunds }).await?)
    }

    async fn credit_after_all(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        top_up: &mut TopUp,
        amount: Money,
        reason: &str,
    ) -> Result<(), CreditsError> {
        top_up.accept(amount, self.now())?;
        let credit = Credit {
            wallet: WalletKey::Id(top_up.wallet),
            source: CreditSource::TopUp,
            reference: top_up.id.to_string(),
            amount,
        };
        let booked = self.credit_in_tx(tx, &credit).await?;
        batch.add(ledger::note(booked.transfer, reason));
        let event = TopUpCredited {
            top_up: top_up.id,
            wallet: top_up.wallet,
        };
        Ok(self.queue.publish_with(tx, batch, &event)?)
    }
}
