//! Top-ups: money that is paid into a wallet.

use kernel::{Money, PaymentId, Timestamp, TopUpId, WalletId};
use payments::{PaymentStatus, ReturnUrls, SessionReport, SessionState};
use serde::{Deserialize, Serialize};

/// How many top-ups of a wallet can wait to be paid at the same time.
pub const MAX_OPEN: i64 = 10;

/// Money that is paid into a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    /// Which.
    pub id: TopUpId,
    /// Into which wallet.
    pub wallet: WalletId,
    /// The attempt to pay; also the idempotency key at the gateway.
    pub payment: PaymentId,
    /// Through whom.
    pub gateway: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// How much it is for, before the gateway's taxes.
    pub amount: Money,
    /// The gateway's name for it.
    pub session: Option<String>,
    /// Where it is paid.
    pub url: Option<String>,
    /// The gateway's name for the money.
    pub intent: Option<String>,
    /// What came.
    pub paid: Option<Money>,
    /// When it was credited.
    pub credited_at: Option<Timestamp>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Why somebody should look at it.
    pub attention: Option<String>,
    /// Where its owner goes after the payment page.
    pub return_urls: ReturnUrls,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// When the gateway was last asked about it.
    pub checked_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What news of a top-up means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It is known, or cannot be.
    Nothing,
    /// It stands elsewhere now.
    Changed,
    /// What it is for has to be credited.
    Paid,
}

impl TopUp {
    /// Takes over what the gateway says of it. It may be said twice, late and
    /// out of order; only legal transitions happen.
    pub fn hear(&mut self, report: &SessionReport, now: Timestamp) -> News {
        self.checked_at = now;
        if self.session.is_none() && !report.id.is_empty() {
            self.session = Some(report.id.clone());
        }
        if self.intent.is_none() {
            self.intent.clone_from(&report.intent);
        }
        let next = report.state.status();
        if !self.status.may_become(next) {
            return News::Nothing;
        }
        self.status = next;
        self.updated_at = now;
        self.failure.clone_from(&report.failure);
        match report.state {
            SessionState::Paid { amount, tax } => self.pay(amount, tax, now),
            SessionState::Lost => {
                self.attention = Some("payment_lost".to_owned());
                News::Changed
            }
            _ => News::Changed,
        }
    }

    /// Money came. What is not what was asked for is for a person to decide
    /// on: it is neither credited nor forgotten.
    fn pay(&mut self, amount: Money, tax: Money, now: Timestamp) -> News {
        self.paid = Some(amount);
        if amount.currency != self.amount.currency {
            self.attention = Some("paid_in_other_currency".to_owned());
            return News::Changed;
        }
        // Taxes come on top of the price or are inside it, as the gateway is
        // set up.
        let net = amount.minus(tax);
        if amount != self.amount && net != Ok(self.amount) {
            self.attention = Some("amount_mismatch".to_owned());
            return News::Changed;
        }
        self.credited_at = Some(now);
        News::Paid
    }

    /// Whether its page can still be paid.
    pub fn is_under_way(&self) -> bool {
        !self.status.is_final()
    }

    /// The report of one whose time is over and that the gateway never opened
    /// a page for.
    pub fn never_opened(&self) -> SessionReport {
        self.report(SessionState::Expired, None)
    }

    /// The report of one whose time is over and whose page the gateway refuses
    /// to know.
    pub fn lost(&self, why: String) -> SessionReport {
        self.report(SessionState::Lost, Some(why))
    }

    /// The report of one that the gateway refused.
    pub fn refused(&self, why: String) -> SessionReport {
        self.report(SessionState::Failed, Some(why))
    }

    fn report(&self, state: SessionState, failure: Option<String>) -> SessionReport {
        SessionReport {
            id: String::new(),
            payment: Some(self.payment),
            state,
            intent: None,
            failure,
        }
    }
}
