//! Background work of credits.

use kernel::{Job, RefundId, WalletId};
use payments::SavedMethod;
use serde::{Deserialize, Serialize};

/// Takes what expired, and lets go of holds whose time is over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExpireCredits {}

impl Job for ExpireCredits {
    const KIND: &'static str = "credits.expire";
}

/// Proves that what is cached of wallets is what was booked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProveWallets {}

impl Job for ProveWallets {
    const KIND: &'static str = "credits.prove_wallets";
}

/// Asks gateways about top-ups nobody heard of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SweepTopUps {}

impl Job for SweepTopUps {
    const KIND: &'static str = "credits.sweep_top_ups";
}

/// Tells the gateway to give money of a top-up back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ExecuteTopUpRefund {
    /// Which refund.
    pub refund: RefundId,
}

impl Job for ExecuteTopUpRefund {
    const KIND: &'static str = "credits.execute_top_up_refund";
}

/// Tops a wallet up whose balance is low, if its owner wants that.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TopUpWhenLow {
    /// Which wallet.
    pub wallet: WalletId,
    /// What it has to be enough for, in minor units.
    pub needed: Option<i64>,
}

impl Job for TopUpWhenLow {
    const KIND: &'static str = "credits.top_up_when_low";
}

/// Lets a gateway forget a way of paying.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ForgetMethod {
    /// Which gateway.
    pub gateway: String,
    /// What it kept.
    pub method: SavedMethod,
}

impl Job for ForgetMethod {
    const KIND: &'static str = "credits.forget_method";
}

/// Mails the owner of a wallet that its balance is low.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendLowBalance {
    /// Which wallet.
    pub wallet: WalletId,
    /// What was in it, in minor units of its currency.
    pub balance: i64,
    /// Below which balance its owner wants to be told.
    pub threshold: i64,
}

impl Job for SendLowBalance {
    const KIND: &'static str = "credits.send_low_balance";
}

/// Mails the owner of a wallet that automatic top-ups of it stopped.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendAutoTopUpStopped {
    /// Which wallet.
    pub wallet: WalletId,
}

impl Job for SendAutoTopUpStopped {
    const KIND: &'static str = "credits.send_auto_top_up_stopped";
}
