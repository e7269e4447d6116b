//! What promotions make of carts.

use super::*;
use crate::promotion::{Effect, Rule};
use kernel::{Currency, ProductId};
use proptest::prelude::*;
use uuid::Uuid;

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn product(n: u128) -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(n))
}

fn candidate(n: u128, effect: Effect) -> Candidate {
    let now = Timestamp::from_seconds(0);
    let rule = Rule {
        effect,
        products: Vec::new(),
        minimum_subtotal: None,
        minimum_quantity: None,
        combinable: true,
    };
    Candidate {
        promotion: Promotion {
            id: PromotionId::from_uuid(Uuid::from_u128(n)),
            name: format!("Promotion {n}"),
            needs_coupon: false,
            status: PromotionStatus::Active,
            rule,
            currency: Currency::EUR,
            starts_at: None,
            ends_at: None,
            total_limit: None,
            customer_limit: None,
            used: 0,
            position: 0,
            version: 1,
            created_at: now,
            updated_at: now,
        },
        coupon: None,
        customer_used: 0,
        granted: false,
    }
}

fn percent(n: u128, basis_points: u32) -> Candidate {
    let at_most = None;
    candidate(
        n,
        Effect::Percent {
            basis_points,
            at_most,
        },
    )
}

/// What becomes of lines of (product, unit price, quantity) with shipping
/// for 500.
fn outcome(lines: &[(u128, i64, i64)], candidates: &[Candidate]) -> Outcome {
    let items: Vec<Item> = lines
        .iter()
        .map(|&(n, unit, quantity)| Item {
            product: Some(product(n)),
            unit: eur(unit),
            quantity,
        })
        .collect();
    let totals: Vec<Money> = lines.iter().map(|l| eur(l.1 * l.2)).collect();
    let basket = Basket {
        items: &items,
        totals: &totals,
        needs_shipping: true,
        quote: &|_| Some(eur(500)),
        nothing: eur(0),
    };
    apply(&basket, candidates, Timestamp::from_seconds(100)).unwrap()
}

fn off(outcome: &Outcome) -> Vec<i64> {
    outcome.lines.iter().map(|line| line.minor).collect()
}

#[test]
fn a_share_is_spread_by_largest_remainder() {
    // 10 % of 10.00 are 1.00, over three equal lines.
    let lines = [(1, 333, 1), (2, 333, 1), (3, 334, 1)];
    let outcome = outcome(&lines, &[percent(1, 1000)]);
    assert_eq!(off(&outcome), [33, 33, 34]);
    assert_eq!(outcome.applied[0].goods, 100);
}

#[test]
fn each_works_on_what_the_ones_before_left() {
    let mut first = percent(2, 5000);
    first.promotion.position = -1;
    let second = candidate(1, Effect::Fixed { amount: 700 });
    let outcome = outcome(&[(1, 1000, 1)], &[second, first]);
    assert_eq!(off(&outcome), [1000]);
    let amounts: Vec<i64> = outcome.applied.iter().map(|one| one.goods).collect();
    assert_eq!(amounts, [500, 500]);
}

#[test]
fn the_buyer_pays_the_least_of_what_does_not_combine() {
    let mut alone = percent(1, 3000);
    alone.promotion.rule.combinable = false;
    let together = [percent(2, 1000), percent(3, 1000)];
    let mut all = vec![alone];
    all.extend(together);
    let best = outcome(&[(1, 1000, 1)], &all);
    assert_eq!(off(&best), [300]);
    assert_eq!(
        best.refused,
        [(1, Refusal::NotCombinable), (2, Refusal::NotCombinable)]
    );
    all[0].promotion.rule.effect = Effect::Fixed { amount: 190 };
    let best = outcome(&[(1, 1000, 1)], &all);
    assert_eq!(off(&best), [190]);
    assert_eq!(best.refused, [(0, Refusal::NotCombinable)]);
}

#[test]
fn the_cheapest_of_each_group_are_free() {
    let offer = |get_products: Vec<ProductId>| {
        candidate(
            1,
            Effect::BuyXGetY {
                buy: 2,
                get: 1,
                basis_points: 10_000,
                get_products,
            },
        )
    };
    // Seven pieces are two groups of three: the two cheapest are free.
    let mixed = [(1, 900, 4), (2, 300, 1), (3, 500, 2)];
    assert_eq!(off(&outcome(&mixed, &[offer(vec![])])), [0, 300, 500]);
    assert_eq!(off(&outcome(&[(1, 900, 2)], &[offer(vec![])])), [0]);
    // Two lamps bought, so one of the bulbs is free.
    let mut bulbs = offer(vec![product(2)]);
    bulbs.promotion.rule.products = vec![product(1)];
    assert_eq!(
        off(&outcome(&[(1, 900, 3), (2, 300, 5)], &[bulbs])),
        [0, 300]
    );
}

#[test]
fn free_shipping_counts_once() {
    let free = |n| candidate(n, Effect::FreeShipping);
    let outcome = outcome(&[(1, 900, 1)], &[free(1), free(2)]);
    assert_eq!(outcome.shipping_discount, eur(500));
    assert_eq!(outcome.applied.len(), 1);
    assert_eq!(outcome.refused, [(1, Refusal::NothingToDiscount)]);
}

type Case = (fn(&mut Candidate), Refusal);

#[test]
fn reasons_are_told() {
    let now = Timestamp::from_seconds(100);
    let case = |change: fn(&mut Candidate)| {
        let mut candidate = percent(1, 1000);
        change(&mut candidate);
        outcome(&[(1, 1000, 2)], &[candidate]).refused
    };
    let cases: [Case; 8] = [
        (
            |c| c.promotion.starts_at = Some(Timestamp::from_seconds(101)),
            Refusal::NotStarted {
                starts_at: now.plus(std::time::Duration::from_secs(1)),
            },
        ),
        (
            |c| c.promotion.ends_at = Some(Timestamp::from_seconds(100)),
            Refusal::Ended,
        ),
        (
            |c| (c.promotion.total_limit, c.promotion.used) = (Some(3), 3),
            Refusal::UsedUp,
        ),
        (
            |c| (c.promotion.customer_limit, c.customer_used) = (Some(1), 1),
            Refusal::CustomerLimit,
        ),
        (
            |c| c.promotion.status = PromotionStatus::Archived,
            Refusal::Archived,
        ),
        (
            |c| c.promotion.rule.minimum_subtotal = Some(2001),
            Refusal::MinimumSubtotal { minimum: eur(2001) },
        ),
        (
            |c| c.promotion.rule.minimum_quantity = Some(3),
            Refusal::MinimumQuantity { minimum: 3 },
        ),
        (
            |c| c.promotion.rule.products = vec![product(9)],
            Refusal::NothingToDiscount,
        ),
    ];
    for (change, reason) in cases {
        assert_eq!(case(change), [(0, reason)]);
    }
    // What an order uses already stays, whatever time it is.
    let kept = |c: &mut Candidate| {
        c.promotion.ends_at = Some(Timestamp::from_seconds(1));
        c.granted = true;
    };
    assert_eq!(case(kept), []);
}

fn any_effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        (1u32..=10_000, prop::option::of(1i64..10_000)).prop_map(|(basis_points, at_most)| {
            Effect::Percent {
                basis_points,
                at_most,
            }
        }),
        (1i64..200_000).prop_map(|amount| Effect::Fixed { amount }),
        Just(Effect::FreeShipping),
        (1i64..4, 1i64..4, 1u32..=10_000).prop_map(|(buy, get, basis_points)| {
            Effect::BuyXGetY {
                buy,
                get,
                basis_points,
                get_products: Vec::new(),
            }
        }),
    ]
}

proptest! {
    /// No line, and no shipping, falls below zero; what promotions say
    /// they take off is what the lines lose; nobody pays more for having
    /// one more promotion that may be left out.
    #[test]
    fn discounts_add_up_and_never_exceed(
        lines in prop::collection::vec((0u128..4, 0i64..50_000, 1i64..20), 1..8),
        offers in prop::collection::vec(
            (any_effect(), any::<bool>(), -3i64..3, prop::collection::vec(0u128..4, 0..3)), 0..6),
    ) {
        let candidates: Vec<Candidate> = offers
            .into_iter()
            .zip(1u128..)
            .map(|((effect, combinable, position, products), n)| {
                let mut one = candidate(n, effect);
                one.promotion.rule.combinable = combinable;
                one.promotion.position = position;
                one.promotion.rule.products = products.into_iter().map(product).collect();
                one
            })
            .collect();
        let found = outcome(&lines, &candidates);
        for (line, off) in lines.iter().zip(&found.lines) {
            prop_assert!((0..=line.1 * line.2).contains(&off.minor));
        }
        let goods: i64 = found.applied.iter().map(|one| one.goods).sum();
        prop_assert_eq!(goods, off(&found).iter().sum::<i64>());
        let shipping: i64 = found.applied.iter().map(|one| one.shipping).sum();
        prop_assert_eq!(shipping, found.shipping_discount.minor);
        prop_assert!((0..=500).contains(&shipping));
        prop_assert_eq!(found.applied.len() + found.refused.len(), candidates.len());
        let exclusive = |one: &AppliedPromotion| candidates
            .iter()
            .any(|c| c.promotion.id == one.promotion && !c.promotion.rule.combinable);
        prop_assert!(found.applied.len() == 1 || !found.applied.iter().any(exclusive));
        for (n, one) in candidates.iter().enumerate() {
            if !one.promotion.rule.combinable {
                let mut fewer = candidates.clone();
                fewer.remove(n);
                let without = outcome(&lines, &fewer);
                let paid = |o: &Outcome| -off(o).iter().sum::<i64>() - o.shipping_discount.minor;
                prop_assert!(paid(&found) <= paid(&without));
            }
        }
    }
}
