//! Top-ups: money that is paid into a wallet.

use std::collections::BTreeMap;

use kernel::{Audited, Money, PaymentId, Snapshot, Timestamp, TopUpId, WalletId};
use payments::{
    DisputeOutcome, PaymentStatus, ReturnUrls, SavedMethod, SessionReport, SessionState,
};
use serde::{Deserialize, Serialize};

use crate::errors::CreditsError;

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
    /// How much credit it became, in minor units; none until it did.
    pub credited: Option<i64>,
    /// When it was credited.
    pub credited_at: Option<Timestamp>,
    /// What went back of what came, or is promised to, in minor units of that.
    pub refunded: i64,
    /// How much of its credit was taken away for that.
    pub taken_back: i64,
    /// Where its disputes stand at the payer's bank, by the gateway's names for
    /// them.
    pub disputes: BTreeMap<String, DisputeOutcome>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Why somebody should look at it.
    pub attention: Option<String>,
    /// Where its owner goes after the payment page.
    pub return_urls: ReturnUrls,
    /// Whether the gateway keeps the way in which it is paid, for automatic
    /// top-ups.
    #[serde(default)]
    pub saves_method: bool,
    /// What an automatic one is charged to; none where its owner pays.
    #[serde(default)]
    pub charged_to: Option<SavedMethod>,
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
    /// One that was decided on; the gateway does not know of it yet.
    pub fn new(
        wallet: WalletId,
        gateway: String,
        amount: Money,
        return_urls: ReturnUrls,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            id: TopUpId::new(now),
            wallet,
            payment: PaymentId::new(now),
            gateway,
            status: PaymentStatus::Created,
            amount,
            session: None,
            url: None,
            intent: None,
            paid: None,
            credited: None,
            credited_at: None,
            refunded: 0,
            taken_back: 0,
            disputes: BTreeMap::new(),
            failure: None,
            attention: None,
            return_urls,
            saves_method: false,
            charged_to: None,
            expires_at,
            checked_at: now,
            created_at: now,
            updated_at: now,
        }
    }

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
        self.credited = Some(self.amount.minor);
        self.credited_at = Some(now);
        News::Paid
    }

    /// Lets somebody look at it.
    pub fn flag(&mut self, why: &str, now: Timestamp) {
        self.attention = Some(why.to_owned());
        self.updated_at = now;
    }

    /// What came of it and did not go back.
    pub fn left(&self) -> Result<Money, CreditsError> {
        let paid = self.paid.ok_or(CreditsError::TopUpNotPaid)?;
        Ok(Money::new(paid.minor - self.refunded, paid.currency))
    }

    /// Where its disputes stand: open while one of them is, else lost if one of
    /// them is; none when there is none.
    pub fn dispute(&self) -> Option<DisputeOutcome> {
        use DisputeOutcome as D;
        let is_any = |outcome: &D| self.disputes.values().any(|one| one == outcome);
        [D::Open, D::Lost, D::Won].into_iter().find(is_any)
    }

    /// Refuses to give money back that the bank may give back itself, or has.
    pub fn check_undisputed(&self, despite: bool) -> Result<(), CreditsError> {
        match self.dispute() {
            Some(DisputeOutcome::Open | DisputeOutcome::Lost) if !despite => {
                Err(CreditsError::TopUpDisputed)
            }
            _ => Ok(()),
        }
    }

    /// How much credit goes with an amount of money: as much, until all that
    /// it became is gone. Taxes on top of the price go back last, for nothing.
    pub fn credit_for(&self, amount: i64) -> i64 {
        let credited = self.credited.unwrap_or_default();
        amount.min(credited - self.taken_back).max(0)
    }

    /// What can go back at most, when so much of its credit can be taken away.
    pub fn refundable(&self, room: i64) -> Result<Money, CreditsError> {
        let left = self.left()?;
        if self.credit_for(left.minor) <= room {
            return Ok(left);
        }
        Ok(Money::new(left.minor.min(room), left.currency))
    }

    /// Notes that an amount goes back, and how much credit went with it.
    pub fn give_back(&mut self, amount: i64, taken: i64, now: Timestamp) {
        self.refunded += amount;
        self.taken_back += taken;
        self.updated_at = now;
    }

    /// Somebody looked at it, and lets so much of what came become credit.
    pub fn accept(&mut self, credit: Money, now: Timestamp) -> Result<(), CreditsError> {
        let fits = self
            .paid
            .is_some_and(|paid| paid.currency == self.amount.currency);
        if self.credited.is_some() || !fits {
            return Err(CreditsError::NothingToCredit);
        }
        if credit.currency != self.amount.currency {
            return Err(CreditsError::CurrencyMismatch(self.amount.currency));
        }
        let most = self.left()?;
        if !(1..=most.minor).contains(&credit.minor) {
            return Err(CreditsError::TopUpCreditTooLarge(most));
        }
        self.credited = Some(credit.minor);
        self.credited_at = Some(now);
        Ok(())
    }

    /// Whether it was made by itself, when the balance was low.
    pub fn is_automatic(&self) -> bool {
        self.charged_to.is_some()
    }

    /// Whether it came to nothing.
    pub fn has_failed(&self) -> bool {
        matches!(self.status, PaymentStatus::Failed | PaymentStatus::Expired)
    }

    /// Whether its page can still be paid.
    pub fn is_under_way(&self) -> bool {
        !self.status.is_final()
    }
}

impl Audited for TopUp {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        Snapshot::new()
            .with("wallet", self.wallet)
            .with("status", status)
            .with("amount", self.amount)
            .with("paid", self.paid)
            .with("credited", self.credited)
            .with("refunded", self.refunded)
            .with("taken_back", self.taken_back)
            .with("needs_attention", self.attention.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Currency;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::EUR)
    }

    /// One of 10.00 that was paid, with so much tax on top.
    fn paid(tax: i64) -> TopUp {
        let now = Timestamp::from_seconds(1);
        let urls = ReturnUrls {
            success: String::new(),
            cancel: String::new(),
        };
        let wallet = WalletId::new(now);
        let mut top_up = TopUp::new(wallet, "test".into(), eur(1000), urls, now, now);
        top_up.status = PaymentStatus::Open;
        let state = SessionState::Paid {
            amount: eur(1000 + tax),
            tax: eur(tax),
        };
        let report = SessionReport::without_session(top_up.payment, state, None);
        assert_eq!(top_up.hear(&report, now), News::Paid);
        top_up
    }

    #[test]
    fn credit_goes_with_money_until_it_is_gone_and_taxes_go_last() {
        let now = Timestamp::from_seconds(2);
        let mut top_up = paid(190);
        assert_eq!(top_up.refundable(1000).unwrap(), eur(1190));
        // Of the credit 300 were spent.
        assert_eq!(top_up.refundable(700).unwrap(), eur(700));
        assert_eq!(top_up.credit_for(500), 500);
        top_up.give_back(500, 500, now);
        assert_eq!(top_up.refundable(500).unwrap(), eur(690));
        assert_eq!(top_up.credit_for(690), 500);
        top_up.give_back(500, 500, now);
        assert_eq!(top_up.refundable(0).unwrap(), eur(190));
        assert_eq!(top_up.credit_for(190), 0);
        // The bank refused the second one.
        top_up.give_back(-500, -500, now);
        assert_eq!(top_up.refundable(500).unwrap(), eur(690));
    }

    #[test]
    fn what_is_credited_is_not_credited_again() {
        let now = Timestamp::from_seconds(2);
        let refused = paid(0).accept(eur(1), now);
        assert!(matches!(refused, Err(CreditsError::NothingToCredit)));
        let mut other = paid(0);
        (other.credited, other.credited_at) = (None, None);
        other.paid = Some(eur(900));
        other.refunded = 100;
        let most = other.accept(eur(801), now);
        assert!(matches!(most, Err(CreditsError::TopUpCreditTooLarge(most)) if most == eur(800)));
        other.accept(eur(800), now).unwrap();
        assert_eq!(other.credited, Some(800));
    }
}
