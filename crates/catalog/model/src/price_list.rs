//! Price lists: what variants cost in other currencies, and for a time.
//!
//! A variant has a price of its own in the currency of the shop. Lists give it
//! further ones. Of the lists in a currency that are in force and have a price
//! for it, the one with the highest priority counts, and of equals the lowest
//! price. A list in the currency of the shop is a sale: it counts only where it
//! is lower than the variant's own price. In another currency there is no price
//! but that of a list; a variant without one is not sold in it.

use kernel::{Audited, Currency, Money, PriceListId, Snapshot, Timestamp, VariantId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CatalogError;

/// How many lists of a tenant may be active.
pub const MAX_LISTS: usize = 100;
/// How many prices are set at once.
pub const MAX_AT_ONCE: usize = 200;

/// Whether a list counts.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum PriceListStatus {
    /// It does, in its time.
    Active,
    /// Not any more.
    Archived,
}

/// Prices of variants in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceList {
    /// Which.
    pub id: PriceListId,
    /// What those who run the shop call it.
    pub name: String,
    /// The currency of its prices. It stays.
    pub currency: Currency,
    /// Of several lists, the one with the highest counts.
    pub priority: i64,
    /// Whether it counts.
    pub status: PriceListStatus,
    /// From when on; always when none.
    pub starts_at: Option<Timestamp>,
    /// Until before when; for ever when none.
    pub ends_at: Option<Timestamp>,
    /// Grows with every change; those of prices apart.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for PriceList {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        Snapshot::new()
            .with_public_text("name", Some(&self.name))
            .with("currency", self.currency)
            .with("priority", self.priority)
            .with("status", status)
            .with("starts_at", self.starts_at)
            .with("ends_at", self.ends_at)
            .with("version", self.version)
    }
}

/// A list to make.
#[derive(Debug, Clone)]
pub struct NewPriceList {
    /// What those who run the shop call it.
    pub name: String,
    /// The currency of its prices.
    pub currency: Currency,
    /// Of several lists, the one with the highest counts.
    pub priority: i64,
    /// From when on.
    pub starts_at: Option<Timestamp>,
    /// Until before when.
    pub ends_at: Option<Timestamp>,
}

/// A change of a list; what is `None` stays, `Some(None)` removes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PriceListChange {
    /// What those who run the shop call it.
    pub name: Option<String>,
    /// Of several lists, the one with the highest counts.
    pub priority: Option<i64>,
    /// Whether it counts.
    pub status: Option<PriceListStatus>,
    /// From when on.
    pub starts_at: Option<Option<Timestamp>>,
    /// Until before when.
    pub ends_at: Option<Option<Timestamp>>,
}

impl PriceList {
    /// The list that was asked for.
    pub fn new(new: NewPriceList, now: Timestamp) -> Result<Self, CatalogError> {
        Self {
            id: PriceListId::new(now),
            name: new.name,
            currency: new.currency,
            priority: new.priority,
            status: PriceListStatus::Active,
            starts_at: new.starts_at,
            ends_at: new.ends_at,
            version: 1,
            created_at: now,
            updated_at: now,
        }
        .checked()
    }

    /// The list after a change.
    pub fn changed(
        mut self,
        change: PriceListChange,
        now: Timestamp,
    ) -> Result<Self, CatalogError> {
        self.name = change.name.unwrap_or(self.name);
        self.priority = change.priority.unwrap_or(self.priority);
        self.status = change.status.unwrap_or(self.status);
        self.starts_at = change.starts_at.unwrap_or(self.starts_at);
        self.ends_at = change.ends_at.unwrap_or(self.ends_at);
        self.version += 1;
        self.updated_at = now;
        self.checked()
    }

    fn checked(self) -> Result<Self, CatalogError> {
        match (self.starts_at, self.ends_at) {
            (Some(start), Some(end)) if start >= end => Err(CatalogError::PriceListTimes),
            _ => Ok(self),
        }
    }

    /// When it comes into force or ends, after a time.
    pub fn turns_after(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let times = [self.starts_at, self.ends_at].into_iter().flatten();
        let active = self.status == PriceListStatus::Active;
        times.filter(move |at| active && *at > now)
    }
}

/// What a variant costs in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPrice {
    /// Which variant.
    pub variant: VariantId,
    /// Its stock keeping unit.
    pub sku: String,
    /// What one costs.
    pub price: Money,
    /// What one cost before; above the price.
    pub compare_at: Option<Money>,
    /// When it was last set.
    pub updated_at: Timestamp,
}

/// A price to set, or to take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceSetting {
    /// Of which variant.
    pub variant: VariantId,
    /// What one costs; none takes it out of the list.
    pub price: Option<Money>,
    /// What one cost before; above the price.
    pub compare_at: Option<Money>,
}

/// What a list says of a variant, in minor units: the price, and what it cost
/// before.
pub type Listed = (i64, Option<i64>);

/// What a variant costs in a currency, with what it cost before: its own price
/// and that of the list that counts. None when it has no price in it.
pub fn price_in(
    currency: Currency,
    own: (Money, Option<Money>),
    listed: Option<Listed>,
) -> Option<(Money, Option<Money>)> {
    let (price, compare_at) = own;
    let money = |minor| Money::new(minor, currency);
    match listed {
        None => (price.currency == currency).then_some(own),
        Some((minor, before)) if price.currency != currency => {
            Some((money(minor), before.map(money)))
        }
        // A sale shows what it takes off.
        Some((minor, before)) if minor < price.minor => Some((
            money(minor),
            before.map(money).or(compare_at).or(Some(price)),
        )),
        Some(_) => Some(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sales_in_the_currency_of_the_shop() {
        let eur = |minor| Money::new(minor, Currency::EUR);
        let own = (eur(1000), None);
        let compared = (eur(1000), Some(eur(1500)));
        for (own, listed, expected) in [
            (own, None, (eur(1000), None)),
            (own, Some((800, None)), (eur(800), Some(eur(1000)))),
            (compared, Some((800, None)), (eur(800), Some(eur(1500)))),
            (compared, Some((800, Some(900))), (eur(800), Some(eur(900)))),
            (compared, Some((1000, Some(2000))), compared),
            (own, Some((1200, None)), own),
        ] {
            assert_eq!(price_in(Currency::EUR, own, listed), Some(expected));
        }
    }

    #[test]
    fn other_currencies_have_only_lists() {
        let own = (Money::new(1000, Currency::EUR), None);
        let usd = |minor| Money::new(minor, Currency::USD);
        assert_eq!(price_in(Currency::USD, own, None), None);
        assert_eq!(
            price_in(Currency::USD, own, Some((5000, None))),
            Some((usd(5000), None))
        );
        assert_eq!(
            price_in(Currency::USD, own, Some((900, Some(1100)))),
            Some((usd(900), Some(usd(1100))))
        );
    }

    #[test]
    fn a_list_turns_when_it_begins_and_ends() {
        let at = Timestamp::from_seconds;
        let new = NewPriceList {
            name: "Sale".to_owned(),
            currency: Currency::EUR,
            priority: 0,
            starts_at: Some(at(10)),
            ends_at: Some(at(20)),
        };
        let list = PriceList::new(new.clone(), at(5)).unwrap();
        assert_eq!(
            list.turns_after(at(5)).collect::<Vec<_>>(),
            [at(10), at(20)]
        );
        assert_eq!(list.turns_after(at(10)).collect::<Vec<_>>(), [at(20)]);
        let archived = PriceListChange {
            status: Some(PriceListStatus::Archived),
            ..PriceListChange::default()
        };
        let list = list.changed(archived, at(6)).unwrap();
        assert_eq!((list.turns_after(at(5)).count(), list.version), (0, 2));
        let never = NewPriceList {
            ends_at: Some(at(10)),
            ..new
        };
        let refused = PriceList::new(never, at(5));
        assert!(matches!(refused, Err(CatalogError::PriceListTimes)));
    }
}
