//! Bundles: variants that are made of others and share their stock.

use std::collections::BTreeMap;

use kernel::{Audited, ProductId, SellerId, Snapshot, StockItemId, Timestamp, VariantId};
use serde::{Deserialize, Serialize};

use crate::bundle_errors::BundleError;
use crate::product::{ProductKind, ProductStatus};
use crate::supply::{Supply, SupplyMode};
use crate::variant::VariantStatus;

/// Components a bundle may have.
pub const MAX_COMPONENTS: usize = 50;
/// How many of a component are in one bundle at most.
pub const MAX_QUANTITY: i64 = 1_000;
/// Bundles that a variant may be in: what is found by search of all of them
/// is written when it comes into stock or goes out of it.
pub const MAX_BUNDLES: i64 = 200;

/// What a bundle is to be made of: so many of a variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewComponent {
    /// Of which variant.
    pub variant: VariantId,
    /// How many are in one bundle.
    pub quantity: i64,
}

/// What a bundle is made of, with the stock there is of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Which variant.
    pub variant: VariantId,
    /// Of which product.
    pub product: ProductId,
    /// The stock keeping unit.
    pub sku: String,
    /// What the product is called.
    pub name: String,
    /// What tells the variant apart.
    pub title: String,
    /// How many are in one bundle.
    pub quantity: i64,
    /// Whether it, or its product, is archived: then the bundle is not sold.
    pub archived: bool,
    /// Where its stock is counted; none when there is none to count.
    pub pile: Option<ComponentPile>,
}

/// The stock of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentPile {
    /// Which pile.
    pub item: StockItemId,
    /// How many of what is there can still be promised.
    pub available: i64,
    /// What is sold beyond that.
    pub supply: Supply,
}

/// What one piece takes of a pile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    /// Of which pile.
    pub item: StockItemId,
    /// How many.
    pub quantity: i64,
    /// How many of what is there can still be promised.
    pub available: i64,
    /// What is sold beyond that.
    pub supply: Supply,
}

impl Draw {
    /// For how many pieces what is there is enough, and how many more can be
    /// sold.
    pub fn pieces(&self) -> (i64, Supply) {
        let of = |stock: i64| stock.div_euclid(self.quantity.max(1));
        let available = of(self.available);
        let beyond = of(self.available.saturating_add(self.supply.beyond)) - available;
        (
            available,
            Supply {
                beyond,
                ..self.supply
            },
        )
    }
}

impl Component {
    /// The same, with the supply that holds at an instant.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        if let Some(pile) = &mut self.pile {
            pile.supply = pile.supply.at(now);
        }
        self
    }
}

/// What one bundle takes of each pile, in their order: components that share a
/// pile are added up.
pub fn draws(components: &[Component]) -> Vec<Draw> {
    let mut draws: BTreeMap<StockItemId, Draw> = BTreeMap::new();
    for component in components {
        let Some(pile) = component.pile else { continue };
        let draw = draws.entry(pile.item).or_insert(Draw {
            item: pile.item,
            quantity: 0,
            available: pile.available,
            supply: pile.supply,
        });
        draw.quantity += component.quantity;
    }
    draws.into_values().collect()
}

/// How many bundles can be made of what is there, none when nothing of them is
/// counted, and what is sold beyond that: the component there is least of
/// decides.
pub fn together(components: &[Component]) -> (Option<i64>, Supply) {
    if components.iter().any(|component| component.archived) {
        return (Some(0), Supply::STOCK);
    }
    let draws: Vec<(i64, Supply)> = draws(components).iter().map(Draw::pieces).collect();
    let Some(available) = draws.iter().map(|(available, _)| *available).min() else {
        return (None, Supply::STOCK);
    };
    let limits = draws.iter().map(|(there, supply)| there + supply.beyond);
    let beyond = limits.min().unwrap_or(available) - available;
    let is = |mode| draws.iter().any(|(_, supply)| supply.mode == mode);
    let mode = if is(SupplyMode::Preorder) {
        SupplyMode::Preorder
    } else if beyond > 0 {
        SupplyMode::Backorder
    } else {
        return (Some(available), Supply::STOCK);
    };
    // It is there when the last component is that the next bundle waits for.
    let days: Vec<Option<Timestamp>> = draws
        .iter()
        .filter(|(there, supply)| {
            supply.mode == SupplyMode::Preorder
                || (supply.mode == SupplyMode::Backorder && *there <= available.max(0))
        })
        .map(|(_, supply)| supply.available_at)
        .collect();
    let known = days.iter().all(Option::is_some);
    let supply = Supply {
        mode,
        beyond,
        available_at: days.into_iter().flatten().max().filter(|_| known),
    };
    (Some(available), supply)
}

/// A variant, as is asked before it becomes a bundle or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub id: VariantId,
    /// Of which product.
    pub product: ProductId,
    /// The stock keeping unit.
    pub sku: String,
    /// Whether it is a bundle.
    pub bundle: bool,
    /// Where its stock is counted.
    pub stock_item: Option<StockItemId>,
    /// Whether it is sold.
    pub status: VariantStatus,
    /// What kind of thing it is.
    pub kind: ProductKind,
    /// Whether its product is sold.
    pub product_status: ProductStatus,
    /// Who sells it.
    pub seller: Option<SellerId>,
    /// In how many bundles it is.
    pub bundles: i64,
}

fn skus<'a>(of: impl Iterator<Item = &'a Candidate>) -> Option<String> {
    let skus: Vec<&str> = of.map(|one| one.sku.as_str()).collect();
    (!skus.is_empty()).then(|| skus.join(", "))
}

/// Refuses lists of components that say nothing clear, whatever there is.
pub fn check_list(bundle: VariantId, wanted: &[NewComponent]) -> Result<(), BundleError> {
    if wanted.len() > MAX_COMPONENTS {
        return Err(BundleError::TooManyComponents);
    }
    for (n, one) in wanted.iter().enumerate() {
        if one.variant == bundle {
            return Err(BundleError::Itself(n));
        }
        if !(1..=MAX_QUANTITY).contains(&one.quantity) {
            return Err(BundleError::Quantity(n));
        }
        if wanted[..n].iter().any(|other| other.variant == one.variant) {
            return Err(BundleError::Twice(n));
        }
    }
    Ok(())
}

/// Refuses what a variant cannot be made of. `before` are the components it
/// has.
pub fn check(
    bundle: &Candidate,
    parts: &[Candidate],
    before: &[VariantId],
) -> Result<(), BundleError> {
    if parts.is_empty() {
        return Ok(());
    }
    if bundle.bundles > 0 {
        return Err(BundleError::IsComponent);
    }
    let all = || parts.iter();
    if let Some(skus) = skus(all().filter(|part| part.seller != bundle.seller)) {
        return Err(BundleError::OtherSeller(skus));
    }
    if let Some(skus) = skus(all().filter(|part| part.bundle)) {
        return Err(BundleError::Nested(skus));
    }
    let archived = |part: &&Candidate| {
        part.status == VariantStatus::Archived || part.product_status == ProductStatus::Archived
    };
    if let Some(skus) = skus(all().filter(archived)) {
        return Err(BundleError::Archived(skus));
    }
    let full = |part: &&Candidate| part.bundles >= MAX_BUNDLES && !before.contains(&part.id);
    if let Some(skus) = skus(all().filter(full)) {
        return Err(BundleError::TooManyBundles(skus));
    }
    let goods = |part: &&Candidate| part.kind == ProductKind::Goods;
    match skus(all().filter(goods)) {
        Some(skus) if bundle.kind != ProductKind::Goods => Err(BundleError::NotShipped(skus)),
        _ => Ok(()),
    }
}

/// The components of a variant, for the audit log.
#[derive(Debug)]
pub struct Contents<'a>(pub &'a [Component]);

impl Audited for Contents<'_> {
    fn snapshot(&self) -> Snapshot {
        let words: Vec<String> = self
            .0
            .iter()
            .map(|one| format!("{} * {}", one.quantity, one.sku))
            .collect();
        Snapshot::new().with_public_texts("components", words.iter().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_seconds(0)
    }

    fn part(quantity: i64, pile: Option<(StockItemId, i64, Supply)>) -> Component {
        Component {
            variant: VariantId::new(now()),
            product: ProductId::new(now()),
            sku: "A".into(),
            name: "A".into(),
            title: "A".into(),
            quantity,
            archived: false,
            pile: pile.map(|(item, available, supply)| ComponentPile {
                item,
                available,
                supply,
            }),
        }
    }

    fn of(quantity: i64, available: i64) -> Component {
        let pile = StockItemId::new(now());
        part(quantity, Some((pile, available, Supply::STOCK)))
    }

    fn backorder(beyond: i64, day: Option<i64>) -> Supply {
        Supply {
            mode: SupplyMode::Backorder,
            beyond,
            available_at: day.map(Timestamp::from_seconds),
        }
    }

    #[test]
    fn the_scarcest_component_decides() {
        let many = |parts: &[Component]| together(parts).0;
        assert_eq!(many(&[of(2, 7), of(1, 9)]), Some(3));
        assert_eq!(many(&[of(2, 7), of(1, 2), part(5, None)]), Some(2));
        assert_eq!(many(&[of(2, 1), of(1, 9)]), Some(0));
        assert_eq!(many(&[of(2, -3)]), Some(-2));
        assert_eq!(many(&[part(5, None)]), None);
        let mut gone = of(1, 9);
        gone.archived = true;
        assert_eq!(many(&[of(1, 9), gone]), Some(0));
    }

    #[test]
    fn components_of_one_pile_are_added_up() {
        let pile = StockItemId::new(now());
        let shared = Some((pile, 7, Supply::STOCK));
        let parts = [part(2, shared), part(1, shared)];
        assert_eq!(draws(&parts).len(), 1);
        assert_eq!(together(&parts).0, Some(2));
    }

    #[test]
    fn what_is_not_there_yet_is_sold_as_far_as_all_components_are() {
        let item = || StockItemId::new(now());
        let more = part(2, Some((item(), 3, backorder(4, Some(9)))));
        let (available, supply) = together(&[more.clone(), of(1, 9)]);
        assert_eq!((available, supply), (Some(1), backorder(2, Some(9))));
        // Of the other one there is no more.
        let (available, supply) = together(&[more.clone(), of(1, 1)]);
        assert_eq!((available, supply), (Some(1), Supply::STOCK));
        // Nobody knows when the second one comes.
        let unknown = part(1, Some((item(), 1, backorder(9, None))));
        let (_, supply) = together(&[more.clone(), unknown]);
        assert_eq!(supply, backorder(2, None));
        let mut book = backorder(5, Some(20));
        book.mode = SupplyMode::Preorder;
        let (available, supply) = together(&[more, part(1, Some((item(), 0, book)))]);
        assert_eq!(available, Some(0));
        assert_eq!(supply.mode, SupplyMode::Preorder);
        assert_eq!(supply.beyond, 3);
    }

    #[test]
    fn lists_are_clear() {
        let (bundle, other) = (VariantId::new(now()), VariantId::new(now()));
        let one = |variant, quantity| NewComponent { variant, quantity };
        assert!(check_list(bundle, &[one(other, 1)]).is_ok());
        let refused = check_list(bundle, &[one(bundle, 1)]);
        assert!(matches!(refused, Err(BundleError::Itself(0))));
        let refused = check_list(bundle, &[one(other, 1), one(other, 2)]);
        assert!(matches!(refused, Err(BundleError::Twice(1))));
        for wrong in [0, -1, 1_001] {
            let refused = check_list(bundle, &[one(other, wrong)]);
            assert!(matches!(refused, Err(BundleError::Quantity(0))));
        }
    }
}
