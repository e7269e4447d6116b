//! The words of wallets.

use credits_model::lot::LotKind;
use credits_model::transfer::TransferKind;
use credits_model::wallet::WalletStatus;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a wallet can be used.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WalletStatus)]
pub(crate) enum WalletStatusDto {
    /// It can.
    Active,
    /// Its owner can neither spend nor top up.
    Frozen,
    /// Its owner was forgotten.
    Closed,
}

impl From<WalletStatus> for WalletStatusDto {
    fn from(status: WalletStatus) -> Self {
        match status {
            WalletStatus::Active => Self::Active,
            WalletStatus::Frozen => Self::Frozen,
            WalletStatus::Closed => Self::Closed,
        }
    }
}

impl From<WalletStatusDto> for WalletStatus {
    fn from(dto: WalletStatusDto) -> Self {
        match dto {
            WalletStatusDto::Active => Self::Active,
            WalletStatusDto::Frozen => Self::Frozen,
            WalletStatusDto::Closed => Self::Closed,
        }
    }
}

/// What a transaction was for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[schema(as = TransactionType)]
pub(crate) enum TransferKindDto {
    /// Its owner paid in.
    TopUp,
    /// What was paid in went back to its owner; when that failed, it is in
    /// the wallet again.
    TopUpRefund,
    /// A subscription began.
    Subscription,
    /// A subscription was changed for a dearer one.
    Upgrade,
    /// A spend was given back.
    Refund,
    /// Somebody put something right by hand.
    AdminAdjustment,
    /// An order was paid.
    Order,
    /// A subscription went on for another period.
    Renewal,
    /// Credit expired.
    Expiry,
    /// Credit was given.
    Gift,
}

impl From<TransferKind> for TransferKindDto {
    fn from(kind: TransferKind) -> Self {
        match kind {
            TransferKind::TopUp => Self::TopUp,
            TransferKind::TopUpRefund => Self::TopUpRefund,
            TransferKind::Subscription => Self::Subscription,
            TransferKind::Upgrade => Self::Upgrade,
            TransferKind::Refund => Self::Refund,
            TransferKind::AdminAdjustment => Self::AdminAdjustment,
            TransferKind::Order => Self::Order,
            TransferKind::Renewal => Self::Renewal,
            TransferKind::Expiry => Self::Expiry,
            TransferKind::Gift => Self::Gift,
        }
    }
}

impl From<TransferKindDto> for TransferKind {
    fn from(dto: TransferKindDto) -> Self {
        match dto {
            TransferKindDto::TopUp => Self::TopUp,
            TransferKindDto::TopUpRefund => Self::TopUpRefund,
            TransferKindDto::Subscription => Self::Subscription,
            TransferKindDto::Upgrade => Self::Upgrade,
            TransferKindDto::Refund => Self::Refund,
            TransferKindDto::AdminAdjustment => Self::AdminAdjustment,
            TransferKindDto::Order => Self::Order,
            TransferKindDto::Renewal => Self::Renewal,
            TransferKindDto::Expiry => Self::Expiry,
            TransferKindDto::Gift => Self::Gift,
        }
    }
}

/// Where the credit of a lot comes from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LotKind)]
pub(crate) enum LotKindDto {
    /// Given for nothing; it is burned first.
    Promotional,
    /// Paid for, or owed to its owner.
    Paid,
}

impl From<LotKind> for LotKindDto {
    fn from(kind: LotKind) -> Self {
        match kind {
            LotKind::Promotional => Self::Promotional,
            LotKind::Paid => Self::Paid,
        }
    }
}
