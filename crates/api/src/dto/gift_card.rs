//! Gift cards.

use credits_model::gift_card::{GiftCard, GiftCardStatus};
use credits_service::IssuedGiftCard;
use kernel::{GiftCardId, Timestamp, WalletId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::money::MoneyDto;

/// Where a gift card stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = GiftCardStatus)]
pub(crate) enum GiftCardStatusDto {
    /// It can be redeemed.
    Active,
    /// It is in a wallet.
    Redeemed,
    /// The shop took it back.
    Voided,
    /// Its time is over.
    Expired,
}

impl From<GiftCardStatus> for GiftCardStatusDto {
    fn from(status: GiftCardStatus) -> Self {
        match status {
            GiftCardStatus::Active => Self::Active,
            GiftCardStatus::Redeemed => Self::Redeemed,
            GiftCardStatus::Voided => Self::Voided,
            GiftCardStatus::Expired => Self::Expired,
        }
    }
}

impl From<GiftCardStatusDto> for GiftCardStatus {
    fn from(dto: GiftCardStatusDto) -> Self {
        match dto {
            GiftCardStatusDto::Active => Self::Active,
            GiftCardStatusDto::Redeemed => Self::Redeemed,
            GiftCardStatusDto::Voided => Self::Voided,
            GiftCardStatusDto::Expired => Self::Expired,
        }
    }
}

/// A gift card, without its code.
#[derive(Serialize, ToSchema)]
#[schema(as = GiftCard)]
pub(crate) struct GiftCardDto {
    /// Which.
    #[schema(value_type = String, example = "gift_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: GiftCardId,
    /// How much.
    amount: MoneyDto,
    /// Where it stands.
    status: GiftCardStatusDto,
    /// The last characters of its code, to tell cards apart.
    #[schema(example = "GX9P")]
    hint: String,
    /// What it is for.
    note: Option<String>,
    /// When it can be redeemed no longer.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// Into which wallet it was redeemed.
    #[schema(value_type = Option<String>, example = "wal_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    wallet_id: Option<WalletId>,
    /// When it was redeemed.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-21T08:30:00.000000Z")]
    redeemed_at: Option<Timestamp>,
    /// When it was issued.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<GiftCard> for GiftCardDto {
    fn from(card: GiftCard) -> Self {
        Self {
            id: card.id,
            amount: card.amount.into(),
            status: card.status.into(),
            hint: card.hint,
            note: card.note,
            expires_at: card.expires_at,
            wallet_id: card.wallet,
            redeemed_at: card.redeemed_at,
            created_at: card.created_at,
        }
    }
}

/// A gift card that was issued just now.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedGiftCard)]
pub(crate) struct IssuedGiftCardDto {
    #[serde(flatten)]
    card: GiftCardDto,
    /// The code; it is shown this once. Null only when the request is repeated
    /// after the secret of the installation was changed.
    #[schema(example = "7Q3KD-M0XEV-2FW8N-3GX9P")]
    code: Option<String>,
}

impl From<IssuedGiftCard> for IssuedGiftCardDto {
    fn from(issued: IssuedGiftCard) -> Self {
        Self {
            card: issued.card.into(),
            code: issued.code,
        }
    }
}
