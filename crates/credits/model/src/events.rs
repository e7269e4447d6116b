//! Facts about wallets.

use kernel::{Event, TopUpId, WalletId};
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
