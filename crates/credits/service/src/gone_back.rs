//! Money of top-ups that goes back without having been asked for here: at the
//! gateway's own dashboard, or because the payer's bank took it.

use credits_model::CreditsError;
use credits_model::top_up::TopUp;
use credits_model::top_up_refund::{RefundCause, TopUpRefund};
use credits_repository::{top_up_refunds, top_ups};
use database::{Batch, Transaction};
use kernel::{Scope, TopUpId, WebhookEventId};
use payments::{DisputeOutcome, PaymentStatus, RefundReport, RefundStatus};

use crate::Credits;
use crate::top_up_refunds::new_refund;

/// What stands for all that a bank took where the gateway has no name for its
/// dispute.
const CHARGED_BACK: &str = "charged_back";

impl Credits {
    /// Money that somebody gave back at the gateway, or that the payer's bank
    /// took: it is gone, and its credit goes as far as it is there.
    pub(crate) async fn adopt_refund(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        top_up: &mut TopUp,
        report: &RefundReport,
    ) -> Result<(), CreditsError> {
        let status = RefundStatus::from(&report.state);
        if status == RefundStatus::Failed {
            return Ok(());
        }
        let now = self.now();
        let amount = news_of(top_up, report);
        if report.charged_back {
            self.hear_charged_back(tx, top_up, amount).await?;
        }
        if amount == Some(0) {
            return Ok(());
        }
        let Some(amount) = amount else {
            top_up.flag("refunded_more_than_paid", now);
            return Ok(());
        };
        let cause = if report.charged_back {
            RefundCause::ChargedBack
        } else {
            RefundCause::MadeAtGateway
        };
        let refund = TopUpRefund {
            status,
            external: Some(report.id.clone()),
            ..new_refund(top_up, cause, amount, now)
        };
        self.take_what_is_there(tx, batch, top_up, refund).await
    }

    /// Money went whether we like it or not: takes as much of its credit as is
    /// there. Where some is missing, the wallet is frozen and somebody has to
    /// look at it.
    pub(crate) async fn take_what_is_there(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        top_up: &mut TopUp,
        mut refund: TopUpRefund,
    ) -> Result<(), CreditsError> {
        let wanted = top_up.credit_for(refund.amount);
        let room = self.room(tx, top_up).await?;
        self.take_credit(tx, top_up.wallet, &mut refund, wanted.min(room))
            .await?;
        top_up.give_back(refund.amount, refund.taken, refund.created_at);
        if refund.taken < wanted {
            self.freeze(tx, top_up.wallet).await?;
            top_up.flag("credit_missing", refund.created_at);
        }
        if refund.status == RefundStatus::Succeeded {
            self.tell_refunded(tx, batch, &refund)?;
        }
        batch.add(top_up_refunds::insert(&refund));
        Ok(())
    }

    /// A bank took money: nobody spends on until somebody looked at it. Hearing
    /// the same again changes nothing.
    async fn hear_charged_back(
        &self,
        tx: &Transaction,
        top_up: &mut TopUp,
        amount: Option<i64>,
    ) -> Result<(), CreditsError> {
        let before = top_up
            .disputes
            .insert(CHARGED_BACK.to_owned(), DisputeOutcome::Lost);
        if before.is_some() && amount.is_none_or(|amount| amount == 0) {
            return Ok(());
        }
        self.freeze(tx, top_up.wallet).await?;
        top_up.flag("charged_back", self.now());
        Ok(())
    }

    /// What the gateway took back of a top-up that was paid, and of which it
    /// says by now that its money will not come: it went back.
    pub(crate) async fn follow_taken_back(
        &self,
        scope: &Scope,
        top_up: TopUpId,
        session: &str,
        webhook: WebhookEventId,
    ) -> Result<(), CreditsError> {
        let db = self.database.read(scope).await?;
        let found = top_ups::find(&db, top_up)
            .await?
            .ok_or(CreditsError::TopUpNotFound)?;
        drop(db);
        let gateway = self.gateways.of(&found.gateway)?;
        let report = gateway.taken_back(scope, session).await?;
        self.settle_top_up_refunds(scope, top_up, report.as_slice(), Some(webhook))
            .await
    }

    /// Applies what the gateway says went back of the money of a top-up; false
    /// when it is no top-up's.
    pub async fn follow_refunds(
        &self,
        scope: &Scope,
        gateway: &str,
        money: &payments::MoneyRef,
        webhook: WebhookEventId,
    ) -> Result<bool, CreditsError> {
        let Some(top_up) = self.learn(scope, gateway, money).await? else {
            return Ok(false);
        };
        let intent = money.intent.clone().or(top_up.intent);
        let reports = match intent {
            Some(intent) => {
                let gateway = self.gateways.of(gateway)?;
                gateway.refunds(scope, &intent).await?
            }
            None => Vec::new(),
        };
        self.settle_top_up_refunds(scope, top_up.id, &reports, Some(webhook))
            .await?;
        Ok(true)
    }

    /// The top-up that some money belongs to. That it was paid is taken over
    /// before what became of the money: the news of the latter may be here
    /// first.
    pub(crate) async fn learn(
        &self,
        scope: &Scope,
        gateway: &str,
        money: &payments::MoneyRef,
    ) -> Result<Option<TopUp>, CreditsError> {
        let db = self.database.read(scope).await?;
        let found = top_ups::find_by_money(&db, gateway, money).await?;
        drop(db);
        let Some(top_up) = found else {
            return Ok(None);
        };
        if let (Some(session), false) = (&top_up.session, top_up.status == PaymentStatus::Succeeded)
        {
            let gateway = self.gateways.of(gateway)?;
            let report = gateway.report(scope, session).await?;
            self.settle_top_up(scope, top_up.id, &report, None).await?;
            let db = self.database.read(scope).await?;
            return Ok(top_ups::find(&db, top_up.id).await?);
        }
        Ok(Some(top_up))
    }
}

/// How much went back that is not known; none when that cannot be. What was
/// taken over of a total before is known.
fn news_of(top_up: &TopUp, report: &RefundReport) -> Option<i64> {
    let left = top_up.left().ok()?;
    if left.currency != report.amount.currency {
        return None;
    }
    if report.is_total {
        let news = (report.amount.minor - top_up.refunded).max(0);
        return (news <= left.minor).then_some(news);
    }
    (1..=left.minor)
        .contains(&report.amount.minor)
        .then_some(report.amount.minor)
}
