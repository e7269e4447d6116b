//! What paying an order from a wallet does: credit is promised under the name
//! of the order, and the promise is kept, lowered or let go.

use std::time::Duration;

use credits_model::transfer::SpendKind;
use credits_service::HoldUpTo;
use database::Transaction;
use kernel::Timestamp;
use rand::RngExt as _;

use super::super::eur;
use super::super::model::{Held, Promise};
use super::{Answer, Play};

impl Play {
    /// An order is placed, and paid from the wallet as far as it goes.
    pub(super) async fn promise(
        &mut self,
        tx: &Transaction,
        w: usize,
        reference: &str,
        now: Timestamp,
    ) -> Answer {
        let (most, named) = (self.roll(300), self.roll(3) == 1);
        let expires = now.plus(Duration::from_secs(self.chance.random_range(1..20_000)));
        let wanted = HoldUpTo {
            wallet: self.keys[w],
            reference: reference.to_owned(),
            amount: named.then(|| eur(most)),
            most: eur(most),
            expires_at: expires,
        };
        let credits = &self.books.credits;
        let real = credits.authorise_up_to_in_tx(tx, &wanted, |all| all).await;
        let wallet = &mut self.wallets[w];
        let available = wallet.balance() - wallet.held();
        if named && most > available {
            let refused = Err("wallet.insufficient_credit");
            return ("promise", real.map(|_| ()), refused);
        }
        let amount = most.min(available);
        let name = if amount > 0 { "promise" } else { "nothing" };
        if let Ok(hold) = &real {
            assert_eq!(hold.as_ref().map_or(0, |hold| hold.amount), amount);
            if let Some(hold) = hold {
                wallet.promises.push(Promise {
                    reference: reference.to_owned(),
                    hold: wallet.holds.len(),
                });
                wallet.holds.push(Held {
                    id: hold.id,
                    left: amount,
                    captured: 0,
                    expires,
                });
            }
        }
        (name, real.map(|_| ()), Ok(()))
    }

    /// The order is paid: the promise is spent, or what there is when its time
    /// is over.
    pub(super) async fn settle(&mut self, tx: &Transaction, w: usize, now: Timestamp) -> Answer {
        let Some(n) = self.pick(self.wallets[w].promises.len()) else {
            return ("nothing to settle", Ok(()), Ok(()));
        };
        let promise = self.wallets[w].promises[n].clone();
        let amount = self.roll(200);
        let real = self
            .books
            .credits
            .capture_held_in_tx(tx, SpendKind::Order, &promise.reference, eur(amount))
            .await;
        let wallet = &mut self.wallets[w];
        let wanted = match wallet.capture(promise.hold, amount, true, now) {
            Err("wallet.hold_over") => {
                wallet.holds[promise.hold].left = 0;
                wallet.spend(SpendKind::Order, &promise.reference, amount)
            }
            Ok(of) => {
                wallet.remember(SpendKind::Order, &promise.reference, amount, of);
                Ok(())
            }
            Err(other) => Err(other),
        };
        if wanted.is_ok() {
            wallet.promises.swap_remove(n);
        }
        ("settle", real.map(|_| ()), wanted)
    }

    /// The order is changed, and costs less.
    pub(super) async fn lower(&mut self, tx: &Transaction, w: usize) -> Answer {
        let Some(n) = self.pick(self.wallets[w].promises.len()) else {
            return ("nothing to lower", Ok(()), Ok(()));
        };
        let amount = self.roll(200) - 1;
        let promise = &self.wallets[w].promises[n];
        let (credits, reference) = (&self.books.credits, &promise.reference);
        let real = credits.lower_held_in_tx(tx, reference, eur(amount)).await;
        let hold = promise.hold;
        let hold = &mut self.wallets[w].holds[hold];
        let wanted = if amount < 1 {
            hold.left = 0;
            Ok(())
        } else if hold.left == 0 || amount <= hold.captured {
            Err("wallet.hold_over")
        } else {
            hold.left = hold.left.min(amount - hold.captured);
            Ok(())
        };
        ("lower", real, wanted)
    }

    /// The order is canceled.
    pub(super) async fn let_go(&mut self, tx: &Transaction, w: usize) -> Answer {
        let Some(n) = self.pick(self.wallets[w].promises.len()) else {
            return ("nothing to cancel", Ok(()), Ok(()));
        };
        let promise = &self.wallets[w].promises[n];
        let (credits, reference) = (&self.books.credits, &promise.reference);
        let real = credits.void_held_in_tx(tx, reference).await;
        let hold = promise.hold;
        self.wallets[w].holds[hold].left = 0;
        ("let go", real, Ok(()))
    }
}
