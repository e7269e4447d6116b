//! Top-ups.

use credits_model::top_up::TopUp;
use kernel::{Timestamp, TopUpId, WalletId};
use serde::Serialize;
use utoipa::ToSchema;

use super::money::MoneyDto;
use super::order_states::PaymentStatusDto;

/// Money that is paid into a wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = TopUp)]
pub(crate) struct TopUpDto {
    /// Which.
    #[schema(value_type = String)]
    id: TopUpId,
    /// Into which wallet.
    #[schema(value_type = String)]
    wallet_id: WalletId,
    /// Through whom.
    #[schema(example = "stripe")]
    gateway: String,
    /// Where it stands.
    status: PaymentStatusDto,
    /// How much it is for.
    amount: MoneyDto,
    /// The gateway's name for it.
    session_id: Option<String>,
    /// Where it is paid; while it can be.
    #[schema(format = "uri")]
    url: Option<String>,
    /// When it was credited.
    #[schema(value_type = Option<String>, format = DateTime)]
    credited_at: Option<Timestamp>,
    /// Why it failed.
    failure: Option<String>,
    /// Until when it can be paid.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<TopUp> for TopUpDto {
    fn from(top_up: TopUp) -> Self {
        let open = top_up.is_under_way();
        Self {
            id: top_up.id,
            wallet_id: top_up.wallet,
            gateway: top_up.gateway,
            status: top_up.status.into(),
            amount: top_up.amount.into(),
            session_id: top_up.session,
            url: top_up.url.filter(|_| open),
            credited_at: top_up.credited_at,
            failure: top_up.failure,
            expires_at: top_up.expires_at,
            created_at: top_up.created_at,
        }
    }
}

/// A top-up, as those who run the shop see it.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminTopUp)]
pub(crate) struct AdminTopUpDto {
    #[serde(flatten)]
    top_up: TopUpDto,
    /// What came, when it did.
    paid: Option<MoneyDto>,
    /// Why somebody should look at it.
    #[schema(example = "amount_mismatch")]
    attention: Option<String>,
}

impl From<TopUp> for AdminTopUpDto {
    fn from(top_up: TopUp) -> Self {
        Self {
            paid: top_up.paid.map(Into::into),
            attention: top_up.attention.clone(),
            top_up: top_up.into(),
        }
    }
}
