//! What came of comparing stock with its reservations.

use kernel::{Audited, ProductId, Snapshot, StockItemId, Timestamp};
use serde::{Deserialize, Serialize};

/// How many mended piles a report names.
pub const NAMED: usize = 100;

/// A pile whose promises differed from its reservations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mended {
    /// Which pile.
    pub stock_item: StockItemId,
    /// Of which product.
    pub product: ProductId,
    /// How many were said to be promised.
    pub reserved_before: i64,
    /// How many are.
    pub reserved_after: i64,
    /// How many pieces were promised though they are not there.
    pub oversold: i64,
}

/// What a run found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncReport {
    /// Who asked for it.
    pub actor: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// How many piles were compared.
    pub piles: i64,
    /// How many of them were mended.
    pub mended: i64,
    /// How many pieces of them were promised though they are not there.
    pub oversold: i64,
    /// The first of the mended ones.
    pub named: Vec<Mended>,
    /// Whether there are more to mend, which the next run does.
    pub more: bool,
}

impl SyncReport {
    /// Adds a pile that was mended.
    pub fn add(&mut self, mended: Mended) {
        self.mended += 1;
        self.oversold += mended.oversold;
        if self.named.len() < NAMED {
            self.named.push(mended);
        }
    }
}

impl Audited for SyncReport {
    fn snapshot(&self) -> Snapshot {
        let piles = self.named.iter().map(|one| one.stock_item);
        Snapshot::new()
            .with("piles", self.piles)
            .with("mended", self.mended)
            .with("oversold", self.oversold)
            .with("named", piles.collect::<kernel::audit::Fact>())
    }
}
