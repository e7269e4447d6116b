//! Promotions and coupons.

use kernel::{CouponId, Currency, Money, ProductId, PromotionId, Timestamp};
use orders_model::promotion::apply::{AppliedPromotion, Refusal};
use orders_model::promotion::coupon::Coupon;
use orders_model::promotion::{Effect, GivenRule, Promotion, PromotionStatus, Rule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::choices::StatusDto;
use super::money::MoneyDto;

/// What a promotion takes off. Shares are in basis points: 1000 are 10 %.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = PromotionEffect)]
pub(crate) enum EffectDto {
    /// A share of the goods it is for.
    Percent {
        /// The share.
        #[schema(minimum = 1, maximum = 10_000, example = 1000)]
        basis_points: u32,
        /// Not more than so much.
        at_most: Option<MoneyDto>,
    },
    /// An amount off the goods it is for, never more than they cost.
    Fixed {
        /// So much.
        amount: MoneyDto,
    },
    /// All of the shipping.
    FreeShipping,
    /// Who buys so many pieces of the goods it is for gets others for less:
    /// always the cheapest ones.
    BuyXGetY {
        /// So many have to be bought at the full price.
        #[schema(minimum = 1, maximum = 1000, example = 2)]
        buy: i64,
        /// So many more are cheaper.
        #[schema(minimum = 1, maximum = 1000, example = 1)]
        get: i64,
        /// The share that is taken off these; all of the price when absent.
        #[serde(default = "all")]
        #[schema(minimum = 1, maximum = 10_000, default = 10_000)]
        basis_points: u32,
        /// Which products are cheaper; those it is for when empty.
        #[serde(default)]
        #[schema(value_type = Vec<String>, max_items = 200)]
        get_products: Vec<ProductId>,
    },
}

fn all() -> u32 {
    10_000
}

/// What a promotion does, and for which carts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PromotionRule)]
pub(crate) struct RuleDto {
    /// What it takes off.
    effect: EffectDto,
    /// Which products it is for; all when empty.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 200)]
    products: Vec<ProductId>,
    /// What these must cost together before any discount.
    minimum_subtotal: Option<MoneyDto>,
    /// How many pieces of these there must be.
    #[schema(minimum = 1)]
    minimum_quantity: Option<i64>,
    /// Whether it goes together with others. If not, the buyer gets whatever
    /// costs them least.
    #[serde(default)]
    combinable: bool,
}

impl From<RuleDto> for GivenRule {
    fn from(dto: RuleDto) -> Self {
        let mut currencies = Vec::new();
        let mut minor = |money: MoneyDto| {
            currencies.push(money.currency);
            money.amount
        };
        let effect = match dto.effect {
            EffectDto::Percent {
                basis_points,
                at_most,
            } => Effect::Percent {
                basis_points,
                at_most: at_most.map(&mut minor),
            },
            EffectDto::Fixed { amount } => Effect::Fixed {
                amount: minor(amount),
            },
            EffectDto::FreeShipping => Effect::FreeShipping,
            EffectDto::BuyXGetY {
                buy,
                get,
                basis_points,
                get_products,
            } => Effect::BuyXGetY {
                buy,
                get,
                basis_points,
                get_products,
            },
        };
        let rule = Rule {
            effect,
            products: dto.products,
            minimum_subtotal: dto.minimum_subtotal.map(minor),
            minimum_quantity: dto.minimum_quantity,
            combinable: dto.combinable,
        };
        Self { rule, currencies }
    }
}

impl RuleDto {
    fn of(rule: Rule, currency: Currency) -> Self {
        let money = |minor| MoneyDto::from(Money::new(minor, currency));
        Self {
            effect: match rule.effect {
                Effect::Percent {
                    basis_points,
                    at_most,
                } => EffectDto::Percent {
                    basis_points,
                    at_most: at_most.map(money),
                },
                Effect::Fixed { amount } => EffectDto::Fixed {
                    amount: money(amount),
                },
                Effect::FreeShipping => EffectDto::FreeShipping,
                Effect::BuyXGetY {
                    buy,
                    get,
                    basis_points,
                    get_products,
                } => EffectDto::BuyXGetY {
                    buy,
                    get,
                    basis_points,
                    get_products,
                },
            },
            products: rule.products,
            minimum_subtotal: rule.minimum_subtotal.map(money),
            minimum_quantity: rule.minimum_quantity,
            combinable: rule.combinable,
        }
    }
}

pub(crate) fn status_dto(status: PromotionStatus) -> StatusDto {
    match status {
        PromotionStatus::Active => StatusDto::Active,
        PromotionStatus::Archived => StatusDto::Archived,
    }
}

pub(crate) fn status_of(dto: StatusDto) -> PromotionStatus {
    match dto {
        StatusDto::Active => PromotionStatus::Active,
        StatusDto::Archived => PromotionStatus::Archived,
    }
}

/// A promotion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Promotion)]
pub(crate) struct PromotionDto {
    /// Which.
    #[schema(value_type = String, example = "promo_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: PromotionId,
    /// What buyers see.
    #[schema(example = "Summer sale")]
    name: String,
    /// Whether only a code gives it.
    needs_coupon: bool,
    /// Whether it can be used.
    status: StatusDto,
    /// What it does.
    rule: RuleDto,
    /// From when on; always when null.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// Until before when; for ever when null.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    /// How many orders may use it.
    total_limit: Option<i64>,
    /// How many orders of one account, and of one mail address, may use it.
    customer_limit: Option<i64>,
    /// How many orders use it; canceled ones do not.
    used: i64,
    /// Its place in the order of application.
    position: i64,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<Promotion> for PromotionDto {
    fn from(promotion: Promotion) -> Self {
        Self {
            id: promotion.id,
            name: promotion.name,
            needs_coupon: promotion.needs_coupon,
            status: status_dto(promotion.status),
            rule: RuleDto::of(promotion.rule, promotion.currency),
            starts_at: promotion.starts_at,
            ends_at: promotion.ends_at,
            total_limit: promotion.total_limit,
            customer_limit: promotion.customer_limit,
            used: promotion.used,
            position: promotion.position,
            version: promotion.version,
            created_at: promotion.created_at,
            updated_at: promotion.updated_at,
        }
    }
}

/// A code that lets a buyer use a promotion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Coupon)]
pub(crate) struct CouponDto {
    /// Which.
    #[schema(value_type = String, example = "cpn_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: CouponId,
    /// What buyers type; they need not mind capital letters.
    #[schema(example = "SUMMER26")]
    code: String,
    /// Whether it can be used.
    status: StatusDto,
    /// How many orders may use it.
    use_limit: Option<i64>,
    /// How many orders use it; canceled ones do not.
    used: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Coupon> for CouponDto {
    fn from(coupon: Coupon) -> Self {
        Self {
            id: coupon.id,
            code: coupon.code,
            status: status_dto(coupon.status),
            use_limit: coupon.use_limit,
            used: coupon.used,
            created_at: coupon.created_at,
        }
    }
}

/// A promotion that applies, and what it takes off.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppliedPromotion)]
pub(crate) struct AppliedPromotionDto {
    /// Which.
    #[schema(value_type = String)]
    promotion_id: PromotionId,
    /// By which code; null when it applies by itself.
    code: Option<String>,
    /// What it is called.
    name: String,
    /// What it takes off the goods.
    goods: MoneyDto,
    /// What it takes off the shipping.
    shipping: MoneyDto,
}

impl AppliedPromotionDto {
    pub(crate) fn all(applied: Vec<AppliedPromotion>, currency: Currency) -> Vec<Self> {
        let money = |minor| MoneyDto::from(Money::new(minor, currency));
        let dtos = applied.into_iter().map(|one| Self {
            promotion_id: one.promotion,
            code: one.code,
            name: one.name,
            goods: money(one.goods),
            shipping: money(one.shipping),
        });
        dtos.collect()
    }
}

/// Why a coupon does not apply.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[schema(as = CouponRefusal)]
pub(crate) enum RefusalDto {
    /// There is no such code any more.
    Unknown,
    /// The shop ended it.
    Archived,
    /// It begins later.
    NotStarted {
        /// When.
        #[schema(value_type = String, format = DateTime)]
        starts_at: Timestamp,
    },
    /// Its time is over.
    Ended,
    /// As many orders use it as may.
    UsedUp,
    /// As many orders of this customer use it as may.
    CustomerLimit,
    /// The goods it is for cost less than it asks for.
    MinimumSubtotal {
        /// What they must cost.
        minimum: MoneyDto,
    },
    /// There are fewer pieces of the goods it is for than it asks for.
    MinimumQuantity {
        /// How many there must be.
        minimum: i64,
    },
    /// It takes nothing off what is in the cart.
    NothingToDiscount,
    /// It does not go together with others, and others take off more.
    NotCombinable,
    /// Another code of the same promotion is in the cart.
    Repeated,
    /// Its amounts are in another currency than the cart.
    Currency {
        /// Which.
        #[schema(value_type = String, example = "EUR")]
        currency: Currency,
    },
}

impl From<Refusal> for RefusalDto {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::Unknown,
            Refusal::Archived => Self::Archived,
            Refusal::NotStarted { starts_at } => Self::NotStarted { starts_at },
            Refusal::Ended => Self::Ended,
            Refusal::UsedUp => Self::UsedUp,
            Refusal::CustomerLimit => Self::CustomerLimit,
            Refusal::MinimumSubtotal { minimum } => Self::MinimumSubtotal {
                minimum: minimum.into(),
            },
            Refusal::MinimumQuantity { minimum } => Self::MinimumQuantity { minimum },
            Refusal::NothingToDiscount => Self::NothingToDiscount,
            Refusal::NotCombinable => Self::NotCombinable,
            Refusal::Repeated => Self::Repeated,
            Refusal::Currency { currency } => Self::Currency { currency },
        }
    }
}
