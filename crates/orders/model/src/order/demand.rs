//! What lines take of piles. A line of a bundle takes what the bundle was made
//! of when it was bought, whatever it is made of now.

use std::collections::BTreeMap;

use catalog_model::CatalogError;
use catalog_model::offer::Offer;
use catalog_model::stock::Demand;
use kernel::{ProductId, StockItemId, VariantId};
use serde::{Deserialize, Serialize};

use super::line::{LineMove, OrderLine};

/// So many pieces of piles.
pub type Goods = Vec<(StockItemId, i64)>;

/// What a bundle was made of when it was bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineComponent {
    /// Which variant.
    pub variant: VariantId,
    /// Of which product; unknown in the first orders of bundles.
    #[serde(default)]
    pub product: Option<ProductId>,
    /// The stock keeping unit.
    pub sku: String,
    /// What it was called.
    pub name: String,
    /// Where its stock is counted; none when there is none to count.
    pub stock_item: Option<StockItemId>,
    /// How many were in one bundle.
    pub quantity: i64,
    /// How many of all that the line took were not there when they were
    /// bought, and are waited for.
    #[serde(default)]
    pub owed: i64,
}

impl LineComponent {
    /// What a variant is made of now; nothing unless it is a bundle.
    pub fn of(offer: &Offer) -> Vec<Self> {
        let components = offer.components.iter();
        components
            .map(|one| Self {
                variant: one.variant,
                product: Some(one.product),
                sku: one.sku.clone(),
                name: format!("{} ({})", one.name, one.title),
                stock_item: one.pile.map(|pile| pile.item),
                quantity: one.quantity,
                owed: 0,
            })
            .collect()
    }
}

impl OrderLine {
    /// What one piece takes of piles.
    pub fn draws(&self) -> impl Iterator<Item = (StockItemId, i64)> {
        let own = self.stock_item.map(|item| (item, 1));
        let components = self.components.iter();
        let shared = components.filter_map(|one| Some((one.stock_item?, one.quantity)));
        own.into_iter().chain(shared)
    }

    /// What so many pieces take of piles.
    pub fn goods(&self, pieces: i64) -> Goods {
        self.draws()
            .map(|(item, quantity)| (item, quantity * pieces))
            .filter(|&(_, quantity)| quantity > 0)
            .collect()
    }

    /// Whether anything of it is counted.
    pub fn is_counted(&self) -> bool {
        self.draws().next().is_some()
    }

    /// Whether it takes from one of some piles.
    pub fn takes_from(&self, piles: &[StockItemId]) -> bool {
        self.draws().any(|(item, _)| piles.contains(&item))
    }

    /// How many pieces wait for a component.
    fn waiting_bundles(&self) -> i64 {
        let components = self.components.iter();
        let waits = components.map(|one| {
            let whole = one.quantity.max(1);
            (one.owed + whole - 1).div_euclid(whole)
        });
        waits.max().unwrap_or(0)
    }

    /// Packs pieces that are to be shipped: what of them is waited for, and
    /// has to be there by now. Called before the pieces are moved.
    pub fn fill(&mut self, pieces: i64) -> Goods {
        if let Some(item) = self.stock_item {
            let waited_for = self.to_fill(pieces);
            return Vec::from_iter((waited_for > 0).then_some((item, waited_for)));
        }
        let open = self.open();
        let mut goods = Goods::new();
        for one in &mut self.components {
            // Complete bundles go first, as far as there are any.
            let there = open * one.quantity - one.owed;
            let waited_for = (pieces * one.quantity - there).clamp(0, one.owed);
            one.owed -= waited_for;
            goods.extend(one.stock_item.map(|item| (item, waited_for)));
        }
        goods.retain(|&(_, quantity)| quantity > 0);
        goods
    }

    /// What follows for piles when pieces are put back that were just moved:
    /// what goes into stock again, and what never was there and is not waited
    /// for any more.
    pub fn back_in_stock(&mut self, pieces: i64, by: LineMove) -> (Goods, Goods) {
        let (mut back, mut given_up) = (Goods::new(), Goods::new());
        if let Some(item) = self.stock_item {
            back.push((item, pieces + by.backordered));
            given_up.push((item, -by.backordered));
        }
        for one in &mut self.components {
            let never_there = one.owed.min(by.withdrawn * one.quantity);
            one.owed -= never_there;
            let Some(item) = one.stock_item else { continue };
            back.push((item, pieces * one.quantity - never_there));
            given_up.push((item, never_there));
        }
        back.retain(|&(_, quantity)| quantity > 0);
        given_up.retain(|&(_, quantity)| quantity > 0);
        (back, given_up)
    }

    /// Nothing of it is waited for, as far as is known.
    pub fn waits_for_nothing(&mut self) {
        self.pieces.backordered = 0;
        self.components.iter_mut().for_each(|one| one.owed = 0);
    }
}

/// How many of each pile the lines want.
pub fn demand(lines: &[OrderLine]) -> Result<Demand, CatalogError> {
    Demand::of(lines.iter().flat_map(|line| line.goods(line.quantity)))
}

/// The lines of an order that was just reserved, with what of them is waited
/// for when so many of each pile are not there: the first lines get what is.
pub fn waiting(mut lines: Vec<OrderLine>, owed: &[(StockItemId, i64)]) -> Vec<OrderLine> {
    let mut left: BTreeMap<StockItemId, i64> = owed.iter().copied().collect();
    let mut waits = |item: Option<StockItemId>, wanted: i64| {
        let left = item.and_then(|item| left.get_mut(&item));
        left.map_or(0, |left| {
            let waits = wanted.min(*left);
            *left -= waits;
            waits
        })
    };
    for line in lines.iter_mut().rev() {
        let quantity = line.quantity;
        for one in line.components.iter_mut().rev() {
            one.owed = waits(one.stock_item, one.quantity * quantity);
        }
        line.pieces.backordered = if line.components.is_empty() {
            waits(line.stock_item, quantity)
        } else {
            line.waiting_bundles()
        };
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::line::tests::line;
    use kernel::Timestamp;
    use proptest::prelude::*;

    fn item() -> StockItemId {
        StockItemId::new(Timestamp::from_seconds(0))
    }

    fn component(stock_item: Option<StockItemId>, quantity: i64) -> LineComponent {
        LineComponent {
            variant: VariantId::new(Timestamp::from_seconds(0)),
            product: None,
            sku: "A".into(),
            name: "A".into(),
            stock_item,
            quantity,
            owed: 0,
        }
    }

    fn bundle(quantity: i64, of: &[(StockItemId, i64)]) -> OrderLine {
        let components = of.iter().map(|&(item, n)| component(Some(item), n));
        OrderLine {
            components: components.collect(),
            ..line(100, quantity, 0)
        }
    }

    #[test]
    fn the_first_lines_of_a_pile_get_what_is_there() {
        let item = item();
        let of = |quantity| OrderLine {
            stock_item: Some(item),
            ..line(100, quantity, 0)
        };
        let lines = vec![of(3), line(100, 9, 0), of(2)];
        let waits = |owed: &[(StockItemId, i64)]| -> Vec<i64> {
            let lines = waiting(lines.clone(), owed);
            lines.iter().map(|line| line.pieces.backordered).collect()
        };
        assert_eq!(waits(&[(item, 4)]), [2, 0, 2]);
        assert_eq!(waits(&[]), [0, 0, 0]);
        let mut lines = waiting(lines.clone(), &[(item, 4)]);
        assert_eq!(lines[0].to_fill(2), 1);
        assert_eq!(lines[0].fill(1), []);
        assert_eq!(lines[0].fill(3), [(item, 2)]);
    }

    #[test]
    fn bundles_and_their_components_are_added_up() {
        let (a, b) = (item(), item());
        let alone = OrderLine {
            stock_item: Some(a),
            ..line(100, 5, 0)
        };
        let mut service = bundle(3, &[(a, 2), (b, 1)]);
        service.components.push(component(None, 7));
        let sums: BTreeMap<_, _> = demand(&[alone, service]).unwrap().iter().collect();
        assert_eq!(sums, BTreeMap::from([(a, 11), (b, 3)]));
    }

    #[test]
    fn a_bundle_waits_for_its_last_component() {
        let (a, b) = (item(), item());
        // Three of a are there, and all of b: one bundle is complete.
        let lines = waiting(vec![bundle(3, &[(a, 2), (b, 1)])], &[(a, 3)]);
        let mut line = lines.into_iter().next().unwrap();
        assert_eq!(line.pieces.backordered, 2);
        assert_eq!(line.components[0].owed, 3);
        assert_eq!(line.fill(1), []);
        line.pieces.shipped = 1;
        // Of the second bundle one piece is there.
        assert_eq!(line.fill(1), [(a, 1)]);
        line.pieces.shipped = 2;
        line.pieces.backordered = 1;
        // The last one is given up: of a nothing was there.
        let by = line.put_back(1);
        assert_eq!(line.back_in_stock(1, by), (vec![(b, 1)], vec![(a, 2)]));
        assert_eq!(line.components[0].owed, 0);
    }

    proptest! {
        /// However a line of a bundle is packed and given up, what is waited
        /// for is filled or given up once, and the line and its components
        /// agree.
        #[test]
        fn pieces_of_bundles_add_up(
            quantity in 1i64..20,
            of in prop::collection::vec((1i64..5, 0i64..100), 1..4),
            steps in prop::collection::vec((any::<bool>(), 1i64..6), 1..30),
        ) {
            let piles: Vec<(StockItemId, i64)> = of.iter().map(|&(n, _)| (item(), n)).collect();
            let owed: Vec<(StockItemId, i64)> = piles
                .iter()
                .zip(&of)
                .map(|(&(item, n), &(_, owed))| (item, owed.min(n * quantity)))
                .collect();
            let lines = waiting(vec![bundle(quantity, &piles)], &owed);
            let mut line = lines.into_iter().next().unwrap();
            let mut settled: BTreeMap<StockItemId, i64> = BTreeMap::new();
            let mut back: BTreeMap<StockItemId, i64> = BTreeMap::new();
            let add = |to: &mut BTreeMap<StockItemId, i64>, goods: Goods| {
                for (item, n) in goods {
                    *to.entry(item).or_default() += n;
                }
            };
            for (pack, pieces) in steps {
                let pieces = pieces.min(line.open());
                if pieces == 0 {
                    continue;
                }
                if pack {
                    let backordered = -line.to_fill(pieces);
                    add(&mut settled, line.fill(pieces));
                    line.moved(LineMove { shipped: pieces, backordered, ..LineMove::default() });
                } else {
                    let by = line.put_back(pieces);
                    let (returned, given_up) = line.back_in_stock(pieces, by);
                    add(&mut back, returned);
                    add(&mut settled, given_up);
                }
                prop_assert_eq!(line.pieces.backordered, line.waiting_bundles());
            }
            for ((one, &(item, n)), &(_, owed)) in line.components.iter().zip(&piles).zip(&owed) {
                let settled = settled.get(&item).copied().unwrap_or(0);
                prop_assert_eq!(settled + one.owed, owed);
                let all = line.restocked * n;
                prop_assert!(back.get(&item).copied().unwrap_or(0) <= all);
            }
        }
    }
}
