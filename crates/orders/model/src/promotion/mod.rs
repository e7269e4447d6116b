//! Discounts the shop gives: by themselves, or to those who know a code.

pub mod apply;
pub mod coupon;
mod effect;
pub mod errors;
mod rule;

use kernel::{Audited, Currency, Money, ProductId, PromotionId, Snapshot, Timestamp};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use errors::PromotionError;

/// Products a promotion may name.
pub const MAX_PRODUCTS: usize = 200;
/// Promotions without a code that may be active at the same time.
pub const MAX_AUTOMATIC: u64 = 50;

/// Whether a promotion or a coupon can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum PromotionStatus {
    /// It can.
    Active,
    /// Not any more.
    Archived,
}

/// What a promotion takes off, in minor units of its currency. A share is in
/// basis points: 1,000 are 10 %.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// A share of the goods it is for.
    Percent {
        /// The share.
        basis_points: u32,
        /// Not more than so much.
        at_most: Option<i64>,
    },
    /// An amount off the goods it is for, never more than they cost.
    Fixed {
        /// So much.
        amount: i64,
    },
    /// All of the shipping.
    FreeShipping,
    /// Who buys so many pieces of the goods it is for gets others for less:
    /// always the cheapest ones.
    BuyXGetY {
        /// So many have to be bought at the full price.
        buy: i64,
        /// So many more are cheaper.
        get: i64,
        /// The share that is taken off these.
        basis_points: u32,
        /// Which products are cheaper; those it is for when empty.
        get_products: Vec<ProductId>,
    },
}

/// What a promotion does, and for which carts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What it takes off.
    pub effect: Effect,
    /// Which products it is for; all when empty.
    pub products: Vec<ProductId>,
    /// What these must cost together before any discount, in minor units.
    pub minimum_subtotal: Option<i64>,
    /// How many pieces of these there must be.
    pub minimum_quantity: Option<i64>,
    /// Whether it goes together with others.
    pub combinable: bool,
}

/// A promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// Which.
    pub id: PromotionId,
    /// What buyers see.
    pub name: String,
    /// Whether only a code gives it.
    pub needs_coupon: bool,
    /// Whether it can be used.
    pub status: PromotionStatus,
    /// What it does.
    pub rule: Rule,
    /// The currency of its amounts.
    pub currency: Currency,
    /// From when on; always when none.
    pub starts_at: Option<Timestamp>,
    /// Until before when; for ever when none.
    pub ends_at: Option<Timestamp>,
    /// How many orders may use it.
    pub total_limit: Option<i64>,
    /// How many orders of one customer may use it.
    pub customer_limit: Option<i64>,
    /// How many orders use it.
    pub used: i64,
    /// Its place in the order of application.
    pub position: i64,
    /// Grows with every change, uses apart.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Audited for Promotion {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        // Uses are left out: orders make them, not administrators.
        Snapshot::new()
            .with_public_text("name", Some(&self.name))
            .with("needs_coupon", self.needs_coupon)
            .with("status", status)
            .with("rule", self.rule.snapshot())
            .with("currency", self.currency)
            .with("starts_at", self.starts_at)
            .with("ends_at", self.ends_at)
            .with("total_limit", self.total_limit)
            .with("customer_limit", self.customer_limit)
            .with("position", self.position)
            .with("version", self.version)
    }
}

/// A rule as somebody gives it, whose amounts each name a currency.
#[derive(Debug, Clone, PartialEq)]
pub struct GivenRule {
    /// The rule.
    pub rule: Rule,
    /// The currencies of its amounts.
    pub currencies: Vec<Currency>,
}

/// A promotion to make.
#[derive(Debug, Clone)]
pub struct NewPromotion {
    /// What buyers see.
    pub name: String,
    /// Whether only a code gives it.
    pub needs_coupon: bool,
    /// What it does.
    pub rule: GivenRule,
    /// From when on.
    pub starts_at: Option<Timestamp>,
    /// Until before when.
    pub ends_at: Option<Timestamp>,
    /// How many orders may use it.
    pub total_limit: Option<i64>,
    /// How many orders of one customer may use it.
    pub customer_limit: Option<i64>,
    /// Its place in the order of application.
    pub position: i64,
}

/// A change of a promotion; what is `None` stays, `Some(None)` removes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PromotionChange {
    /// What buyers see.
    pub name: Option<String>,
    /// What it does, all of it.
    pub rule: Option<GivenRule>,
    /// Whether it can be used.
    pub status: Option<PromotionStatus>,
    /// From when on.
    pub starts_at: Option<Option<Timestamp>>,
    /// Until before when.
    pub ends_at: Option<Option<Timestamp>>,
    /// How many orders may use it.
    pub total_limit: Option<Option<i64>>,
    /// How many orders of one customer may use it.
    pub customer_limit: Option<Option<i64>>,
    /// Its place in the order of application.
    pub position: Option<i64>,
}

impl GivenRule {
    /// The currency of its amounts: that of the first one, else that of the
    /// shop.
    pub fn currency(&self, of_shop: Currency) -> Currency {
        self.currencies.first().copied().unwrap_or(of_shop)
    }

    /// The rule, if it makes sense and all amounts are in one currency.
    pub fn in_currency(self, currency: Currency) -> Result<Rule, PromotionError> {
        if self.currencies.iter().any(|one| *one != currency) {
            return Err(PromotionError::WrongCurrency(currency));
        }
        self.rule.check()?;
        Ok(self.rule)
    }
}

impl Promotion {
    /// The promotion that was asked for, with amounts in a currency.
    pub fn new(
        new: NewPromotion,
        currency: Currency,
        now: Timestamp,
    ) -> Result<Self, PromotionError> {
        let promotion = Self {
            id: PromotionId::new(now),
            name: new.name,
            needs_coupon: new.needs_coupon,
            status: PromotionStatus::Active,
            rule: new.rule.in_currency(currency)?,
            currency,
            starts_at: new.starts_at,
            ends_at: new.ends_at,
            total_limit: new.total_limit,
            customer_limit: new.customer_limit,
            used: 0,
            position: new.position,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        promotion.check()?;
        Ok(promotion)
    }

    /// The promotion after a change.
    pub fn changed(
        mut self,
        change: PromotionChange,
        now: Timestamp,
    ) -> Result<Self, PromotionError> {
        self.name = change.name.unwrap_or(self.name);
        if let Some(rule) = change.rule {
            self.rule = rule.in_currency(self.currency)?;
        }
        self.status = change.status.unwrap_or(self.status);
        self.starts_at = change.starts_at.unwrap_or(self.starts_at);
        self.ends_at = change.ends_at.unwrap_or(self.ends_at);
        self.total_limit = change.total_limit.unwrap_or(self.total_limit);
        self.customer_limit = change.customer_limit.unwrap_or(self.customer_limit);
        self.position = change.position.unwrap_or(self.position);
        self.version += 1;
        self.updated_at = now;
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> Result<(), PromotionError> {
        if let (Some(start), Some(end)) = (self.starts_at, self.ends_at)
            && start >= end
        {
            return Err(PromotionError::Invalid {
                pointer: "/ends_at",
                why: "`ends_at` must be later than `starts_at`",
            });
        }
        for (pointer, limit) in [
            ("/total_limit", self.total_limit),
            ("/customer_limit", self.customer_limit),
        ] {
            if limit.is_some_and(|limit| limit < 1) {
                return Err(PromotionError::Invalid {
                    pointer,
                    why: "a limit must be at least 1; leave it out where there is none",
                });
            }
        }
        if self.total_limit.is_some_and(|limit| limit < self.used) {
            return Err(PromotionError::LimitBelowUsed { used: self.used });
        }
        Ok(())
    }

    /// An amount in its currency.
    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}
