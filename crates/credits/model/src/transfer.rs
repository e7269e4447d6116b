//! The ledger: transfers, each of two entries that add up to nothing.

use kernel::{Currency, LotId, Money, Timestamp, TransferId, WalletId};
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

use crate::lot::{LotChange, LotKind};

/// The longest reference, in bytes.
pub const MAX_REFERENCE: usize = 200;

/// What a transfer was for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    EnumIter,
    IntoStaticStr,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TransferKind {
    /// Its owner paid in.
    TopUp,
    /// What was paid in went back to its owner.
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

/// What credit is spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter)]
pub enum SpendKind {
    /// A new subscription.
    Subscription,
    /// A dearer subscription instead of another.
    Upgrade,
    /// Another period of a subscription.
    Renewal,
    /// An order.
    Order,
}

impl From<SpendKind> for TransferKind {
    fn from(kind: SpendKind) -> Self {
        match kind {
            SpendKind::Subscription => Self::Subscription,
            SpendKind::Upgrade => Self::Upgrade,
            SpendKind::Renewal => Self::Renewal,
            SpendKind::Order => Self::Order,
        }
    }
}

/// Where an entry stands: in the account of a wallet, or in one of the
/// tenant's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Account {
    /// What a wallet holds: what the tenant owes its owner.
    Wallet,
    /// Money on its way from payment gateways.
    GatewayClearing,
    /// What was earned.
    Revenue,
    /// What was given away.
    Promotions,
    /// What was put right by hand.
    Adjustments,
    /// What expired.
    Expired,
}

impl TransferKind {
    /// Whether credit was spent, and can be given back.
    pub fn is_spend(self) -> bool {
        matches!(
            self,
            Self::Subscription | Self::Upgrade | Self::Renewal | Self::Order
        )
    }

    /// The tenant's account that stands against the wallet's.
    pub fn counterpart(self) -> Account {
        match self {
            Self::TopUp | Self::TopUpRefund => Account::GatewayClearing,
            Self::Subscription | Self::Upgrade | Self::Renewal | Self::Order | Self::Refund => {
                Account::Revenue
            }
            Self::AdminAdjustment => Account::Adjustments,
            Self::Expiry => Account::Expired,
            Self::Gift => Account::Promotions,
        }
    }
}

/// A transfer that is to be booked, with what it does to the wallet's lots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Which.
    pub id: TransferId,
    /// What for.
    pub kind: TransferKind,
    /// The name under which it happens once.
    pub reference: String,
    /// How much more is in the wallet; negative when it was taken from.
    pub amount: i64,
    /// What is in the wallet then.
    pub balance_after: i64,
    /// The number of the wallet's entry, from 1.
    pub sequence: i64,
    /// The lots that changed, each once, as they are then; a new one first.
    pub lots: Vec<LotChange>,
    /// Whether the first lot is new.
    pub adds_lot: bool,
    /// Which spend is given back, or of which top-up money went back.
    pub reverses: Option<TransferId>,
    /// When.
    pub at: Timestamp,
}

/// A booked transfer, as it is looked up by its reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Which.
    pub id: TransferId,
    /// What for.
    pub kind: TransferKind,
    /// Of which wallet.
    pub wallet: WalletId,
    /// How much more is in the wallet; negative when it was taken from.
    pub amount: i64,
    /// What was in the wallet then.
    pub balance_after: i64,
    /// Which spend was given back, or of which top-up money went back.
    pub reverses: Option<TransferId>,
}

/// What an owner sees of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Which.
    pub id: TransferId,
    /// The number of the wallet's entry.
    pub sequence: i64,
    /// What for.
    pub kind: TransferKind,
    /// The name under which it happened: the id of the order, top-up or hold.
    pub reference: String,
    /// How much more is in the wallet; negative when it was taken from.
    pub amount: Money,
    /// What was in the wallet then.
    pub balance_after: Money,
    /// Which spend was given back, or of which top-up money went back.
    pub reverses: Option<TransferId>,
    /// What somebody wrote about it.
    pub reason: Option<String>,
    /// Which lots it changed.
    pub lots: Vec<LotPart>,
    /// When.
    pub created_at: Timestamp,
}

/// How a transfer changed a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotPart {
    /// Which lot.
    pub lot: LotId,
    /// Where its credit comes from.
    pub kind: LotKind,
    /// How much more is left of it; negative when it was taken from.
    pub amount: i64,
}

/// What came of asking for a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// The transfer.
    pub transfer: TransferId,
    /// Of which wallet.
    pub wallet: WalletId,
    /// What was in the wallet after it, in minor units.
    pub balance_after: i64,
    /// In which currency.
    pub currency: Currency,
    /// Whether it was booked now and not before.
    pub is_new: bool,
}
