//! Wallets and what was booked in them.

use credits_model::hold::Hold;
use credits_model::lot::Lot;
use credits_model::proof::{Figure, Proof};
use credits_model::transfer::Transaction;
use credits_model::wallet::Wallet;
use credits_service::{OwnWallet, WalletDetail};
use kernel::{Currency, HoldId, LotId, Money, Timestamp, TransferId, UserId, WalletId};
use serde::Serialize;
use utoipa::ToSchema;

use super::money::MoneyDto;
use super::wallet_kinds::{LotKindDto, TransferKindDto, WalletStatusDto};

/// One's own wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnWallet)]
pub(crate) struct OwnWalletDto {
    /// Which; null while there never was any credit.
    #[schema(value_type = Option<String>, example = "wal_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: Option<WalletId>,
    /// Whether it can be used.
    status: WalletStatusDto,
    /// All there is.
    credit_balance: MoneyDto,
    /// How much of it is promised to services.
    held: MoneyDto,
    /// What can be spent.
    available: MoneyDto,
    /// All that was paid in.
    total_top_up: MoneyDto,
    /// All that was spent, less what was refunded.
    total_spent: MoneyDto,
    /// Below which balance `wallet.low_balance` is published.
    low_balance_threshold: Option<MoneyDto>,
}

impl From<OwnWallet> for OwnWalletDto {
    fn from(own: OwnWallet) -> Self {
        match own.wallet {
            Some(wallet) => Self::from(&wallet),
            None => Self::empty(own.currency),
        }
    }
}

impl From<&Wallet> for OwnWalletDto {
    fn from(wallet: &Wallet) -> Self {
        let money = |minor| MoneyDto::from(wallet.money(minor));
        Self {
            id: Some(wallet.id),
            status: wallet.status.into(),
            credit_balance: money(wallet.balance),
            held: money(wallet.held),
            available: money(wallet.available()),
            total_top_up: money(wallet.total_top_up),
            total_spent: money(wallet.total_spent),
            low_balance_threshold: wallet.low_balance_threshold.map(money),
        }
    }
}

impl OwnWalletDto {
    fn empty(currency: Currency) -> Self {
        let nothing = MoneyDto::from(Money::zero(currency));
        Self {
            id: None,
            status: WalletStatusDto::Active,
            credit_balance: nothing,
            held: nothing,
            available: nothing,
            total_top_up: nothing,
            total_spent: nothing,
            low_balance_threshold: None,
        }
    }
}

/// A wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = Wallet)]
pub(crate) struct WalletDto {
    /// Which.
    #[schema(value_type = String, example = "wal_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: WalletId,
    /// Whose.
    #[schema(value_type = String, example = "usr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    user_id: UserId,
    /// Whether it can be used.
    status: WalletStatusDto,
    /// All there is.
    credit_balance: MoneyDto,
    /// How much of it is promised to services.
    held: MoneyDto,
    /// What can be spent.
    available: MoneyDto,
    /// All that was paid in.
    total_top_up: MoneyDto,
    /// All that was spent, less what was refunded.
    total_spent: MoneyDto,
    /// How many transactions it has.
    #[schema(example = 17)]
    transactions: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Wallet> for WalletDto {
    fn from(wallet: Wallet) -> Self {
        let money = |minor| MoneyDto::from(wallet.money(minor));
        Self {
            id: wallet.id,
            user_id: wallet.user,
            status: wallet.status.into(),
            credit_balance: money(wallet.balance),
            held: money(wallet.held),
            available: money(wallet.available()),
            total_top_up: money(wallet.total_top_up),
            total_spent: money(wallet.total_spent),
            transactions: wallet.entries,
            created_at: wallet.created_at,
            updated_at: wallet.updated_at,
        }
    }
}

/// A part of a balance.
#[derive(Serialize, ToSchema)]
#[schema(as = CreditLot)]
pub(crate) struct LotDto {
    /// Which.
    #[schema(value_type = String, example = "lot_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: LotId,
    /// Where its credit comes from.
    kind: LotKindDto,
    /// Which of a kind is burned first: the lower one.
    priority: i64,
    /// How much it was.
    granted: MoneyDto,
    /// How much is left.
    remaining: MoneyDto,
    /// When what is left of it expires.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Credit that is promised.
#[derive(Serialize, ToSchema)]
#[schema(as = CreditHold)]
pub(crate) struct HoldDto {
    /// Which.
    #[schema(value_type = String, example = "hold_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: HoldId,
    /// What it was made for.
    #[schema(example = "ord_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    reference: String,
    /// How much was promised.
    amount: MoneyDto,
    /// How much of it was captured.
    captured: MoneyDto,
    /// Until when it can be captured.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A wallet with what it is made of.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletDetail)]
pub(crate) struct WalletDetailDto {
    #[serde(flatten)]
    wallet: WalletDto,
    /// What is left of its lots, in the order in which they are burned; the
    /// first hundred.
    lots: Vec<LotDto>,
    /// Its open holds, the first to end first; the first hundred.
    holds: Vec<HoldDto>,
}

impl From<WalletDetail> for WalletDetailDto {
    fn from(detail: WalletDetail) -> Self {
        let wallet = &detail.wallet;
        let money = |minor| MoneyDto::from(wallet.money(minor));
        let lot = |lot: Lot| LotDto {
            id: lot.id,
            kind: lot.kind.into(),
            priority: lot.priority,
            granted: money(lot.granted),
            remaining: money(lot.remaining),
            expires_at: lot.expires_at,
            created_at: lot.created_at,
        };
        let hold = |hold: Hold| HoldDto {
            id: hold.id,
            amount: money(hold.amount),
            captured: money(hold.captured),
            reference: hold.reference,
            expires_at: hold.expires_at,
        };
        Self {
            lots: detail.lots.into_iter().map(lot).collect(),
            holds: detail.holds.into_iter().map(hold).collect(),
            wallet: detail.wallet.into(),
        }
    }
}

/// What a transaction did to a lot.
#[derive(Serialize, ToSchema)]
#[schema(as = CreditLotPart)]
pub(crate) struct LotPartDto {
    /// Which lot.
    #[schema(value_type = String, example = "lot_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    lot_id: LotId,
    /// Where its credit comes from.
    kind: LotKindDto,
    /// How much more is left of it; negative when it was taken from.
    amount: MoneyDto,
}

/// Something that was booked in a wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletTransaction)]
pub(crate) struct TransactionDto {
    /// Which.
    #[schema(value_type = String, example = "txn_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: TransferId,
    /// The number of it in the wallet, from 1.
    sequence: i64,
    /// What for.
    #[serde(rename = "type")]
    kind: TransferKindDto,
    /// What it was booked for: the id of a top-up, an order, a subscription.
    #[schema(example = "top_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    reference: String,
    /// How much more is in the wallet; negative when it was taken from.
    amount: MoneyDto,
    /// What was in the wallet after it.
    balance_after: MoneyDto,
    /// Which spend was given back, or of which top-up money went back.
    #[schema(value_type = Option<String>, example = "txn_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    refund_of: Option<TransferId>,
    /// Why, when it was booked by hand.
    reason: Option<String>,
    /// The lots it was taken from or added to.
    lots: Vec<LotPartDto>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Transaction> for TransactionDto {
    fn from(one: Transaction) -> Self {
        let currency = one.amount.currency;
        Self {
            id: one.id,
            sequence: one.sequence,
            kind: one.kind.into(),
            reference: one.reference,
            amount: one.amount.into(),
            balance_after: one.balance_after.into(),
            refund_of: one.reverses,
            reason: one.reason,
            lots: one
                .lots
                .into_iter()
                .map(|part| LotPartDto {
                    lot_id: part.lot,
                    kind: part.kind.into(),
                    amount: Money::new(part.amount, currency).into(),
                })
                .collect(),
            created_at: one.created_at,
        }
    }
}

/// One figure of a proof.
#[derive(Serialize, ToSchema)]
#[schema(as = ProvenFigure)]
pub(crate) struct FigureDto {
    /// Which.
    #[schema(example = "balance_of_entries")]
    name: String,
    /// What is cached, in minor units.
    #[schema(example = 1299)]
    cached: i64,
    /// What entries, lots and holds add up to.
    #[schema(example = 1299)]
    proven: i64,
    /// Whether both are the same.
    holds: bool,
}

impl From<Figure> for FigureDto {
    fn from(figure: Figure) -> Self {
        Self {
            name: figure.name.to_owned(),
            cached: figure.cached,
            proven: figure.proven,
            holds: figure.holds(),
        }
    }
}

/// The proof that a wallet is what was booked.
#[derive(Serialize, ToSchema)]
#[schema(as = WalletProof)]
pub(crate) struct ProofDto {
    /// Which wallet.
    #[schema(value_type = String, example = "wal_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    wallet_id: WalletId,
    /// Whether all figures hold.
    holds: bool,
    /// The figures.
    figures: Vec<FigureDto>,
}

impl From<Proof> for ProofDto {
    fn from(proof: Proof) -> Self {
        Self {
            wallet_id: proof.wallet,
            holds: proof.holds(),
            figures: proof.figures.into_iter().map(FigureDto::from).collect(),
        }
    }
}
