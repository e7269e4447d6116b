//! Price lists and what is in them.

use catalog_model::price_list::{ListPrice, PriceList, PriceListStatus};
use kernel::{Currency, PriceListId, Timestamp, VariantId};
use serde::Serialize;
use utoipa::ToSchema;

use super::choices::StatusDto;
use super::money::MoneyDto;

pub(crate) fn status_of(dto: StatusDto) -> PriceListStatus {
    match dto {
        StatusDto::Active => PriceListStatus::Active,
        StatusDto::Archived => PriceListStatus::Archived,
    }
}

/// A price list.
#[derive(Serialize, ToSchema)]
#[schema(as = PriceList)]
pub(crate) struct PriceListDto {
    /// Which.
    #[schema(value_type = String, example = "prl_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: PriceListId,
    /// What you call it.
    name: String,
    /// The currency of its prices.
    #[schema(value_type = String, example = "USD")]
    currency: Currency,
    /// Of several lists in force, the one with the highest counts.
    priority: i64,
    /// Whether it counts.
    status: StatusDto,
    /// From when on; always when null.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// Until before when; for ever when null.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    /// Grows with every change, prices apart; also the `ETag`.
    version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<PriceList> for PriceListDto {
    fn from(list: PriceList) -> Self {
        Self {
            id: list.id,
            name: list.name,
            currency: list.currency,
            priority: list.priority,
            status: match list.status {
                PriceListStatus::Active => StatusDto::Active,
                PriceListStatus::Archived => StatusDto::Archived,
            },
            starts_at: list.starts_at,
            ends_at: list.ends_at,
            version: list.version,
            created_at: list.created_at,
            updated_at: list.updated_at,
        }
    }
}

/// What a variant costs in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = ListPrice)]
pub(crate) struct ListPriceDto {
    /// Which variant.
    #[schema(value_type = String)]
    variant_id: VariantId,
    /// Its stock keeping unit.
    sku: String,
    /// What one costs.
    price: MoneyDto,
    /// What one cost before, where that is to be shown.
    compare_at_price: Option<MoneyDto>,
    /// When it was last set.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<ListPrice> for ListPriceDto {
    fn from(price: ListPrice) -> Self {
        Self {
            variant_id: price.variant,
            sku: price.sku,
            price: price.price.into(),
            compare_at_price: price.compare_at.map(Into::into),
            updated_at: price.updated_at,
        }
    }
}
