//! Background work of credits.

use kernel::{Job, RefundId};
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
