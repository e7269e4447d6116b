//! A model of wallets that knows no database, in plain words: a wallet is a heap
//! of lots, and the best one is taken from until there is enough.

use credits_model::transfer::SpendKind;
use kernel::{HoldId, Timestamp};

#[derive(Debug, Clone, PartialEq)]
pub struct Lot {
    pub paid: bool,
    pub priority: i64,
    pub expires: Option<Timestamp>,
    pub made: Timestamp,
    pub granted: i64,
    pub left: i64,
}

#[derive(Debug, Clone)]
pub struct Spent {
    pub kind: SpendKind,
    pub reference: String,
    pub amount: i64,
    /// How much of which lot, the first to burn first.
    pub of: Vec<(usize, i64)>,
}

impl Spent {
    /// What was not given back of it.
    pub fn kept(&self) -> i64 {
        self.of.iter().map(|(_, part)| part).sum()
    }
}

#[derive(Debug, Clone)]
pub struct Held {
    pub id: HoldId,
    pub left: i64,
    pub captured: i64,
    pub expires: Timestamp,
}

/// Credit that was promised under a name.
#[derive(Debug, Clone)]
pub struct Promise {
    pub reference: String,
    /// Which hold it is.
    pub hold: usize,
}

/// A wallet as the model knows it.
#[derive(Debug, Clone, Default)]
pub struct Wallet {
    pub lots: Vec<Lot>,
    pub spends: Vec<Spent>,
    pub holds: Vec<Held>,
    pub promises: Vec<Promise>,
    pub topped_up: i64,
    pub spent: i64,
    pub entries: i64,
}

pub type Outcome = Result<(), &'static str>;

impl Wallet {
    pub fn balance(&self) -> i64 {
        self.lots.iter().map(|lot| lot.left).sum()
    }

    pub fn held(&self) -> i64 {
        self.holds.iter().map(|hold| hold.left).sum()
    }

    /// The lot that burns next.
    pub fn next(&self) -> Option<usize> {
        let open = (0..self.lots.len()).filter(|&n| self.lots[n].left > 0);
        open.min_by_key(|&n| {
            let lot = &self.lots[n];
            let never = Timestamp::from_micros(i64::MAX);
            (
                lot.paid,
                lot.priority,
                lot.expires.unwrap_or(never),
                lot.made,
            )
        })
    }

    pub fn burn(&mut self, amount: i64) -> Vec<(usize, i64)> {
        let mut left = amount;
        let mut of = Vec::new();
        while left > 0 {
            let n = self.next().expect("the balance is enough");
            let part = left.min(self.lots[n].left);
            self.lots[n].left -= part;
            left -= part;
            of.push((n, part));
        }
        self.entries += 1;
        of
    }

    pub fn spend(&mut self, kind: SpendKind, reference: &str, amount: i64) -> Outcome {
        if amount > self.balance() - self.held() {
            return Err("wallet.insufficient_credit");
        }
        let of = self.burn(amount);
        self.spent += amount;
        self.remember(kind, reference, amount, of);
        Ok(())
    }

    /// A spend that can be given back later.
    pub fn remember(
        &mut self,
        kind: SpendKind,
        reference: &str,
        amount: i64,
        of: Vec<(usize, i64)>,
    ) {
        self.spends.push(Spent {
            kind,
            reference: reference.to_owned(),
            amount,
            of,
        });
    }

    pub fn refund(&mut self, n: usize, amount: Option<i64>) -> Outcome {
        let spend = &mut self.spends[n];
        let most = spend.kept();
        let amount = amount.unwrap_or(most);
        if amount > most || amount == 0 {
            return Err("wallet.refund_too_large");
        }
        let mut left = amount;
        for (lot, part) in spend.of.iter_mut().rev() {
            let back = left.min(*part);
            *part -= back;
            left -= back;
            self.lots[*lot].left += back;
        }
        self.spent -= amount;
        self.entries += 1;
        Ok(())
    }

    /// How much of which lot it took.
    pub fn capture(
        &mut self,
        n: usize,
        amount: i64,
        is_last: bool,
        now: Timestamp,
    ) -> Result<Vec<(usize, i64)>, &'static str> {
        let hold = &mut self.holds[n];
        if hold.left == 0 || hold.expires <= now {
            return Err("wallet.hold_over");
        }
        if amount > hold.left {
            return Err("wallet.capture_too_large");
        }
        hold.left = if is_last { 0 } else { hold.left - amount };
        hold.captured += amount;
        self.spent += amount;
        Ok(self.burn(amount))
    }

    pub fn expire(&mut self, now: Timestamp) {
        for hold in self.holds.iter_mut().filter(|hold| hold.expires <= now) {
            hold.left = 0;
        }
        // In the order in which they burn, which counts when not all may go.
        let mut aside = Vec::new();
        while let Some(n) = self.next() {
            let over = self.lots[n].expires.is_some_and(|at| at <= now);
            let part = self.lots[n]
                .left
                .min(self.balance() + sum(&aside) - self.held());
            let left = if over {
                self.lots[n].left - part
            } else {
                self.lots[n].left
            };
            self.entries += i64::from(over && part > 0);
            self.lots[n].left = 0;
            aside.push((n, left));
        }
        for (n, left) in aside {
            self.lots[n].left = left;
        }
    }
}

fn sum(aside: &[(usize, i64)]) -> i64 {
    aside.iter().map(|(_, left)| left).sum()
}
