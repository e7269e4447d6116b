//! Holds: credit that is promised and not spent yet, so that a service can
//! bill as it goes.

use kernel::{HoldId, Timestamp, WalletId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CreditsError;
use crate::wallet::Wallet;

/// Where a hold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum HoldStatus {
    /// Some of it can still be captured.
    Open,
    /// All of it was captured.
    Captured,
    /// The rest of it was let go.
    Voided,
    /// Its time was over, and the rest of it was let go.
    Expired,
}

/// Credit that is promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Which.
    pub id: HoldId,
    /// Of which wallet.
    pub wallet: WalletId,
    /// The name under which it is made once.
    pub reference: String,
    /// Where it stands.
    pub status: HoldStatus,
    /// How much was promised.
    pub amount: i64,
    /// How much of it was captured.
    pub captured: i64,
    /// Until when it can be captured.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Hold {
    /// How much of it can still be captured.
    pub fn left(&self) -> i64 {
        match self.status {
            HoldStatus::Open => self.amount - self.captured,
            _ => 0,
        }
    }

    /// Takes a part out of it, which is spent by a booking of its own.
    pub fn capture(&mut self, amount: i64, now: Timestamp) -> Result<(), CreditsError> {
        if self.status != HoldStatus::Open || self.expires_at <= now {
            return Err(CreditsError::HoldOver);
        }
        if amount > self.left() {
            return Err(CreditsError::CaptureTooLarge(self.left()));
        }
        self.captured += amount;
        if self.captured == self.amount {
            self.status = HoldStatus::Captured;
        }
        self.updated_at = now;
        Ok(())
    }

    /// Promises no more than that from now on; how much less it is.
    pub fn lower(&mut self, amount: i64, now: Timestamp) -> Result<i64, CreditsError> {
        if self.status != HoldStatus::Open || amount <= self.captured {
            return Err(CreditsError::HoldOver);
        }
        let less = (self.amount - amount).max(0);
        self.amount -= less;
        self.updated_at = now;
        Ok(less)
    }

    /// Lets go what is left of it; how much that was.
    pub fn end(&mut self, status: HoldStatus, now: Timestamp) -> i64 {
        let left = self.left();
        if self.status == HoldStatus::Open {
            self.status = status;
            self.updated_at = now;
        }
        left
    }

    /// The hold of a part of what is available in a wallet.
    pub fn on(
        wallet: &mut Wallet,
        id: HoldId,
        reference: String,
        amount: i64,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<Self, CreditsError> {
        wallet.require_active()?;
        wallet.require_available(amount)?;
        if expires_at <= now {
            return Err(CreditsError::InvalidExpiry);
        }
        wallet.held += amount;
        Ok(Self {
            id,
            wallet: wallet.id,
            reference,
            status: HoldStatus::Open,
            amount,
            captured: 0,
            expires_at,
            created_at: now,
            updated_at: now,
        })
    }
}
