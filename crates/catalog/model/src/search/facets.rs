//! How many products there are of what.
//!
//! A facet counts what the other filters let through and not its own, so that
//! a buyer who chose one brand sees how many there would be of another one.

use kernel::CategoryId;
use strum::{EnumIter, EnumString, IntoEnumIterator as _, IntoStaticStr};

/// How many values of a facet are told: those with the most products.
pub const MAX_VALUES: usize = 100;
/// Into about how many ranges prices are divided.
const RANGES: i64 = 6;

/// What products can be counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum FacetName {
    /// The category, with all below it.
    Category,
    /// The maker.
    Brand,
    /// New or used.
    Condition,
    /// The kind.
    Kind,
    /// The tag.
    Tag,
    /// The size.
    Size,
    /// Ranges of prices.
    Price,
    /// What is in stock.
    InStock,
    /// Properties and options, by name.
    Attribute,
}

/// Which facets are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted(u32);

impl Wanted {
    /// Every one.
    pub fn all() -> Self {
        FacetName::iter().fold(Self::default(), Self::and)
    }

    /// These and one more.
    pub fn and(self, name: FacetName) -> Self {
        Self(self.0 | 1 << name as u32)
    }

    /// Whether one of them is.
    pub fn has(self, name: FacetName) -> bool {
        self.0 & 1 << name as u32 != 0
    }

    /// Whether none is.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A value and how many products have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count<T> {
    /// The value.
    pub value: T,
    /// How many products.
    pub count: u64,
}

/// A range of prices, in minor units, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceRange {
    /// The lowest.
    pub from: i64,
    /// The highest.
    pub to: i64,
}

/// Prices of variants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices {
    /// The lowest.
    pub min: Option<i64>,
    /// The highest.
    pub max: Option<i64>,
    /// How many products have a variant in which range; ranges without any are
    /// left out.
    pub ranges: Vec<Count<PriceRange>>,
}

/// The facets that were wanted; values in order of their counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// Categories that are shown, each with all below it.
    pub categories: Option<Vec<Count<CategoryId>>>,
    /// Makers.
    pub brands: Option<Vec<Count<String>>>,
    /// Conditions.
    pub conditions: Option<Vec<Count<String>>>,
    /// Kinds.
    pub kinds: Option<Vec<Count<String>>>,
    /// Tags.
    pub tags: Option<Vec<Count<String>>>,
    /// Sizes.
    pub sizes: Option<Vec<Count<String>>>,
    /// Prices.
    pub prices: Option<Prices>,
    /// How many products are in stock.
    pub in_stock: Option<u64>,
    /// Properties and options, in order of their names.
    pub attributes: Option<Vec<(String, Vec<Count<String>>)>>,
}

/// The values with the most products.
pub(super) fn most<T: Ord>(counts: impl Iterator<Item = Count<T>>) -> Vec<Count<T>> {
    let mut all: Vec<Count<T>> = counts.collect();
    let order = |a: &Count<T>, b: &Count<T>| {
        let by_count = b.count.cmp(&a.count);
        by_count.then_with(|| a.value.cmp(&b.value))
    };
    if all.len() > MAX_VALUES {
        all.select_nth_unstable_by(MAX_VALUES, order);
        all.truncate(MAX_VALUES);
    }
    all.sort_unstable_by(order);
    all
}

/// Prices of products, those of a product one after another.
pub(super) fn prices(of: &[(u32, i64)]) -> Prices {
    let min = of.iter().map(|&(_, price)| price).min();
    let max = of.iter().map(|&(_, price)| price).max();
    let (Some(least), Some(most)) = (min, max) else {
        return Prices::default();
    };
    let width = width(most - least);
    let first = least.div_euclid(width);
    // How many products, and the last one of them.
    let mut counts: Vec<(u64, Option<u32>)> = Vec::new();
    for &(product, price) in of {
        // There are only so many ranges, so it fits.
        let place = usize::try_from(price.div_euclid(width) - first).unwrap_or(0);
        if counts.len() <= place {
            counts.resize(place + 1, (0, None));
        }
        let (count, last) = &mut counts[place];
        if *last != Some(product) {
            *count += 1;
            *last = Some(product);
        }
    }
    let ranges = (first..)
        .zip(counts)
        .filter(|&(_, (count, _))| count > 0)
        .map(|(value, (count, _))| Count {
            value: PriceRange {
                from: value * width,
                to: value * width + (width - 1),
            },
            count,
        })
        .collect();
    Prices { min, max, ranges }
}

/// A round width (1, 2 or 5 times a power of ten, at least 100) that divides a
/// spread into a handful of ranges.
fn width(spread: i64) -> i64 {
    let mut width: i64 = 100;
    for factor in [2, 5, 10].into_iter().cycle().take(48) {
        if spread / width < RANGES {
            break;
        }
        // 100, 200, 500, 1000, 2000, …
        let power = 10_i64.pow(width.ilog10());
        width = power.saturating_mul(factor);
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_round_and_few() {
        assert_eq!(width(0), 100);
        assert_eq!(width(599), 100);
        assert_eq!(width(600), 200);
        assert_eq!(width(7_000), 2_000);
        assert_eq!(width(20_000), 5_000);
        assert_eq!(width(90_000), 20_000);
        for spread in [1_i64, 999, 123_456, 9_999_999_999, i64::MAX / 2] {
            assert!(spread / width(spread) < RANGES, "{spread}");
        }
    }

    #[test]
    fn a_product_counts_once_for_each_range() {
        let seen = prices(&[(1, 150), (1, 160), (1, 950), (2, 199)]);
        assert_eq!((seen.min, seen.max), (Some(150), Some(950)));
        let ranges: Vec<_> = seen
            .ranges
            .iter()
            .map(|range| (range.value.from, range.value.to, range.count))
            .collect();
        assert_eq!(ranges, [(0, 199, 2), (800, 999, 1)]);
        assert_eq!(prices(&[]), Prices::default());
    }

    #[test]
    fn names_of_facets_are_words() {
        assert_eq!("in_stock".parse(), Ok(FacetName::InStock));
        assert!("colour".parse::<FacetName>().is_err());
        assert!(Wanted::all().has(FacetName::Price));
        assert!(!Wanted::default().and(FacetName::Tag).has(FacetName::Size));
    }
}
