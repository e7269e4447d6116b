//! Facets: how many products there are of what.

use std::collections::BTreeMap;

use catalog_model::search::facets::Count;
use catalog_service::Counted;
use kernel::{CategoryId, Currency};
use serde::Serialize;
use utoipa::ToSchema;

use super::money::MoneyDto;
use super::product::ProductSummaryDto;
use crate::extract::List;

/// A page of products.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProductList {
    #[serde(flatten)]
    pub(crate) list: List<ProductSummaryDto>,
    /// How many products match, on all pages; only with `facets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 42)]
    pub(crate) total: Option<u64>,
    /// What was counted; only with `facets`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) facets: Option<FacetsDto>,
}

/// How many products there are of what. Each facet counts with all filters
/// but its own, and tells the 100 values with the most products, and of
/// attributes the 100 names with the most.
#[derive(Serialize, ToSchema)]
#[schema(as = Facets)]
pub(crate) struct FacetsDto {
    /// Categories, each with all below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Vec<CategoryCountDto>>,
    /// Makers.
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<Vec<CountDto>>,
    /// New or used.
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Vec<CountDto>>,
    /// Kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<Vec<CountDto>>,
    /// Tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<Vec<CountDto>>,
    /// Sizes of variants.
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Vec<CountDto>>,
    /// Prices of variants.
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<PricesDto>,
    /// How many are in stock.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_stock: Option<u64>,
    /// Properties and options of variants, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute: Option<BTreeMap<String, Vec<CountDto>>>,
}

/// A value, as the filter takes it, and how many products have it.
#[derive(Serialize, ToSchema)]
#[schema(as = FacetCount)]
pub(crate) struct CountDto {
    #[schema(example = "Lux")]
    value: String,
    #[schema(example = 7)]
    count: u64,
}

/// A category and how many products are in it or below it.
#[derive(Serialize, ToSchema)]
#[schema(as = CategoryFacetCount)]
pub(crate) struct CategoryCountDto {
    /// Which.
    #[schema(value_type = String)]
    id: CategoryId,
    /// Its name in URLs.
    slug: String,
    /// What it is called.
    name: String,
    /// How many.
    count: u64,
}

/// Prices of variants; null where no product is left.
#[derive(Serialize, ToSchema)]
#[schema(as = PriceFacet)]
pub(crate) struct PricesDto {
    /// The lowest.
    min: Option<MoneyDto>,
    /// The highest.
    max: Option<MoneyDto>,
    /// Ranges in which there are products, from the lowest on.
    ranges: Vec<PriceRangeDto>,
}

/// A range of prices; both ends are in it, as with `price_from` and `price_to`.
#[derive(Serialize, ToSchema)]
#[schema(as = PriceRangeCount)]
pub(crate) struct PriceRangeDto {
    /// The lowest.
    from: MoneyDto,
    /// The highest.
    to: MoneyDto,
    /// How many products have a variant that costs so much.
    count: u64,
}

fn texts(counts: Vec<Count<String>>) -> Vec<CountDto> {
    counts
        .into_iter()
        .map(|Count { value, count }| CountDto { value, count })
        .collect()
}

fn money(currency: Currency) -> impl Fn(i64) -> MoneyDto {
    move |amount| MoneyDto { amount, currency }
}

impl From<Counted> for FacetsDto {
    fn from(counted: Counted) -> Self {
        let facets = counted.facets;
        let money = money(counted.currency);
        let names = counted.categories;
        let categories = facets.categories.map(|counts| {
            let named = |Count { value, count }: Count<CategoryId>| {
                let name = names.iter().find(|name| name.id == value)?;
                Some(CategoryCountDto {
                    id: value,
                    slug: name.slug.clone(),
                    name: name.name.clone(),
                    count,
                })
            };
            counts.into_iter().filter_map(named).collect()
        });
        let price = facets.prices.map(|prices| PricesDto {
            min: prices.min.map(&money),
            max: prices.max.map(&money),
            ranges: prices
                .ranges
                .into_iter()
                .map(|range| PriceRangeDto {
                    from: money(range.value.from),
                    to: money(range.value.to),
                    count: range.count,
                })
                .collect(),
        });
        Self {
            category: categories,
            brand: facets.brands.map(texts),
            condition: facets.conditions.map(texts),
            kind: facets.kinds.map(texts),
            tag: facets.tags.map(texts),
            size: facets.sizes.map(texts),
            price,
            in_stock: facets.in_stock,
            attribute: facets.attributes.map(|all| {
                all.into_iter()
                    .map(|(name, values)| (name, texts(values)))
                    .collect()
            }),
        }
    }
}
