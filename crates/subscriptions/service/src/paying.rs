//! Taking credit for subscriptions, and giving it back.

use credits_model::CreditsError;
use credits_model::transfer::SpendKind;
use credits_model::wallet::WalletKey;
use credits_service::{RefundOf, RefundSpend, Spend};
use database::Transaction;
use kernel::{ChargeId, Fault, Money};
use subscriptions_model::SubscriptionError;
use subscriptions_model::charge::{Charge, ChargeKind};
use subscriptions_model::subscription::Subscription;
use subscriptions_repository::charges;

use crate::Subscriptions;
use crate::reading::CHARGES;

impl Subscriptions {
    /// Takes what a subscription costs from its owner's wallet and notes it.
    /// A period that is paid already is not paid again.
    ///
    /// # Errors
    /// [`CreditsError::InsufficientCredit`] and the like, before anything is
    /// written.
    pub(crate) async fn charge(
        &self,
        tx: &Transaction,
        subscription: &Subscription,
        kind: ChargeKind,
        amount: i64,
    ) -> Result<(), SubscriptionError> {
        let now = self.now();
        let id = ChargeId::new(now);
        let amount = Money::new(amount, subscription.price.currency);
        let transfer = if amount.is_zero() {
            None
        } else {
            let period = subscription.period;
            let (spend, reference) = match kind {
                ChargeKind::Start => (SpendKind::Subscription, format!("{}/1", subscription.id)),
                ChargeKind::Renewal => {
                    (SpendKind::Renewal, format!("{}/{period}", subscription.id))
                }
                ChargeKind::Upgrade => (SpendKind::Upgrade, format!("{}/{id}", subscription.id)),
            };
            let spend = Spend {
                wallet: WalletKey::Of {
                    user: subscription.user,
                    currency: amount.currency,
                },
                kind: spend,
                reference,
                amount,
            };
            Some(self.credits.spend_in_tx(tx, &spend).await?.transfer)
        };
        let charge = Charge {
            id,
            subscription: subscription.id,
            period: subscription.period,
            kind,
            plan: subscription.plan,
            amount,
            transfer,
            refunded: Money::zero(amount.currency),
            created_at: now,
        };
        charges::insert(tx, &charge).await.map_err(|fault| {
            if fault.violates(charges::UNIQUE_PERIOD) {
                Fault::permanent("a period was to be paid twice").caused_by(fault)
            } else {
                fault
            }
        })?;
        Ok(())
    }

    /// What was given back of the period that runs by those who look after
    /// wallets, in minor units.
    pub(crate) async fn given_back_by_hand(
        &self,
        tx: &Transaction,
        subscription: &Subscription,
    ) -> Result<i64, Fault> {
        let mut sum = 0;
        let all = charges::of(tx, subscription.id, None, CHARGES).await?;
        for charge in all {
            let Some(transfer) = charge.transfer else {
                continue;
            };
            if charge.period == subscription.period {
                let kept = self.credits.kept_in_tx(tx, transfer).await?;
                sum += charge.amount.minor - charge.refunded.minor - kept;
            }
        }
        Ok(sum)
    }

    /// Gives credit back: of what was charged last first, and no more than was
    /// charged. What is unused of a period that an upgrade ended is worth
    /// something in the next one, so that it can be of earlier charges.
    pub(crate) async fn give_back(
        &self,
        tx: &Transaction,
        subscription: &Subscription,
        amount: i64,
    ) -> Result<(), SubscriptionError> {
        let mut left = amount;
        for charge in charges::of(tx, subscription.id, None, CHARGES).await? {
            let Some(transfer) = charge.transfer else {
                continue;
            };
            // What somebody gave back by hand is not there any more.
            let part = left.min(self.credits.kept_in_tx(tx, transfer).await?);
            if part == 0 {
                continue;
            }
            let refund = RefundSpend {
                of: RefundOf::Transfer(transfer),
                reference: format!("{}/{}", charge.id, charge.refunded.minor),
                amount: Some(Money::new(part, charge.amount.currency)),
            };
            left -= part;
            self.credits
                .refund_in_tx(tx, &refund)
                .await
                .map_err(raced)?;
            if !charges::refund(tx, charge.id, part).await? {
                return Err(Fault::transient("a charge changed meanwhile").into());
            }
        }
        Ok(())
    }
}

/// Somebody gave it back by hand at the same moment: what is left is looked at
/// again.
fn raced(error: CreditsError) -> SubscriptionError {
    match error {
        CreditsError::RefundTooLarge(_) => {
            Fault::transient("a charge was given back meanwhile").into()
        }
        error => error.into(),
    }
}

/// Whether there is not enough credit, or a wallet that cannot be used, so
/// that it can be tried again later.
pub(crate) fn is_unpaid(error: &SubscriptionError) -> bool {
    matches!(
        error,
        SubscriptionError::Credits(
            CreditsError::InsufficientCredit { .. }
                | CreditsError::Frozen
                | CreditsError::Closed
                | CreditsError::WalletNotFound
        )
    )
}
