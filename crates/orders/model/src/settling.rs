//! What the pieces of returns are worth, and what of it is due.

use kernel::{Money, OrderLineId};

use crate::errors::OrdersError;
use crate::order::{OrderLine, Settled};
use crate::returns::Return;

impl Return {
    /// Settles the pieces that came, or, before any came, all that are to,
    /// for what was paid for them; that, less what went back for them before.
    /// `all` are the returns of the order, whose lock is held. Together they
    /// settle no line for more than was paid for it.
    pub fn settle(&mut self, lines: &[OrderLine], all: &[Self]) -> Result<Money, OrdersError> {
        let others = || all.iter().filter(|other| other.id != self.id);
        let has_come = self.received_at.is_some();
        let mut sum = Money::zero(self.refunded.currency);
        for line in &mut self.lines {
            let sold = lines.iter().find(|sold| sold.id == line.line);
            let sold = sold.ok_or(OrdersError::LineNotFound)?;
            let pieces = if has_come {
                line.restocked + line.scrapped
            } else {
                line.quantity
            };
            let settled = sold.worth(settled_of(others(), line.line), pieces)?;
            line.settled = Some(settled);
            sum = sum.plus(Money::new(settled.worth, sum.currency))?;
        }
        let left = sum.minus(self.refunded)?;
        Ok(Money::new(left.minor.max(0), left.currency))
    }

    /// The same when pieces came for an exchange that they pay with `credit`:
    /// what is due besides. When fewer came than pay it, what is missing counts
    /// as gone back for the pieces that did not come, so that nobody is paid
    /// for these again when they come later.
    pub fn settle_exchange(
        &mut self,
        lines: &[OrderLine],
        all: &[Self],
        credit: Money,
    ) -> Result<Money, OrdersError> {
        let worth = self.settle(lines, all)?;
        let mut missing = credit.minor - worth.minor;
        for line in &mut self.lines {
            if missing < 1 {
                break;
            }
            let sold = lines.iter().find(|sold| sold.id == line.line);
            let sold = sold.ok_or(OrdersError::LineNotFound)?;
            let others = all.iter().filter(|other| other.id != self.id);
            let whole = sold.worth(settled_of(others, line.line), line.quantity)?;
            let mut settled = line.settled.unwrap_or_default();
            let more = (whole.worth - settled.worth).clamp(0, missing);
            settled.worth += more;
            missing -= more;
            line.settled = Some(settled);
        }
        let due = worth.minus(credit)?;
        Ok(Money::new(due.minor.max(0), due.currency))
    }

    /// Takes it back that its pieces are settled, because what they paid for
    /// is canceled.
    pub fn unsettle(&mut self) {
        for line in &mut self.lines {
            line.settled = None;
        }
    }
}

/// How many pieces of a line returns settled, and for what.
fn settled_of<'a>(returns: impl Iterator<Item = &'a Return>, line: OrderLineId) -> Settled {
    returns
        .flat_map(|one| &one.lines)
        .filter(|entry| entry.line == line)
        .filter_map(|entry| entry.settled)
        .fold(Settled::default(), |sum, one| Settled {
            pieces: sum.pieces + one.pieces,
            worth: sum.worth + one.worth,
        })
}
