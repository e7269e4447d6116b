//! Top-ups.

use credits_model::top_up::TopUp;
use credits_model::top_up_refund::{RefundCause, TopUpDetail, TopUpRefund};
use kernel::{Currency, Money, RefundId, Timestamp, TopUpId, WalletId};
use serde::Serialize;
use utoipa::ToSchema;

use super::aftercare::DisputeOutcomeDto;
use super::money::MoneyDto;
use super::order_states::{PaymentStatusDto, RefundStatusDto};

/// Money that is paid into a wallet.
#[derive(Serialize, ToSchema)]
#[schema(as = TopUp)]
pub(crate) struct TopUpDto {
    /// Which.
    #[schema(value_type = String, example = "top_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: TopUpId,
    /// Into which wallet.
    #[schema(value_type = String, example = "wal_01j9z6m3k4f5g6h7j8k9m0n1p2")]
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
    /// Whether the wallet made it by itself, because its balance was low.
    is_automatic: bool,
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
            is_automatic: top_up.is_automatic(),
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
    /// How much credit it became.
    credited: Option<MoneyDto>,
    /// What went back of what came, or is promised to.
    refunded: Option<MoneyDto>,
    /// How much of its credit was taken away for that.
    taken_back: MoneyDto,
    /// Where its disputes stand at the payer's bank: open while one is, else
    /// lost if one is.
    dispute: Option<DisputeOutcomeDto>,
    /// Why somebody should look at it.
    #[schema(example = "amount_mismatch")]
    attention: Option<String>,
}

impl From<TopUp> for AdminTopUpDto {
    fn from(top_up: TopUp) -> Self {
        let currency = top_up.amount.currency;
        let credit = |minor| MoneyDto::from(Money::new(minor, currency));
        let refunded = |paid: Money| Money::new(top_up.refunded, paid.currency).into();
        Self {
            paid: top_up.paid.map(Into::into),
            credited: top_up.credited.map(credit),
            refunded: top_up.paid.map(refunded),
            taken_back: credit(top_up.taken_back),
            dispute: top_up.dispute().map(Into::into),
            attention: top_up.attention.clone(),
            top_up: top_up.into(),
        }
    }
}

/// Why money of a top-up went back.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TopUpRefundCause)]
pub(crate) enum RefundCauseDto {
    /// Somebody who runs the shop gave it back here.
    AskedFor,
    /// Somebody gave it back at the gateway.
    MadeAtGateway,
    /// The payer's bank took it, because the payer disputed it.
    ChargedBack,
}

/// Money of a top-up that went back.
#[derive(Serialize, ToSchema)]
#[schema(as = TopUpRefund)]
pub(crate) struct TopUpRefundDto {
    /// Which.
    #[schema(value_type = String, example = "ref_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: RefundId,
    /// Why.
    cause: RefundCauseDto,
    /// Where it stands.
    status: RefundStatusDto,
    /// How much.
    amount: MoneyDto,
    /// How much credit was taken away for it.
    taken: MoneyDto,
    /// What somebody wrote about it.
    reason: Option<String>,
    /// The gateway's name for it, or for the dispute.
    external_id: Option<String>,
    /// Why the gateway refused.
    failure: Option<String>,
    /// When it was promised.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A top-up with what went back of it, as those who run the shop see it.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminTopUpDetail)]
pub(crate) struct AdminTopUpDetailDto {
    #[serde(flatten)]
    top_up: AdminTopUpDto,
    /// What went back, oldest first.
    refunds: Vec<TopUpRefundDto>,
}

fn refund(refund: TopUpRefund, paid_in: Currency, credit_in: Currency) -> TopUpRefundDto {
    TopUpRefundDto {
        id: refund.id,
        cause: match refund.cause {
            RefundCause::AskedFor => RefundCauseDto::AskedFor,
            RefundCause::MadeAtGateway => RefundCauseDto::MadeAtGateway,
            RefundCause::ChargedBack => RefundCauseDto::ChargedBack,
        },
        status: refund.status.into(),
        amount: Money::new(refund.amount, paid_in).into(),
        taken: Money::new(refund.taken, credit_in).into(),
        reason: refund.reason,
        external_id: refund.external,
        failure: refund.failure,
        created_at: refund.created_at,
    }
}

impl From<TopUpDetail> for AdminTopUpDetailDto {
    fn from(detail: TopUpDetail) -> Self {
        let credit_in = detail.top_up.amount.currency;
        let paid_in = detail.top_up.paid.map_or(credit_in, |paid| paid.currency);
        let refunds = detail.refunds.into_iter();
        Self {
            refunds: refunds.map(|one| refund(one, paid_in, credit_in)).collect(),
            top_up: detail.top_up.into(),
        }
    }
}
