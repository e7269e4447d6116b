//! Wallets: the credit of one person in one currency.

use kernel::{Audited, Currency, Money, Snapshot, Timestamp, UserId, WalletId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CreditsError;

/// The most that a wallet holds, so that every amount is exact where numbers
/// are doubles, as in JavaScript.
pub const MAX_BALANCE: i64 = 9_007_199_254_740_991;

/// Whether a wallet can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum WalletStatus {
    /// It can.
    Active,
    /// Its owner can neither spend nor top up. What was promised before is
    /// kept: holds are captured, payments that come are credited.
    Frozen,
    /// Its owner was forgotten.
    Closed,
}

/// What names a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletKey {
    /// Its id.
    Id(WalletId),
    /// Its owner and its currency.
    Of {
        /// Whose.
        user: UserId,
        /// In which currency.
        currency: Currency,
    },
}

/// The credit of one person in one currency. One credit is one minor unit of
/// that currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// Which.
    pub id: WalletId,
    /// Whose.
    pub user: UserId,
    /// In which currency.
    pub currency: Currency,
    /// Whether it can be used.
    pub status: WalletStatus,
    /// All there is, in minor units; the sum of its entries and of what is
    /// left of its lots.
    pub balance: i64,
    /// How much of it is promised to holds.
    pub held: i64,
    /// All that was paid in.
    pub total_top_up: i64,
    /// All that was spent, less what was refunded of it.
    pub total_spent: i64,
    /// How many entries it has.
    pub entries: i64,
    /// Below which balance its owner wants to be told.
    pub low_balance_threshold: Option<i64>,
    /// Below which balance it tops itself up.
    #[serde(default)]
    pub auto_top_up_below: Option<i64>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Wallet {
    /// An empty one.
    pub fn new(id: WalletId, user: UserId, currency: Currency, now: Timestamp) -> Self {
        Self {
            id,
            user,
            currency,
            status: WalletStatus::Active,
            balance: 0,
            held: 0,
            total_top_up: 0,
            total_spent: 0,
            entries: 0,
            low_balance_threshold: None,
            auto_top_up_below: None,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// What can be spent or held.
    pub fn available(&self) -> i64 {
        self.balance - self.held
    }

    /// Minor units as an amount of its currency.
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// The minor units of a positive amount in its currency.
    pub fn positive(&self, amount: Money) -> Result<i64, CreditsError> {
        if amount.currency != self.currency {
            return Err(CreditsError::CurrencyMismatch(self.currency));
        }
        if !(1..=MAX_BALANCE).contains(&amount.minor) {
            return Err(CreditsError::InvalidAmount);
        }
        Ok(amount.minor)
    }

    /// Refuses when its owner cannot use it.
    pub fn require_active(&self) -> Result<(), CreditsError> {
        match self.status {
            WalletStatus::Active => Ok(()),
            WalletStatus::Frozen => Err(CreditsError::Frozen),
            WalletStatus::Closed => Err(CreditsError::Closed),
        }
    }

    /// Refuses when there is less than that to spend or to hold.
    pub fn require_available(&self, amount: i64) -> Result<(), CreditsError> {
        if self.available() >= amount {
            return Ok(());
        }
        Err(CreditsError::InsufficientCredit {
            needed: self.money(amount),
            available: self.money(self.available()),
        })
    }

    /// Whether the balance fell below what its owner wants to be told of.
    pub fn fell_low(&self, before: i64) -> bool {
        self.low_balance_threshold
            .is_some_and(|threshold| before >= threshold && self.balance < threshold)
    }

    /// Whether it is to top itself up: its balance is low, or it is not enough
    /// for something.
    pub fn wants_top_up(&self, needed: Option<i64>) -> bool {
        let is_short = needed.is_some_and(|needed| self.available() < needed);
        self.status == WalletStatus::Active
            && self
                .auto_top_up_below
                .is_some_and(|below| self.balance < below || is_short)
    }
}

impl Audited for Wallet {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        Snapshot::new()
            .with("user", self.user)
            .with("status", status)
            .with("balance", self.money(self.balance))
            .with("held", self.held)
            .with("entries", self.entries)
    }
}
