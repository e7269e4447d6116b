//! Paying orders from wallets: promising credit when an order is placed,
//! spending it when the rest is paid, letting it go, and giving it back.

use std::time::Duration;

use credits_model::CreditsError;
use credits_model::transfer::SpendKind;
use credits_model::wallet::WalletKey;
use credits_service::{HoldUpTo, RefundOf, RefundSpend};
use database::{Batch, Transaction, retrying};
use kernel::{Money, Scope};
use orders_model::OrdersError;
use orders_model::order::Order;
use orders_model::payment::Payment;
use orders_model::ports::{PaymentGateway, RefundReport, RefundState};
use orders_model::refund::Refund;
use orders_repository::{orders, payments};

use crate::Orders;

/// How long after an order would be canceled its credit is held, for money
/// that a bank takes days to move.
const BANKS: Duration = Duration::from_hours(24 * 90);

/// How much of an order is paid from the caller's wallet.
#[derive(Debug, Clone, Copy)]
pub struct WalletShare {
    /// That much; as much as there is when absent.
    pub amount: Option<Money>,
}

impl Orders {
    /// Promises credit of the caller's wallet for an order that is placed in
    /// this transaction, and notes on the order how much. Where nobody named
    /// how much, the gateway can take the rest.
    pub(crate) async fn hold_credit(
        &self,
        tx: &Transaction,
        order: &mut Order,
        share: WalletShare,
        gateway: &str,
    ) -> Result<(), OrdersError> {
        let user = tx.scope().require_user()?;
        if order.user != Some(user) {
            return Err(OrdersError::CartNotFound);
        }
        if let Some(amount) = share.amount
            && amount.currency == order.currency
            && amount.minor > order.total.minor
        {
            return Err(OrdersError::WalletShareTooLarge(order.total));
        }
        if order.total.is_zero() {
            return Ok(());
        }
        let wanted = HoldUpTo {
            wallet: WalletKey::Of {
                user,
                currency: order.currency,
            },
            reference: order.id.to_string(),
            amount: share.amount,
            most: order.total,
            expires_at: self.now().plus(self.settings.pending_ttl).plus(BANKS),
        };
        let (total, gateway) = (order.total, self.gateways.named(gateway));
        let round = |there| match gateway {
            Some(gateway) => share_beside(gateway.as_ref(), total, there),
            None => there,
        };
        let hold = self.credits.authorise_up_to_in_tx(tx, &wanted, round);
        if let Some(hold) = hold.await? {
            order.wallet_credit = Money::new(hold.amount, order.currency);
        }
        Ok(())
    }

    /// Spends the credit that was promised for an order; its payment goes into
    /// the batch. The order's stock is locked before its wallet.
    pub(crate) async fn spend_held(
        &self,
        tx: &Transaction,
        batch: &mut Batch,
        order: &mut Order,
    ) -> Result<(), OrdersError> {
        if order.wallet_credit.is_zero() {
            return Ok(());
        }
        let now = self.now();
        let reference = order.id.to_string();
        let booked = self
            .credits
            .capture_held_in_tx(tx, SpendKind::Order, &reference, order.wallet_credit)
            .await?;
        order.capture(order.wallet_credit, Money::zero(order.currency), now)?;
        let payment = Payment::from_wallet(order, booked.transfer.to_string(), now);
        batch.add(payments::insert(&payment));
        Ok(())
    }

    /// Lets go the credit that was promised for an order that will not happen.
    /// The order's stock is locked before its wallet.
    pub(crate) async fn release_held(
        &self,
        tx: &Transaction,
        order: &Order,
    ) -> Result<(), OrdersError> {
        if order.wallet_credit.is_zero() {
            return Ok(());
        }
        let reference = order.id.to_string();
        Ok(self.credits.void_held_in_tx(tx, &reference).await?)
    }

    /// Holds no more than the wallet's share of an order, which got cheaper.
    /// The order's stock is locked before its wallet.
    pub(crate) async fn lower_held(
        &self,
        tx: &Transaction,
        order: &Order,
    ) -> Result<(), OrdersError> {
        let (reference, share) = (order.id.to_string(), order.wallet_credit);
        Ok(self.credits.lower_held_in_tx(tx, &reference, share).await?)
    }

    /// Gives credit of an order back to the lots it was taken from; what came
    /// of it, as a gateway would say.
    pub(crate) async fn refund_to_wallet(
        &self,
        scope: &Scope,
        refund: &Refund,
    ) -> Result<RefundReport, OrdersError> {
        let booked = retrying("refund.to_wallet", || {
            self.refund_to_wallet_once(scope, refund)
        })
        .await;
        let (id, state) = match booked {
            Ok(transfer) => (transfer, RefundState::Succeeded),
            Err(OrdersError::Credits(refused)) => {
                (String::new(), RefundState::Failed(refused.to_string()))
            }
            Err(error) => return Err(error),
        };
        Ok(RefundReport {
            id,
            refund: Some(refund.id),
            amount: refund.amount,
            state,
            is_total: false,
            charged_back: false,
        })
    }

    async fn refund_to_wallet_once(
        &self,
        scope: &Scope,
        refund: &Refund,
    ) -> Result<String, OrdersError> {
        let tx = self.database.begin_write(scope, "refund.to_wallet").await?;
        orders::lock(&tx, refund.order)
            .await?
            .ok_or(OrdersError::OrderNotFound)?;
        let wanted = RefundSpend {
            of: RefundOf::Spend(SpendKind::Order, refund.order.to_string()),
            reference: refund.id.to_string(),
            amount: Some(refund.amount),
        };
        let booked = self.credits.refund_in_tx(&tx, &wanted).await?;
        tx.commit().await?;
        Ok(booked.transfer.to_string())
    }
}

/// How much the wallet pays of a total when so much is there: a little less
/// when the gateway takes whole units only, and so could not take the rest.
fn share_beside(gateway: &dyn PaymentGateway, total: Money, there: Money) -> Money {
    let of = |minor| Money::new(minor, total.currency);
    let rest = of(total.minor - there.minor);
    if there.is_zero() || rest.is_zero() || gateway.objection(rest).is_none() {
        return there;
    }
    // The part of a unit that the total has can come of the wallet only.
    let part = total.minor - gateway.at_most(total).minor;
    if there.minor < part {
        return of(0);
    }
    of(part + gateway.at_most(of(there.minor - part)).minor)
}

/// Whether the credit that was promised is not there any more: its hold was
/// over, and it is spent or the wallet frozen.
pub(crate) fn is_gone(error: &OrdersError) -> bool {
    matches!(
        error,
        OrdersError::Credits(
            CreditsError::InsufficientCredit { .. }
                | CreditsError::Frozen
                | CreditsError::Closed
                | CreditsError::HoldNotFound
        )
    )
}
