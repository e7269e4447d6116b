//! Holds: made, captured and let go.

use std::time::Duration;

use credits_model::transfer::SpendKind;
use credits_service::{Authorise, Capture};
use database::Transaction;
use kernel::Timestamp;
use rand::RngExt as _;

use super::super::eur;
use super::super::model::Held;
use super::{Answer, Play};

impl Play {
    pub(super) async fn hold(
        &mut self,
        tx: &Transaction,
        w: usize,
        reference: &str,
        now: Timestamp,
    ) -> Answer {
        let amount = self.roll(200);
        let expires = now.plus(Duration::from_secs(self.chance.random_range(1..20_000)));
        let wanted = Authorise {
            wallet: self.keys[w],
            reference: reference.to_owned(),
            amount: eur(amount),
            expires_at: expires,
        };
        let real = self.books.credits.authorise_in_tx(tx, &wanted).await;
        let wallet = &mut self.wallets[w];
        if amount > wallet.balance() - wallet.held() {
            let refused = Err("wallet.insufficient_credit");
            return ("hold", real.map(|_| ()), refused);
        }
        if let Ok(hold) = &real {
            wallet.holds.push(Held {
                id: hold.id,
                left: amount,
                captured: 0,
                expires,
            });
        }
        ("hold", real.map(|_| ()), Ok(()))
    }

    pub(super) async fn capture(
        &mut self,
        tx: &Transaction,
        w: usize,
        reference: &str,
        now: Timestamp,
    ) -> Answer {
        let Some(n) = self.pick(self.wallets[w].holds.len()) else {
            return ("nothing to capture", Ok(()), Ok(()));
        };
        let (amount, is_last) = (self.roll(90), self.roll(3) == 1);
        let capture = Capture {
            hold: self.wallets[w].holds[n].id,
            kind: SpendKind::Renewal,
            reference: reference.to_owned(),
            amount: Some(eur(amount)),
            is_last,
        };
        let real = self.books.credits.capture_in_tx(tx, &capture).await;
        let wanted = self.wallets[w].capture(n, amount, is_last, now);
        ("capture", real.map(|_| ()), wanted.map(|_| ()))
    }

    pub(super) async fn void(&mut self, tx: &Transaction, w: usize) -> Answer {
        let Some(n) = self.pick(self.wallets[w].holds.len()) else {
            return ("nothing to let go", Ok(()), Ok(()));
        };
        let hold = &mut self.wallets[w].holds[n];
        hold.left = 0;
        let real = self.books.credits.void_in_tx(tx, hold.id).await;
        ("void", real.map(|_| ()), Ok(()))
    }
}
