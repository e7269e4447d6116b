//! Selling what is not there yet.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CatalogError;
use crate::stock::MAX_ON_HAND;

/// Whether more is sold than there is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum SupplyMode {
    /// Only what is there.
    #[default]
    Stock,
    /// More comes, and is sold already.
    Backorder,
    /// It is not out yet; from its day on only what is there is sold.
    Preorder,
}

/// What of a pile is sold beyond what is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supply {
    /// Whether.
    pub mode: SupplyMode,
    /// How many more than there are; 0 when only what is there is sold.
    pub beyond: i64,
    /// From when on they are expected to be there. Preorders have a day.
    pub available_at: Option<Timestamp>,
}

impl Supply {
    /// Only what is there is sold.
    pub const STOCK: Self = Self {
        mode: SupplyMode::Stock,
        beyond: 0,
        available_at: None,
    };

    /// What holds at an instant: a preorder ends when its day comes, and a day
    /// that is over is not promised any more.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        let ahead = self.available_at.filter(|&at| at > now);
        match self.mode {
            SupplyMode::Preorder if ahead.is_none() => Self::STOCK,
            _ => Self {
                available_at: ahead,
                ..self
            },
        }
    }
}

/// How an administrator changes what is true of a pile besides its numbers;
/// what is `None` stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PileChange {
    /// From which availability on it is low; `Some(None)` for the shop's.
    pub low_at: Option<Option<i64>>,
    /// Whether more is sold than there is.
    pub mode: Option<SupplyMode>,
    /// How many more.
    pub beyond: Option<i64>,
    /// From when on they are expected; `Some(None)` for nobody knows.
    pub available_at: Option<Option<Timestamp>>,
}

impl PileChange {
    /// The supply after the change. Back to what is there, limit and day go
    /// unless they are given, which is a contradiction then.
    pub fn supply(self, known: Supply, now: Timestamp) -> Result<Supply, CatalogError> {
        let mode = self.mode.unwrap_or(known.mode);
        if mode == SupplyMode::Stock {
            let contradicts = self.beyond.is_some_and(|beyond| beyond > 0)
                || self.available_at.is_some_and(|at| at.is_some());
            return if contradicts {
                Err(CatalogError::SupplyIsStock)
            } else {
                Ok(Supply::STOCK)
            };
        }
        let supply = Supply {
            mode,
            beyond: self.beyond.unwrap_or(known.beyond),
            available_at: self.available_at.unwrap_or(known.available_at),
        };
        if !(1..=MAX_ON_HAND).contains(&supply.beyond) {
            return Err(CatalogError::SupplyLimit);
        }
        // A day that is past already is not news, and not refused when other
        // things of the pile change.
        let is_new = supply != known;
        let day_ahead = supply.available_at.is_some_and(|at| at > now);
        if mode == SupplyMode::Preorder && is_new && !day_ahead {
            return Err(CatalogError::PreorderDay);
        }
        Ok(supply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preorder_ends_with_its_day() {
        let day = Timestamp::from_seconds(100);
        let preorder = Supply {
            mode: SupplyMode::Preorder,
            beyond: 5,
            available_at: Some(day),
        };
        assert_eq!(preorder.at(Timestamp::from_seconds(99)), preorder);
        assert_eq!(preorder.at(day), Supply::STOCK);
        let backorder = Supply {
            mode: SupplyMode::Backorder,
            ..preorder
        };
        assert_eq!(backorder.at(day).beyond, 5);
        assert_eq!(backorder.at(day).available_at, None);
    }

    #[test]
    fn a_supply_needs_what_belongs_to_it() {
        let now = Timestamp::from_seconds(0);
        let change = |mode, beyond, at: Option<i64>| PileChange {
            mode: Some(mode),
            beyond,
            available_at: Some(at.map(Timestamp::from_seconds)),
            low_at: None,
        };
        let of = |change: PileChange| change.supply(Supply::STOCK, now);
        assert!(of(change(SupplyMode::Backorder, Some(5), None)).is_ok());
        assert!(of(change(SupplyMode::Backorder, None, None)).is_err());
        assert!(of(change(SupplyMode::Preorder, Some(5), None)).is_err());
        assert!(of(change(SupplyMode::Preorder, Some(5), Some(0))).is_err());
        assert!(of(change(SupplyMode::Preorder, Some(5), Some(9))).is_ok());
        assert!(of(change(SupplyMode::Stock, Some(5), None)).is_err());
        assert_eq!(
            of(change(SupplyMode::Stock, Some(0), None)).ok(),
            Some(Supply::STOCK)
        );
    }
}
