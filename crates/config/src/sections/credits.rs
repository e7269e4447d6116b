//! Wallets.

use crate::reader::Reader;
use crate::values::MinorUnits;

/// Wallets.
#[derive(Debug, Clone)]
pub struct Credits {
    /// The least that can be paid in at once, in minor units.
    pub top_up_min: MinorUnits,
    /// The most that can be paid in at once, in minor units.
    pub top_up_max: MinorUnits,
}

pub(crate) fn read(r: &mut Reader) -> Credits {
    Credits {
        top_up_min: r.value(
            "credits.top_up_min",
            "100",
            "The least that can be paid into a wallet at once, in minor units of the shop's currency.",
        ),
        top_up_max: r.value(
            "credits.top_up_max",
            "1000000",
            "The most that can be paid into a wallet at once, in minor units of the shop's currency; at least CREDITS_TOP_UP_MIN.",
        ),
    }
}
