//! What shipping costs, and the parts of the world it goes to.

use kernel::{Currency, ShippingZoneId};
use orders_model::shipping::{Area, GivenRates, Rates, ShippingZone, Step};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::money::MoneyDto;

/// A step of a table of rates.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ShippingStep)]
pub(crate) struct StepDto {
    /// For goods of up to and including so many grams; any weight when absent.
    #[schema(minimum = 1, example = 1000)]
    up_to_grams: Option<i64>,
    /// For goods that cost less than this after discounts; any price when
    /// absent.
    below: Option<MoneyDto>,
    /// What shipping costs.
    amount: MoneyDto,
}

/// What shipping costs, in the currency of the shop.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = ShippingRates)]
pub(crate) enum RatesDto {
    /// Always the same.
    Flat {
        /// What shipping costs.
        amount: MoneyDto,
    },
    /// By what the goods weigh and cost: the first step that both fit. Goods
    /// that fit none are not shipped that way.
    Table {
        /// The steps.
        #[schema(min_items = 1, max_items = 50)]
        steps: Vec<StepDto>,
    },
}

impl From<RatesDto> for GivenRates {
    fn from(dto: RatesDto) -> Self {
        let mut currencies = Vec::new();
        let mut minor = |money: MoneyDto| {
            currencies.push(money.currency);
            money.amount
        };
        let rates = match dto {
            RatesDto::Flat { amount } => Rates::Flat {
                amount: minor(amount),
            },
            RatesDto::Table { steps } => Rates::Table {
                steps: steps
                    .into_iter()
                    .map(|step| Step {
                        up_to_grams: step.up_to_grams,
                        below: step.below.map(&mut minor),
                        amount: minor(step.amount),
                    })
                    .collect(),
            },
        };
        Self::new(rates, currencies)
    }
}

impl RatesDto {
    pub(crate) fn of(rates: Rates, currency: Currency) -> Self {
        let money = |amount| MoneyDto { amount, currency };
        match rates {
            Rates::Flat { amount } => Self::Flat {
                amount: money(amount),
            },
            Rates::Table { steps } => Self::Table {
                steps: steps
                    .into_iter()
                    .map(|step| StepDto {
                        up_to_grams: step.up_to_grams,
                        below: step.below.map(money),
                        amount: money(step.amount),
                    })
                    .collect(),
            },
        }
    }
}

/// A part of a country, or all of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = ShippingArea)]
pub(crate) struct AreaDto {
    /// The country, as ISO 3166-1 alpha-2 code.
    #[schema(pattern = "^[A-Z]{2}$", example = "DE")]
    country: String,
    /// States, provinces or counties as addresses name them, capital letters
    /// aside; all when empty.
    #[serde(default)]
    #[validate(length(max = 500))]
    #[schema(max_items = 500, example = json!(["Bavaria", "BY"]))]
    regions: Vec<String>,
    /// Postal codes; all when empty. `10115` is one, `10*` are those that
    /// begin so, `10115..10999` are those from the first to the last.
    #[serde(default)]
    #[validate(length(max = 500))]
    #[schema(max_items = 500, example = json!(["10*", "20095..22769"]))]
    postal_codes: Vec<String>,
    /// Postal codes that are left out of these.
    #[serde(default)]
    #[validate(length(max = 500))]
    #[schema(max_items = 500, example = json!(["27498"]))]
    except_postal_codes: Vec<String>,
}

impl From<AreaDto> for Area {
    fn from(dto: AreaDto) -> Self {
        Self {
            country: dto.country,
            regions: dto.regions,
            postal_codes: dto.postal_codes,
            except_postal_codes: dto.except_postal_codes,
        }
    }
}

impl From<Area> for AreaDto {
    fn from(area: Area) -> Self {
        Self {
            country: area.country,
            regions: area.regions,
            postal_codes: area.postal_codes,
            except_postal_codes: area.except_postal_codes,
        }
    }
}

/// A part of the world that is shipped to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShippingZone)]
pub(crate) struct ShippingZoneDto {
    /// Which.
    #[schema(value_type = String, example = "szn_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: ShippingZoneId,
    /// What it is called.
    #[schema(example = "Germany without islands")]
    name: String,
    /// What belongs to it.
    areas: Vec<AreaDto>,
    /// Grows with every change; also the `ETag`.
    version: i64,
}

impl From<ShippingZone> for ShippingZoneDto {
    fn from(zone: ShippingZone) -> Self {
        Self {
            id: zone.id,
            name: zone.name,
            areas: zone.areas.into_iter().map(Into::into).collect(),
            version: zone.version,
        }
    }
}
