//! The proof that what is cached of a wallet is what was booked.

use kernel::WalletId;

/// One figure: what the wallet says, and what its entries, lots and holds add
/// up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Which.
    pub name: &'static str,
    /// What is cached.
    pub cached: i64,
    /// What was proven.
    pub proven: i64,
}

impl Figure {
    /// Whether both are the same.
    pub fn holds(&self) -> bool {
        self.cached == self.proven
    }
}

/// What came of proving a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Which wallet.
    pub wallet: WalletId,
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Proof {
    /// Whether all figures hold.
    pub fn holds(&self) -> bool {
        self.figures.iter().all(Figure::holds)
    }
}
