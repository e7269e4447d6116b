//! Facts about wallets.

use kernel::{Event, GiftCardId, RefundId, TopUpId, WalletId};
use serde::{Deserialize, Serialize};

/// The balance of a wallet fell below what its owner wants to be told of. It
/// is said once each time that it falls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LowBalance {
    /// Which wallet.
    pub wallet: WalletId,
    /// What is in it then, in minor units of its currency.
    pub balance: i64,
    /// Below which balance its owner wants to be told.
    pub threshold: i64,
}

impl Event for LowBalance {
    const KIND: &'static str = "wallet.low_balance";
}

/// The balance of a wallet fell below what it tops itself up at, or was not
/// enough for something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AutoTopUpDue {
    /// Which wallet.
    pub wallet: WalletId,
    /// What there was not enough for, in minor units.
    pub needed: Option<i64>,
}

impl Event for AutoTopUpDue {
    const KIND: &'static str = "wallet.auto_top_up_due";
}

/// Automatic top-ups of a wallet stopped, because they failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AutoTopUpStopped {
    /// Which wallet.
    pub wallet: WalletId,
}

impl Event for AutoTopUpStopped {
    const KIND: &'static str = "wallet.auto_top_up_stopped";
}

/// A wallet was frozen, or is no longer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WalletFrozen {
    /// Which wallet.
    pub wallet: WalletId,
    /// Whether it is frozen now.
    pub frozen: bool,
}

impl Event for WalletFrozen {
    const KIND: &'static str = "wallet.frozen";
}

/// What was paid for a top-up is in its wallet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TopUpCredited {
    /// Which top-up.
    pub top_up: TopUpId,
    /// Into which wallet.
    pub wallet: WalletId,
}

impl Event for TopUpCredited {
    const KIND: &'static str = "top_up.credited";
}

/// Money of a top-up is to go back; its credit is taken away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TopUpRefundPromised {
    /// Of which top-up.
    pub top_up: TopUpId,
    /// Which refund.
    pub refund: RefundId,
}

impl Event for TopUpRefundPromised {
    const KIND: &'static str = "top_up.refund_promised";
}

/// Money of a top-up went back, or was charged back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TopUpRefunded {
    /// Of which top-up.
    pub top_up: TopUpId,
    /// Which refund.
    pub refund: RefundId,
}

impl Event for TopUpRefunded {
    const KIND: &'static str = "top_up.refunded";
}

/// A gift card is in a wallet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GiftCardRedeemed {
    /// Which gift card.
    pub gift_card: GiftCardId,
    /// Into which wallet.
    pub wallet: WalletId,
}

impl Event for GiftCardRedeemed {
    const KIND: &'static str = "gift_card.redeemed";
}
