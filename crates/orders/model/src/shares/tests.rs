use super::*;
use kernel::{Currency, Timestamp};
use proptest::prelude::*;

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

fn part(place: i64, worth: i64, fee: i64) -> Part {
    let now = Timestamp::from_seconds(0);
    Part {
        place,
        line: (place > 0).then(|| OrderLineId::new(now)),
        // Every third line is the shop's own.
        seller: (place % 3 > 0).then(|| SellerId::new(now)),
        worth,
        fee,
        back: 0,
        fee_back: 0,
    }
}

#[test]
fn goods_that_come_back_give_their_money_first() {
    let mut parts = [part(1, 1000, 100), part(2, 500, 50), part(0, 490, 0)];
    let second = parts[1].line.unwrap();
    let shares = spread(&mut parts, eur(500), &[(second, 500)]);
    assert_eq!(shares.len(), 1);
    assert_eq!((shares[0].amount, shares[0].fee), (500, 50));
    // Nothing is left of it, so the rest comes from the others.
    let shares = spread(&mut parts, eur(149), &[(second, 500)]);
    let amounts: Vec<_> = shares
        .iter()
        .map(|one| (one.part.place, one.amount))
        .collect();
    assert_eq!(amounts, [(1, 100), (0, 49)]);
}

#[test]
fn more_than_there_was_is_the_shops() {
    let mut parts = [part(1, 100, 10), part(0, 0, 0)];
    let shares = spread(&mut parts, eur(130), &[]);
    let amounts: Vec<_> = shares
        .iter()
        .map(|one| (one.part.place, one.amount))
        .collect();
    assert_eq!(amounts, [(1, 100), (0, 30)]);
}

proptest! {
    /// However money goes back, for goods or not: the parts add up to it, none
    /// gives more than it is worth, and when all is back each gave all, its
    /// fee included. So sellers, own goods and the shop's part together are
    /// the order.
    #[test]
    fn the_parts_add_up_to_the_order(
        lines in prop::collection::vec((0i64..100_000, 0i64..5_000), 1..12),
        rest in 0i64..10_000,
        steps in prop::collection::vec((1i64..60_000, prop::option::of(0usize..12)), 0..12),
    ) {
        let mut parts: Vec<Part> = (1..)
            .zip(&lines)
            .map(|(place, &(worth, fee))| part(place, worth, fee.min(worth)))
            .collect();
        parts.push(part(0, rest, 0));
        let total: i64 = parts.iter().map(|part| part.worth).sum();
        let mut back = 0;
        for (amount, of_line) in steps {
            let amount = amount.min(total - back);
            let goods: Vec<Goods> = of_line
                .and_then(|at| parts.get(at))
                .and_then(|part| Some((part.line?, part.worth / 2)))
                .into_iter()
                .collect();
            let shares = spread(&mut parts, eur(amount), &goods);
            prop_assert_eq!(shares.iter().map(|share| share.amount).sum::<i64>(), amount);
            prop_assert!(shares.iter().all(|share| share.amount >= 0 && share.fee >= 0));
            back += amount;
            for part in &parts {
                prop_assert!(part.back <= part.worth && part.fee_back <= part.fee);
            }
        }
        spread(&mut parts, eur(total - back), &[]);
        for part in &parts {
            prop_assert_eq!(part.back, part.worth);
            if part.worth > 0 {
                prop_assert_eq!(part.fee_back, part.fee);
            }
        }
        let of_sellers: i64 = parts.iter().filter(|part| part.seller.is_some()).map(|part| part.back).sum();
        let of_shop: i64 = parts.iter().filter(|part| part.seller.is_none()).map(|part| part.back).sum();
        prop_assert_eq!(of_sellers + of_shop, total);
    }
}
