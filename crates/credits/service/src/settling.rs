//! What a gateway says of a top-up takes effect here, and only here.
//!
//! It may be said twice, late and out of order, by a webhook and by the sweep
//! at once: the top-up is locked, and what it is for is booked in the same
//! transaction, under a name that is booked once.

use std::time::Duration;

use credits_model::CreditsError;
use credits_model::events::TopUpCredited;
use credits_model::top_up::{News, TopUp};
use credits_model::wallet::WalletKey;
use credits_repository::{top_up_refunds, top_ups};
use database::{Batch, retrying};
use kernel::{DomainError as _, Scope, Timestamp, TopUpId, WebhookEventId, last_of_full};
use payments::{GatewayError, MoneyRef, PaymentStatus, SessionReport, SessionState};
use queue::inbox::{self, WebhookState};

use crate::Credits;
use crate::booking::{Credit, CreditSource};

/// How many are looked up at once. A run goes over everything, so that what
/// fails each time cannot keep the rest from its turn.
const AT_ONCE: i64 = 200;
/// How long a top-up whose page was never noted may wait for the request that
/// is opening it.
const OPENING: Duration = Duration::from_mins(1);
/// How often the gateway is asked about a top-up that is open.
const ASK_OPEN: Duration = Duration::from_mins(10);
/// How often the gateway is asked about a payment that takes days.
const ASK_PROCESSING: Duration = Duration::from_hours(1);
/// How often the gateway is asked about a refund.
const ASK_REFUND: Duration = Duration::from_mins(5);

impl Credits {
    /// Applies what a gateway says of a session, if it is that of a top-up;
    /// false when it is none. The webhook that said so is concluded in the
    /// same transaction.
    pub async fn settle_session(
        &self,
        scope: &Scope,
        gateway: &str,
        session: &str,
        report: &SessionReport,
        webhook: WebhookEventId,
    ) -> Result<bool, CreditsError> {
        let db = self.database.read(scope).await?;
        let found = top_ups::find_by_session(&db, gateway, session, report.payment).await?;
        drop(db);
        let Some(top_up) = found else {
            return Ok(false);
        };
        let contradicts = retrying("top_up.settle", || {
            self.settle_once(scope, top_up.id, report, Some(webhook))
        })
        .await?;
        if contradicts {
            self.follow_taken_back(scope, top_up.id, session, webhook)
                .await?;
        }
        Ok(true)
    }

    /// The session of the top-up that some money belongs to, if it is one's.
    pub async fn session_of(
        &self,
        scope: &Scope,
        gateway: &str,
        money: &MoneyRef,
    ) -> Result<Option<String>, CreditsError> {
        let db = self.database.read(scope).await?;
        let found = top_ups::find_by_money(&db, gateway, money).await?;
        Ok(found.and_then(|top_up| top_up.session))
    }

    /// Lets somebody look at the top-up of a session that the gateway refuses
    /// to know. False when it is no top-up's.
    pub async fn flag_session(
        &self,
        scope: &Scope,
        gateway: &str,
        session: &str,
    ) -> Result<bool, CreditsError> {
        let db = self.database.read(scope).await?;
        let found = top_ups::find_by_session(&db, gateway, session, None).await?;
        drop(db);
        let Some(top_up) = found else {
            return Ok(false);
        };
        let write = top_ups::flag(top_up.id, "payment_not_verifiable", self.now());
        self.database.write_one(scope, "top_up.flag", write).await?;
        Ok(true)
    }

    /// Applies what a gateway says of a top-up. What was paid for is credited
    /// in the same transaction, once.
    pub(crate) async fn settle_top_up(
        &self,
        scope: &Scope,
        id: TopUpId,
        report: &SessionReport,
        webhook: Option<WebhookEventId>,
    ) -> Result<(), CreditsError> {
        retrying("top_up.settle", || {
            self.settle_once(scope, id, report, webhook)
        })
        .await
        .map(|_| ())
    }

    /// Whether the gateway says that the money will not come of what was paid:
    /// the webhook is not concluded then.
    async fn settle_once(
        &self,
        scope: &Scope,
        id: TopUpId,
        report: &SessionReport,
        webhook: Option<WebhookEventId>,
    ) -> Result<bool, CreditsError> {
        let now = self.now();
        let tx = self.database.begin_write(scope, "top_up.settle").await?;
        let mut top_up = top_ups::lock(&tx, id)
            .await?
            .ok_or(CreditsError::TopUpNotFound)?;
        let news = top_up.hear(report, now);
        let mut batch = Batch::new();
        if news == News::Paid {
            let credit = Credit {
                wallet: WalletKey::Id(top_up.wallet),
                source: CreditSource::TopUp,
                reference: top_up.id.to_string(),
                amount: top_up.amount,
            };
            self.credit_in_tx(&tx, &credit).await?;
            self.keep_method(&tx, &mut batch, &top_up, report).await?;
            if top_up.is_automatic() {
                self.count_success(&tx, &mut batch, &top_up).await?;
            }
            let event = TopUpCredited {
                top_up: id,
                wallet: top_up.wallet,
            };
            self.queue.publish_with(&tx, &mut batch, &event)?;
        } else if news == News::Changed && top_up.is_automatic() && top_up.has_failed() {
            self.count_failure(&tx, &top_up).await?;
        }
        batch.add(top_ups::update(&top_up));
        let contradicts = top_up.status.contradicts(report.state);
        if let Some(webhook) = webhook.filter(|_| !contradicts) {
            let known: &'static str = top_up.status.into();
            let (state, note) = match news {
                News::Nothing => {
                    let note = format!("the top-up is {known} already");
                    (WebhookState::Ignored, Some(note))
                }
                _ => (WebhookState::Processed, None),
            };
            batch.add(inbox::conclude(webhook, state, note, now));
        }
        batch.run(&tx).await?;
        tx.commit().await?;
        Ok(contradicts)
    }

    /// Asks the gateways about top-ups nobody heard of, and closes those whose
    /// time is over; called by its job, every minute. What fails is logged and
    /// left for the next run.
    pub async fn sweep_top_ups(&self, scope: &Scope) -> Result<(), CreditsError> {
        let now = self.now();
        self.sweep_refunds(scope, now).await?;
        self.sweep_open(scope, now).await?;
        self.sweep_low(scope).await
    }

    async fn sweep_open(&self, scope: &Scope, now: Timestamp) -> Result<(), CreditsError> {
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let open = top_ups::unsettled(&db, now.minus(OPENING), last, AT_ONCE).await?;
            drop(db);
            for top_up in open.iter().filter(|top_up| is_due(top_up, now)) {
                if let Err(error) = self.ask(scope, top_up, now).await {
                    let cause = error.fault().map(kernel::Fault::chain).unwrap_or_default();
                    let id = top_up.id;
                    tracing::warn!(%id, %error, cause, "could not be settled; the next sweep tries again");
                }
            }
            last = match last_of_full(&open, AT_ONCE) {
                Some(top_up) => Some(top_up.id),
                None => return Ok(()),
            };
        }
    }

    /// Asks the gateways about refunds nobody heard of: the same key gives the
    /// same refund, so asking is telling again.
    async fn sweep_refunds(&self, scope: &Scope, now: Timestamp) -> Result<(), CreditsError> {
        let mut last = None;
        loop {
            let db = self.database.read(scope).await?;
            let before = now.minus(ASK_REFUND);
            let open = top_up_refunds::pending(&db, before, last, AT_ONCE).await?;
            drop(db);
            for refund in &open {
                let id = refund.id;
                if let Err(error) = self.execute_top_up_refund(scope, id).await {
                    let cause = error.fault().map(kernel::Fault::chain).unwrap_or_default();
                    tracing::warn!(%id, %error, cause, "could not be refunded; the next sweep tries again");
                }
            }
            last = match last_of_full(&open, AT_ONCE) {
                Some(refund) => Some(refund.id),
                None => return Ok(()),
            };
        }
    }

    async fn ask(&self, scope: &Scope, top_up: &TopUp, now: Timestamp) -> Result<(), CreditsError> {
        let over = is_over(top_up, now);
        let gateway = self.gateways.of(&top_up.gateway)?;
        let session = match &top_up.session {
            Some(session) => Some(session.clone()),
            // Charging again tells what came of it.
            None if top_up.is_automatic() => return self.open_page(scope, top_up.id).await,
            // The gateway may have opened a page that we did not hear of.
            None if over => {
                let request = self.session_request(scope, top_up).await?;
                gateway.find(scope, &request).await?
            }
            None => return self.open_page(scope, top_up.id).await,
        };
        let Some(session) = session else {
            let report =
                SessionReport::without_session(top_up.payment, SessionState::Expired, None);
            return self.settle_top_up(scope, top_up.id, &report, None).await;
        };
        let answer = if over {
            gateway.close(scope, &session).await
        } else {
            gateway.report(scope, &session).await
        };
        let report = match answer {
            Err(GatewayError::Refused(why)) if over => {
                SessionReport::without_session(top_up.payment, SessionState::Lost, Some(why))
            }
            answer => answer?,
        };
        self.settle_top_up(scope, top_up.id, &report, None).await
    }
}

fn is_over(top_up: &TopUp, now: Timestamp) -> bool {
    now >= top_up.expires_at && top_up.status != PaymentStatus::Processing
}

/// Whether it is time to ask about a top-up.
fn is_due(top_up: &TopUp, now: Timestamp) -> bool {
    let interval = match top_up.status {
        PaymentStatus::Created => OPENING,
        PaymentStatus::Processing => ASK_PROCESSING,
        _ => ASK_OPEN,
    };
    is_over(top_up, now) || now.since(top_up.checked_at) >= interval
}
