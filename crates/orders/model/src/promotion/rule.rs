//! What a promotion does: whether it makes sense, and what the audit log says
//! of it.

use kernel::{Audited, Fact, ProductId, Snapshot};

use super::errors::PromotionError;
use super::{Effect, MAX_PRODUCTS, Rule};

/// Where a mistake is, and what would be right.
type Mistake = (&'static str, &'static str);

impl Rule {
    /// Whether it names amounts. A rule that does is for carts in their
    /// currency, any other for all.
    pub fn has_amounts(&self) -> bool {
        self.minimum_subtotal.is_some()
            || match &self.effect {
                Effect::Percent { at_most, .. } => at_most.is_some(),
                Effect::Fixed { .. } => true,
                Effect::FreeShipping | Effect::BuyXGetY { .. } => false,
            }
    }

    /// Refuses rules that take nothing off, or more than all.
    pub fn check(&self) -> Result<(), PromotionError> {
        let mistake = self.effect.mistake().or_else(|| self.mistake());
        match mistake {
            Some((pointer, why)) => Err(PromotionError::Invalid { pointer, why }),
            None => Ok(()),
        }
    }

    fn mistake(&self) -> Option<Mistake> {
        if let Effect::BuyXGetY { get_products, .. } = &self.effect
            && (self.products.is_empty() && !get_products.is_empty()
                || get_products.iter().any(|one| self.products.contains(one)))
        {
            return Some((
                "/rule/effect/get_products",
                "`get_products` must be others than `products`; leave them out where both are the same",
            ));
        }
        if self.products.len() > MAX_PRODUCTS {
            return Some(("/rule/products", "`products` can be 200 at most"));
        }
        let negative = |minimum: Option<i64>| minimum.is_some_and(|minimum| minimum < 1);
        let why = "a minimum must be at least 1; leave it out where there is none";
        if negative(self.minimum_subtotal) {
            return Some(("/rule/minimum_subtotal", why));
        }
        negative(self.minimum_quantity).then_some(("/rule/minimum_quantity", why))
    }

    /// The products it names, each with where it does.
    pub fn named_products(&self) -> impl Iterator<Item = (String, ProductId)> {
        let get: &[ProductId] = match &self.effect {
            Effect::BuyXGetY { get_products, .. } => get_products,
            _ => &[],
        };
        let at = |place: &'static str| {
            move |(n, id): (usize, &ProductId)| (format!("/rule/{place}/{n}"), *id)
        };
        let own = self.products.iter().enumerate().map(at("products"));
        own.chain(get.iter().enumerate().map(at("effect/get_products")))
    }
}

impl Effect {
    fn mistake(&self) -> Option<Mistake> {
        let share_ok = |share: u32| (1..=10_000).contains(&share);
        match self {
            Self::Percent { basis_points, .. } if !share_ok(*basis_points) => Some((
                "/rule/effect/basis_points",
                "`basis_points` must be 1 to 10,000; 1,000 are 10 %",
            )),
            Self::Percent { at_most, .. } => at_most
                .is_some_and(|most| most < 1)
                .then_some(("/rule/effect/at_most", "`at_most` must be at least 1")),
            Self::Fixed { amount } => {
                (*amount < 1).then_some(("/rule/effect/amount", "`amount` must be at least 1"))
            }
            Self::FreeShipping => None,
            Self::BuyXGetY {
                buy,
                get,
                basis_points,
                get_products,
            } => {
                if !(1..=1000).contains(buy) {
                    return Some(("/rule/effect/buy", "`buy` must be 1 to 1,000"));
                }
                if !(1..=1000).contains(get) {
                    return Some(("/rule/effect/get", "`get` must be 1 to 1,000"));
                }
                if !share_ok(*basis_points) {
                    return Some((
                        "/rule/effect/basis_points",
                        "`basis_points` must be 1 to 10,000; 10,000 are all of the price",
                    ));
                }
                (get_products.len() > MAX_PRODUCTS).then_some((
                    "/rule/effect/get_products",
                    "`get_products` can be 200 at most",
                ))
            }
        }
    }
}

/// All of it: to make 100 % of 1 % is what the log is there for.
impl Audited for Rule {
    fn snapshot(&self) -> Snapshot {
        let products: Fact = self.products.iter().copied().collect();
        Snapshot::new()
            .with("effect", self.effect.snapshot())
            .with("products", products)
            .with("minimum_subtotal", self.minimum_subtotal)
            .with("minimum_quantity", self.minimum_quantity)
            .with("combinable", self.combinable)
    }
}

impl Audited for Effect {
    fn snapshot(&self) -> Snapshot {
        match self {
            Self::Percent {
                basis_points,
                at_most,
            } => Snapshot::new()
                .with("kind", "percent")
                .with("basis_points", *basis_points)
                .with("at_most", *at_most),
            Self::Fixed { amount } => Snapshot::new()
                .with("kind", "fixed")
                .with("amount", *amount),
            Self::FreeShipping => Snapshot::new().with("kind", "free_shipping"),
            Self::BuyXGetY {
                buy,
                get,
                basis_points,
                get_products,
            } => {
                let get_products: Fact = get_products.iter().copied().collect();
                Snapshot::new()
                    .with("kind", "buy_x_get_y")
                    .with("buy", *buy)
                    .with("get", *get)
                    .with("basis_points", *basis_points)
                    .with("get_products", get_products)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{DomainError as _, Timestamp};

    use super::*;

    fn rule(effect: Effect) -> Rule {
        Rule {
            effect,
            products: Vec::new(),
            minimum_subtotal: None,
            minimum_quantity: None,
            combinable: false,
        }
    }

    #[test]
    fn mistakes_are_named_where_they_are() {
        let percent = |basis_points, at_most| Effect::Percent {
            basis_points,
            at_most,
        };
        let product = ProductId::new(Timestamp::from_seconds(0));
        let get = |buy, get, basis_points, get_products| Effect::BuyXGetY {
            buy,
            get,
            basis_points,
            get_products,
        };
        assert!(rule(percent(10_000, Some(1))).check().is_ok());
        for (effect, pointer) in [
            (percent(0, None), "/rule/effect/basis_points"),
            (percent(10_001, None), "/rule/effect/basis_points"),
            (percent(1, Some(0)), "/rule/effect/at_most"),
            (Effect::Fixed { amount: 0 }, "/rule/effect/amount"),
            (get(0, 1, 1, vec![]), "/rule/effect/buy"),
            (get(1, 1001, 1, vec![]), "/rule/effect/get"),
            (get(1, 1, 0, vec![]), "/rule/effect/basis_points"),
            (get(1, 1, 1, vec![product]), "/rule/effect/get_products"),
        ] {
            let error = rule(effect.clone()).check().unwrap_err();
            assert_eq!(error.fields()[0].pointer, pointer, "{effect:?}");
        }
        let mut bad = rule(Effect::FreeShipping);
        bad.minimum_quantity = Some(0);
        let error = bad.check().unwrap_err();
        assert_eq!(error.fields()[0].pointer, "/rule/minimum_quantity");
    }

    #[test]
    fn the_log_tells_one_rule_from_another() {
        let share = |basis_points| Effect::Percent {
            basis_points,
            at_most: None,
        };
        let text = rule(share(100)).snapshot().text();
        assert!(text.contains(r#""basis_points":100"#), "{text}");
        assert_ne!(text, rule(share(10_000)).snapshot().text());
    }
}
